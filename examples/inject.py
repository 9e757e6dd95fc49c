"""Send spikes now, in a given tick, and as spike trains from arrays."""

import spinnlive

import numpy as np
import pyNN.spiNNaker as sim
import trio

sim.setup(timestep=1.0)
touch = sim.Population(5, sim.external_devices.SpikeInjector(), label="touch")
touch.record("spikes")
cells = sim.Population(5, sim.IF_curr_exp(), label="cells")
sim.Projection(touch, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=1.0, delay=1.0))


async def main() -> None:
    """Ten lines in the middle are the whole idea."""
    async with spinnlive.open_live(sim) as live, trio.open_nursery() as nursery:

        async def drive() -> None:
            injector = live.injector(touch)
            await injector.send([0, 4], at=200)  # kept on the host until tick 200
            await injector.send([1])  # now
            times, neurons = np.arange(0.0, 100.0, 10.0), np.arange(10) % 5  # ms, ids
            print(await injector.play(times, neurons, start=300))
            print(injector.statistics())

        nursery.start_soon(drive)
        await live.run(500.0)
    for neuron, train in enumerate(touch.get_data("spikes").segments[0].spiketrains):
        print(neuron, train.magnitude)


trio.run(main)
sim.end()
