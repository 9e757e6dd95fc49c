"""MuJoCo's inverted pendulum balanced by a small network, in lockstep: the same every time."""

import spinnlive
from spinnlive.coding import Even, PopulationCode, Ranges
from spinnlive.gym import closed_loop

import gymnasium
import numpy as np
import pyNN.spiNNaker as sim
import trio

NEURONS = 20  # in each motor population
NEWTON_PER_SPIKE = 0.05

# position (m), angle (rad), and their velocities: each seen by eight neurons with preferred values
code = PopulationCode(Ranges.around_zero((1.0, 0.2, 1.5, 2.0)), neurons=8)
spikes = Even(code.size, seed=1)
# the sum of what the neurons say (below 0: left) is linear in the four
push = np.repeat([0.25, 0.4, 0.52, 1.0], code.neurons) * code.preferred()

sim.setup(timestep=1.0)
senses = sim.Population(code.size, sim.external_devices.SpikeInjector(), label="senses")
cell = sim.IF_curr_exp(tau_m=10.0, cm=0.25, i_offset=np.linspace(0.35, 0.55, NEURONS).tolist())
motors = [sim.Population(NEURONS, cell, label=side) for side in ("left", "right")]
for motor, towards in zip(motors, (-push, push), strict=True):
    for receptor, drive in (("excitatory", towards), ("inhibitory", -towards)):
        weights = np.repeat(0.2 * np.maximum(drive, 0.0), NEURONS).reshape(-1, NEURONS)
        rows = [(i, j, weights[i, j], 1.0) for i, j in np.argwhere(weights).tolist()]
        sim.Projection(senses, motor, sim.FromListConnector(rows), receptor_type=receptor)
    sim.external_devices.activate_live_output_for(motor)


def force(counts):
    """Turn the motors' spikes of 40 ms into the force on the cart (N)."""
    balance = counts["right"].sum() - counts["left"].sum()
    return np.clip([NEWTON_PER_SPIKE * balance], -3.0, 3.0)


async def main() -> None:
    """Balance for one episode, and say how long the pendulum stood."""
    async with (
        spinnlive.open_live(sim) as live,
        closed_loop(
            live,
            gymnasium.make("InvertedPendulum-v5"),
            sensors={senses: lambda seen, ms: spikes.advance(code.rates_hz(seen), ms)},
            motors=motors,
            act=force,
            period_ms=40.0,
            slice_ms=8.0,
        ) as loop,
    ):
        await loop.reset(seed=1)
        widest = 0.0
        while not (done := await loop.step()).over:
            widest = max(widest, abs(done.observation[1]))
        how = "fell" if done.terminated else "stood to the end"
        print(f"{loop.steps * 0.04:.1f} s; it {how}, at most {widest:.3f} rad from upright")


trio.run(main)
sim.end()
