"""When the gatherer sends a spike: in its tick if the heartbeat fills the datagram. Usage: prompt.py ADDRESS|emulated

Prints what was seen as one line of JSON; tests/live/test_end_to_end.py says what it must be. It is about
which datagram a spike is in, not about when that is here: a busy host changes nothing.
"""

from __future__ import annotations

import json
import sys
from contextlib import AsyncExitStack
from typing import Any

import pyNN.spiNNaker as sim
import trio
import trio.testing

import spinnlive
from spinnlive import wire
from spinnlive.boards.emulated import EmulatedBoard
from spinnlive.live.client import Connection
from spinnlive.live.handed import Handed

TICKS = 200

seen: dict[str, Any] = {}
many, one = Connection._deliver, Connection._deliver_one
packets: list[list[int]] = []
"""The keys of each packet."""


def took_many(self: Connection, number: int, events: wire.BulkEvents, received: float) -> None:
    begin = 0
    for count in events.counts.tolist():
        packets.append(events.keys[begin : begin + count].tolist())
        begin += count
    many(self, number, events, received)


def took_one(
    self: Connection, number: int, tick: int, keys: tuple[int, ...], received: float
) -> Handed:
    packets.append(list(keys))
    return one(self, number, tick, keys, received)


Connection._deliver, Connection._deliver_one = took_many, took_one  # type: ignore[method-assign]


async def watched(board: Any, prompt: bool | None) -> dict[str, Any]:
    """Let two neurons fire in every tick, of 0.5 ms unless it is to be a whole one."""
    packets.clear()
    sim.setup(timestep=1.0 if prompt is None else 0.5)
    sim.set_number_of_neurons_per_core(sim.IF_curr_exp, 20)  # which is not for the heartbeat
    cells = sim.Population(2, sim.IF_curr_exp(i_offset=1000.0, tau_refrac=0.0), label="cells")
    cells.record("spikes")
    sim.external_devices.activate_live_output_for(cells)
    async with spinnlive.open_live(sim, board=board, progress=False, prompt=prompt) as live:
        taken = live.spikes(cells)
        await live.run(TICKS * live.clock.timestep_ms)
        await trio.testing.wait_all_tasks_blocked(0.01)
        batches = taken.take()
        report = (await live.report()).populations[0]
        statistics = live.statistics()
        keys = set(live._parts.connection.network.keys.of("cells").tolist())  # type: ignore[attr-defined]
    sim.end()
    with_spikes = [packet for packet in packets if keys.intersection(packet)]
    return {
        "ticks": sorted({batch.tick for batch in batches}) == list(range(TICKS)),
        "whole": all(sorted(batch.neuron_ids.tolist()) == [0, 1] for batch in batches),
        "report": [report.delivered, report.lost, report.extra, report.same_ticks],
        "losses": [statistics.missed_ticks, statistics.network_drops, statistics.unknown_keys],
        "sent in their tick": sum(len(packet) == wire.FULL_PACKET for packet in with_spikes),
        "packets": len(packets),
        "largest": max(map(len, packets)),
    }


async def main() -> None:
    async with AsyncExitStack() as stack:
        board: Any = sys.argv[1]
        if board == "emulated":
            board = await stack.enter_async_context(EmulatedBoard())
        for name, prompt in (("1 ms", None), ("0.5 ms", False), ("prompt, 0.5 ms", True)):
            seen[name] = await watched(board, prompt)
        try:
            async with spinnlive.open_live(sim, board=board, heartbeat=False, prompt=True):
                pass
        except spinnlive.UsageError as error:
            seen["without heartbeat"] = str(error)


trio.run(main)
print(json.dumps(seen))
