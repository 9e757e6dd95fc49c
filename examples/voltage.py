"""Membrane voltage while the network runs, as a strip chart of one neuron."""

import spinnlive

import pyNN.spiNNaker as sim
import trio

sim.setup(timestep=1.0)
noise = sim.Population(20, sim.SpikeSourcePoisson(rate=60.0), label="noise")
cell = sim.Population(1, sim.IF_curr_exp(), label="cell")
kick = sim.StaticSynapse(weight=1.0, delay=1.0)
sim.Projection(noise, cell, sim.AllToAllConnector(), synapse_type=kick)
cell.record("v")


async def main() -> None:
    """Print every tenth millisecond of one second."""
    async with spinnlive.open_live(sim) as live, trio.open_nursery() as nursery:

        async def watch() -> None:
            async for block in live.recorded(cell, "v", every=50.0):
                for time_ms, v in list(zip(block.times_ms, block.values[:, 0], strict=True))[::10]:
                    print(f"{time_ms:6.0f} ms {v:7.2f} mV  {'=' * round(2 * (v + 70))}")

        nursery.start_soon(watch)
        await live.run(1000.0)
        nursery.cancel_scope.cancel()


trio.run(main)
sim.end()
