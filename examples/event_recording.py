"""Play an event camera's recording to a network: python event_recording.py EVENTS.csv WIDTH HEIGHT.

A line for each event, as AEStream writes and reads them: x,y,polarity,microseconds.
"""

import sys

import numpy as np
import pyNN.spiNNaker as sim
import trio

import spinnlive

WIDTH, HEIGHT = int(sys.argv[2]), int(sys.argv[3])
COLUMNS = 8  # parts of the picture, each seen by one neuron

x, y, _, time_us = np.loadtxt(sys.argv[1], dtype=np.int64, delimiter=",", ndmin=2).T
times_ms = (time_us - time_us.min()) / 1000.0

sim.setup(timestep=1.0)
retina = sim.Population(WIDTH * HEIGHT, sim.external_devices.SpikeInjector(), label="retina")
columns = sim.Population(COLUMNS, sim.IF_curr_exp(), label="columns")
rows = [(i, i % WIDTH * COLUMNS // WIDTH, 3.0, 1.0) for i in range(WIDTH * HEIGHT)]
sim.Projection(retina, columns, sim.FromListConnector(rows))
sim.external_devices.activate_live_output_for(columns)


async def main() -> None:
    """Play it at its own pace, and draw where something moves, each 50 ms."""
    length_ms = 50.0 * np.ceil(times_ms.max() / 50.0 + 1.0)
    async with spinnlive.open_live(sim) as live, trio.open_nursery() as nursery:

        async def watch() -> None:
            async for window in live.window(columns, 50.0):
                seen = "".join(" .oO"[min(count, 3)] for count in window.counts)
                print(f"{window.time_ms:6.0f} ms  |{seen}|")

        nursery.start_soon(watch)
        nursery.start_soon(live.injector(retina).play, times_ms, y * WIDTH + x)
        await live.run(length_ms)
        nursery.cancel_scope.cancel()


trio.run(main)
sim.end()
