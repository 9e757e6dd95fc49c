"""Send spikes into a network that runs, and see what it answers, tick by tick."""

import spinnlive

import pyNN.spiNNaker as sim
import trio

sim.setup(timestep=1.0)
touch = sim.Population(5, sim.external_devices.SpikeInjector(), label="touch")
reflex = sim.Population(5, sim.IF_curr_exp(tau_syn_E=0.3), label="reflex")
one_spike = sim.StaticSynapse(weight=80.0, delay=1.0)
sim.Projection(touch, reflex, sim.OneToOneConnector(), synapse_type=one_spike)
sim.external_devices.activate_live_output_for(reflex)


async def main() -> None:
    """Touch a neuron every 100 ms while the network runs for one second."""
    async with spinnlive.open_live(sim) as live, trio.open_nursery() as nursery:

        async def watch() -> None:
            async for batch in live.spikes(reflex):
                print(f"{batch.time_ms:6.0f} ms  neurons {batch.neuron_ids.tolist()}")

        async def feel() -> None:
            for neuron in range(5):
                await live.injector(touch).send([neuron])
                await live.clock.wait_until(live.clock.tick + 100)

        nursery.start_soon(watch)
        nursery.start_soon(feel)
        await live.run(1000.0)
        nursery.cancel_scope.cancel()


trio.run(main)
sim.end()
