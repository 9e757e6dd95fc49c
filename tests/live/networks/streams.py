"""Streams, windows, waiting, and losses that are seen while the network runs. Usage: streams.py ADDRESS|emulated

Prints what was seen as one line of JSON; tests/live/test_end_to_end.py says what it must be. Losses
are only made on an emulated board.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import Any

import pyNN.spiNNaker as sim
import trio
import trio.testing

import spinnlive
from spinnlive.boards.emulated import EmulatedBoard

seen: dict[str, Any] = {}

sim.setup(timestep=1.0)
ticks = list(range(0, 1000, 2))
even = sim.Population(3, sim.SpikeSourceArray(spike_times=ticks), label="even")
odd = sim.Population(2, sim.SpikeSourceArray(spike_times=[t + 1 for t in ticks]), label="odd")
silent = sim.Population(4, sim.IF_curr_exp(), label="silent")
for population in (even, odd, silent):
    sim.external_devices.activate_live_output_for(population)
even.record("spikes")


async def watched(live: spinnlive.LiveRun) -> None:
    """Run without losses, and read in every way."""
    merged: list[tuple[str, int]] = []
    counts: list[tuple[int, list[int]]] = []
    async with trio.open_nursery() as nursery:

        async def merge(stream: Any) -> None:
            async for batch in stream:
                merged.append((batch.label, batch.tick))

        async def count(stream: Any) -> None:
            async for window in stream:
                counts.append((window.tick, window.counts.tolist()))

        async def wait(name: str, population: Any, **what: Any) -> None:
            found = await live.wait_for(population, **what)
            seen[name] = None if found is None else found.tick

        nursery.start_soon(merge, live.spikes(odd, even))
        nursery.start_soon(count, live.window(silent, 25.0))
        nursery.start_soon(count, live.window(even, 25.0))
        nursery.start_soon(partial(wait, "tenth spike of odd", odd, spikes=10))
        nursery.start_soon(partial(wait, "silence", silent, within_ms=20.0))
        nursery.start_soon(partial(wait, "neuron 1", even, neurons=[1]))
        await live.run(100.0)
        await trio.testing.wait_all_tasks_blocked(0.01)
        seen["merged"] = merged == [("odd" if tick % 2 else "even", tick) for tick in range(100)]
        seen["windows"] = sorted(counts)
        seen["watermark"] = live.watermark
        nursery.cancel_scope.cancel()


async def lossy(live: spinnlive.LiveRun, board: EmulatedBoard) -> None:
    """Lose a tenth of what the board sends; see it while the network runs, and afterwards."""
    async with trio.open_nursery() as nursery:

        async def look() -> None:
            while live.statistics().missed_ticks == 0 or live.statistics().network_drops == 0:
                await live.clock.wait_until(live.clock.tick + 1)
            seen["seen while it runs"] = live.clock.running

        nursery.start_soon(look)
        await board.fault("lose out 10")
        await live.run(400.0)
        await board.fault("clear")
    await live.run(10.0)
    statistics = live.statistics()
    report = await live.report()
    seen["statistics"] = [statistics.missed_ticks, statistics.network_drops]
    seen["complete"] = report.complete
    seen["report"] = {
        each.label: [each.delivered, each.recorded, each.lost, each.extra]
        for each in report.populations
    }
    [gatherer] = report.gatherers
    seen["gatherer"] = [
        gatherer.packets_sent - gatherer.packets_received,
        gatherer.lost_in_network,
        gatherer.lost_in_gatherer,
        gatherer.lost_before_monitor,
        gatherer.lost_in_kernel,
    ]
    seen["table"] = str(report)


async def main() -> None:
    """Use a board of our own, so that it can be told to lose datagrams."""
    if sys.argv[1] != "emulated":
        async with spinnlive.open_live(sim, board=sys.argv[1], progress=False) as live:
            await watched(live)
        return
    async with EmulatedBoard() as board:
        async with spinnlive.open_live(sim, board=board, progress=False) as live:
            await watched(live)
            await lossy(live, board)
        sim.end()


trio.run(main)
print(json.dumps(seen))
