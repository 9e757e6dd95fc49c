"""Rate-coded input: Poisson sources whose rates follow a sensor while the network runs."""

import math

import spinnlive

import pyNN.spiNNaker as sim
import trio

sim.setup(timestep=1.0)
# max_rate: what the network is prepared for, in Hz
noise = sim.Population(
    20, sim.SpikeSourcePoisson(rate=0.0), label="noise", additional_parameters={"max_rate": 200.0}
)
sim.external_devices.add_poisson_live_rate_control(noise)
sim.external_devices.activate_live_output_for(noise)


async def main() -> None:
    """A sine of 1 Hz drives all sources; what they fire comes back."""
    async with spinnlive.open_live(sim) as live, trio.open_nursery() as nursery:

        async def sense() -> None:
            async for tick in live.ticks(every=200.0):  # ms of biological time; see docs/pacing.md
                await live.rates(noise).set(60 + 40 * math.sin(2 * math.pi * tick.time_ms / 1000))

        async def watch() -> None:
            async for batch in live.spikes(noise):
                print(f"{batch.time_ms:6.0f} ms  {'*' * len(batch.neuron_ids)}")

        nursery.start_soon(sense)
        nursery.start_soon(watch)
        await live.run(2000.0)
        nursery.cancel_scope.cancel()


trio.run(main)
sim.end()
