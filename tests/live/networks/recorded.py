"""What populations record, read while they do. Usage: recorded.py ADDRESS|emulated

Also: what sPyNNaker lets change between runs of a network that stays loaded. Prints what was seen as
one line of JSON; tests/live/test_recorded.py says what it must be.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import pyNN.spiNNaker as sim
import trio

import spinnlive

BOARD = None if sys.argv[1] == "emulated" else sys.argv[1]

seen: dict[str, Any] = {"equal get_data()": {}, "blocks": {}}
blocks: dict[str, list[spinnlive.RecordedBlock]] = {}

sim.setup(timestep=1.0)
noise = sim.Population(
    30, sim.SpikeSourcePoisson(rate=30.0), additional_parameters={"seed": 3}, label="noise"
)
cells = sim.Population(30, sim.IF_curr_exp(i_offset=0.5), label="cells", neurons_per_core=8)
gated = sim.Population(10, sim.IF_cond_exp(), label="gated", n_synapse_cores=1)
one = sim.OneToOneConnector()
sim.Projection(noise, cells, one, synapse_type=sim.StaticSynapse(weight=0.8, delay=1.0))
sim.Projection(
    noise, gated, sim.FixedProbabilityConnector(0.3), synapse_type=sim.StaticSynapse(weight=0.02)
)
cells.record(["v", "spikes"])
cells[5:15].record("gsyn_exc", sampling_interval=3.0)
gated.record("v", sampling_interval=7.0)
STREAMS = {"v": (cells, "v"), "every 3 ms": (cells, "gsyn_exc"), "split cores": (gated, "v")}


class Watch:
    """Reads one recording."""

    def __init__(self, live: spinnlive.LiveRun, name: str) -> None:
        population, variable = STREAMS[name]
        self.interval = population._vertex.get_sampling_interval_ms(variable)
        self.blocks = blocks.setdefault(name, [])
        self.stream = live.recorded(population, variable, every=20.0)

    async def read(self, until: int) -> None:
        """Read until all samples before this tick are there."""
        while not self.blocks or self.blocks[-1].ticks[-1] + self.interval < until:
            self.blocks.append(await anext(self.stream))


async def main() -> None:
    """Run three times, once in steps, and change parameters in between."""
    async with spinnlive.open_live(sim, board=BOARD, progress=False) as live:
        try:
            live.recorded(gated, "gsyn_exc", every=1.0)
        except spinnlive.UsageError as error:
            seen["not recorded"] = str(error)
        watches = [Watch(live, name) for name in STREAMS]

        async def run(call: Any, until: int) -> None:
            """Read while the network runs."""
            async with trio.open_nursery() as nursery:
                for watch in watches:
                    nursery.start_soon(watch.read, until)
                await call()

        async def steps() -> None:
            for _ in range(10):
                await live.step(5.0)
            await live.leave_steps()

        await run(lambda: live.run(150.0), 150)
        seen["blocks"] = {name: len(found) for name, found in blocks.items()}
        cells.set(i_offset=2.0)
        seen["parameter read back"] = sorted(set(map(float, cells.get("i_offset"))))
        await run(lambda: live.run(100.0), 250)
        noise.set(rate=0.0)
        cells.initialize(v=-60.0)
        await run(steps, 301)
        seen["at the end"] = live.clock.tick


trio.run(main)
for name, (population, variable) in STREAMS.items():
    segment = population.get_data(variable).segments[0]
    (signal,) = segment.filter(name=variable)
    ours = np.concatenate([block.values for block in blocks[name]])
    ids = np.array(signal.annotations["channel_names"], int)
    seen["equal get_data()"][name] = bool(
        np.array_equal(ids, blocks[name][0].neuron_ids)
        and np.array_equal(signal.magnitude, ours)
        and np.allclose(
            signal.times.rescale("ms").magnitude,
            np.concatenate([block.times_ms for block in blocks[name]]),
        )
    )
trains = cells.get_data("spikes").segments[0].spiketrains
times = np.sort(np.concatenate([np.asarray(train, float) for train in trains]))
seen["spikes"] = [int(((times >= begin) & (times < begin + 50)).sum()) for begin in (100, 200, 252)]
seen["units"] = sorted({found[0].unit for found in blocks.values()})
sim.end()
print(json.dumps(seen))
