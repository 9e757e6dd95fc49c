"""The firing rate of a population, ten times a second of biological time."""

import spinnlive

import pyNN.spiNNaker as sim
import trio

sim.setup(timestep=1.0)
source = sim.Population(100, sim.SpikeSourcePoisson(rate=30.0), label="source")
sim.external_devices.activate_live_output_for(source)


async def main() -> None:
    """Run for two seconds of biological time and draw the mean rate of each 100 ms."""
    async with spinnlive.open_live(sim) as live, trio.open_nursery() as nursery:

        async def watch() -> None:
            async for window in live.window(source, 100.0):
                rate = window.rates_hz.mean()
                print(f"{window.time_ms:6.0f} ms  {rate:5.1f} Hz  {'=' * round(rate)}")

        nursery.start_soon(watch)
        await live.run(2000.0)
        nursery.cancel_scope.cancel()


trio.run(main)
sim.end()
