"""Record a live run, then have it again as fast as it is read, without a board."""

import sys

import spinnlive

import pyNN.spiNNaker as sim
import trio

FILE = sys.argv[1] if len(sys.argv) > 1 else "run.mcap"

sim.setup(timestep=1.0)
noise = sim.Population(20, sim.SpikeSourcePoisson(rate=10.0), label="noise")
sim.external_devices.activate_live_output_for(noise)


async def main() -> None:
    """Run for a second; count the spikes of the recording."""
    async with spinnlive.open_live(sim, record=FILE) as live:
        await live.run(1000.0)
    sim.end()

    async with spinnlive.open_recording(FILE, speed=0) as live, trio.open_nursery() as nursery:
        nursery.start_soon(live.run)
        total = 0
        async for batch in live.spikes("noise"):
            total += len(batch.neuron_ids)
        print(f"{total} spikes in {live.clock.time_ms:.0f} ms")


trio.run(main)
