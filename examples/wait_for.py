"""Wait until a population answers, and give up after a while of biological time."""

import spinnlive

import pyNN.spiNNaker as sim
import trio

sim.setup(timestep=1.0)
touch = sim.Population(3, sim.external_devices.SpikeInjector(), label="touch")
reflex = sim.Population(3, sim.IF_curr_exp(tau_syn_E=0.3), label="reflex")
one_spike = sim.StaticSynapse(weight=80.0, delay=1.0)
sim.Projection(touch, reflex, sim.OneToOneConnector(), synapse_type=one_spike)
sim.external_devices.activate_live_output_for(reflex)


async def main() -> None:
    """Touch neuron 1, wait for its answer; then wait in vain."""
    async with spinnlive.open_live(sim) as live, trio.open_nursery() as nursery:
        nursery.start_soon(live.run)
        await live.injector(touch).send([1])
        answer = await live.wait_for(reflex, neurons=[1], within_ms=1000.0)
        print("no answer" if answer is None else f"answered at {answer.time_ms:.0f} ms")
        answer = await live.wait_for(reflex, spikes=10, within_ms=100.0)
        print("no answer" if answer is None else f"10 spikes by {answer.time_ms:.0f} ms")
        nursery.cancel_scope.cancel()


trio.run(main)
sim.end()
