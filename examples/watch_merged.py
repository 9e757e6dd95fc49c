"""Watch two populations in one stream, tick by tick, and learn what was lost on the way."""

import spinnlive

import pyNN.spiNNaker as sim
import trio

sim.setup(timestep=1.0)
left = sim.Population(50, sim.SpikeSourcePoisson(rate=10.0), label="left")
right = sim.Population(50, sim.SpikeSourcePoisson(rate=20.0), label="right")
for population in (left, right):
    sim.external_devices.activate_live_output_for(population)
    population.record("spikes")


async def main() -> None:
    """Print every tick of a quarter of a second that has a spike; then the report."""
    async with spinnlive.open_live(sim) as live, trio.open_nursery() as nursery:

        async def watch() -> None:
            async for batch in live.spikes(left, right):
                print(f"{batch.time_ms:5.0f} ms  {batch.label:<5} {batch.neuron_ids.tolist()}")

        nursery.start_soon(watch)
        await live.run(250.0)
        print(await live.report())
        nursery.cancel_scope.cancel()


trio.run(main)
sim.end()
