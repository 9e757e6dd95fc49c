"""An event camera's recording seen by a network: python event_recording.py [RECORDING [WIDTH HEIGHT]].

RECORDING: what AEStream reads (.aedat4 of iniVation's cameras, .dat and .raw of Prophesee's), or a
.csv with a line x,y,polarity,microseconds for each event; 346 by 260 pixels unless told otherwise.
Without one a bar moves to and fro before a model of such a camera. What was seen and what the
network made of it is drawn into event_recording.png.
"""

import sys

import spinnlive

import matplotlib.pyplot as plt
import numpy as np
import pyNN.spiNNaker as sim
import trio

COLUMNS, ROWS = 16, 12  # parts of the picture: a board takes far fewer spikes than a camera sends,
REST_MS = 10.0  # so each part is a neuron of the retina, and fires at most once in this time


def moving_bar(width=128, height=96, length_ms=1500, threshold=0.3, noise_hz=0.5):
    """Give x, y, polarity and time (µs) of the events of a bright bar that moves to and fro.

    The pixels are those of a dynamic vision sensor (Lichtsteiner, Posch and Delbruck 2008): each
    remembers the logarithm of the light at its last event, and makes one, on or off, as soon as it
    differs by the threshold. Some fire by chance.
    """
    chance = np.random.default_rng(1)
    remembered, events = None, []
    for ms in range(length_ms):
        place = width * (0.5 + 0.4 * np.sin(2 * np.pi * ms / 1000.0))
        light = np.full((height, width), 0.2)
        light[height // 6 : -height // 6] += np.exp(-(((np.arange(width) - place) / 4.0) ** 2))
        remembered = np.log(light) if remembered is None else remembered
        steps = np.trunc((np.log(light) - remembered) / threshold)
        remembered += steps * threshold
        by_chance = chance.random(light.shape) < noise_hz / 1000.0
        y, x = np.nonzero((steps != 0) | by_chance)
        times_us = 1000 * ms + np.sort(chance.integers(0, 1000, len(x)))
        on = (steps[y, x] > 0) | (by_chance[y, x] & (chance.random(len(x)) < 0.5))
        events.append(np.column_stack([x, y, on, times_us]))
    return (*np.concatenate(events).T, width, height)


def recording(file, width=346, height=260):
    """Give the same of a recording."""
    if file.endswith(".csv"):
        return (*np.loadtxt(file, np.int64, delimiter=",", ndmin=2).T, int(width), int(height))
    from aestream import FileInput  # pip install 'spinnlive[cameras]'

    events = FileInput(file, (int(width), int(height))).load()
    columns = (events[each].astype(np.int64) for each in ("x", "y", "polarity", "timestamp"))
    return (*columns, int(width), int(height))


x, y, polarity, time_us, width, height = recording(*sys.argv[1:]) if sys.argv[1:] else moving_bar()
times_ms = (time_us - time_us.min()) / 1000.0
parts = y * ROWS // height * COLUMNS + x * COLUMNS // width
rests = (times_ms // REST_MS).astype(np.int64) * COLUMNS * ROWS + parts
_, first = np.unique(rests, return_index=True)
first.sort()

sim.setup(timestep=1.0)
retina = sim.Population(COLUMNS * ROWS, sim.external_devices.SpikeInjector(), label="retina")
columns = sim.Population(COLUMNS, sim.IF_curr_exp(), label="columns")
rows = [(i, i % COLUMNS, 0.8, 1.0) for i in range(COLUMNS * ROWS)]
sim.Projection(retina, columns, sim.FromListConnector(rows))
others = [(i, j, 1.5, 1.0) for i in range(COLUMNS) for j in range(COLUMNS) if abs(i - j) > 1]
sim.Projection(columns, columns, sim.FromListConnector(others), receptor_type="inhibitory")
sim.external_devices.activate_live_output_for(columns)
seen = []


async def main() -> None:
    """Play it at its own pace, and take what the columns say."""
    async with spinnlive.open_live(sim) as live, trio.open_nursery() as nursery:

        async def watch() -> None:
            async for batch in live.spikes(columns):
                seen.extend((batch.time_ms, neuron) for neuron in batch.neuron_ids)

        nursery.start_soon(watch)
        nursery.start_soon(live.injector(retina).play, times_ms[first], parts[first])
        await live.run(np.ceil(times_ms.max()) + 50.0)
        nursery.cancel_scope.cancel()


trio.run(main)
sim.end()
print(f"{len(x)} events, {len(first)} spikes of the retina, {len(seen)} of the columns")
figure, (above, below) = plt.subplots(2, sharex=True, figsize=(9, 6), layout="constrained")
shown = slice(None, None, max(1, len(x) // 20_000))
above.scatter(times_ms[shown], x[shown], s=0.5, c=np.where(polarity[shown] > 0, "C1", "C0"))
above.set(ylabel="x (pixels)", ylim=(0, width), title="events: on orange, off blue")
below.scatter(*np.reshape(seen, (-1, 2)).T, s=6, marker="|", color="black")
below.set(xlabel="time (ms)", ylabel="column", ylim=(-0.5, COLUMNS - 0.5), title="live spikes")
figure.savefig("event_recording.png", dpi=120)
