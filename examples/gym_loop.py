"""CartPole in lockstep with a network: where the pole leans, neurons fire, and the cart follows."""

import spinnlive
from spinnlive.coding import Even, PopulationCode, Ranges
from spinnlive.gym import closed_loop

import gymnasium
import numpy as np
import pyNN.spiNNaker as sim
import trio

code = PopulationCode(Ranges.around_zero((0.5, 0.8, 0.06, 0.9)), neurons=8)
spikes = Even(code.size, seed=1)
# what each sensor neuron says: below 0 to the left, above 0 to the right
push = np.repeat([0.125, 0.25, 0.625, 1.0], code.neurons) * code.preferred()

sim.setup(timestep=1.0)
senses = sim.Population(code.size, sim.external_devices.SpikeInjector(), label="senses")
cell = sim.IF_curr_exp(tau_m=10.0, cm=0.25, i_offset=np.linspace(0.32, 0.38, 12).tolist())
motors = [sim.Population(12, cell, label=side) for side in ("left", "right")]
for motor, towards in zip(motors, (-push, push), strict=True):
    for receptor, drive in (("excitatory", towards), ("inhibitory", -towards)):
        rows = [(i, j, 0.2 * drive[i], 1.0) for i in np.flatnonzero(drive > 0) for j in range(12)]
        sim.Projection(senses, motor, sim.FromListConnector(rows), receptor_type=receptor)
    sim.external_devices.activate_live_output_for(motor)


async def main() -> None:
    """Balance for one episode, and say how long the pole stood."""
    async with (
        spinnlive.open_live(sim) as live,
        closed_loop(
            live,
            gymnasium.make("CartPole-v1"),
            sensors={senses: lambda seen, ms: spikes.advance(code.rates_hz(seen), ms)},
            motors=motors,
            act=lambda counts: int(counts["right"].sum() > counts["left"].sum()),
            period_ms=20.0,
            slice_ms=4.0,
        ) as loop,
    ):
        await loop.reset(seed=1)
        while not (done := await loop.step()).over:
            pass
        print(f"{loop.steps} steps of 20 ms; the pole {'fell' if done.terminated else 'stood'}")


trio.run(main)
sim.end()
