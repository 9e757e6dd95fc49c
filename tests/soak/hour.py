"""A live network for an hour, as fast as it goes: does anything leak, drift or get lost? ``make soak``.

The emulated board runs in ``free`` pace, on a clock of its own; `live_network` tells what goes on there. Every so often
everything that counts is looked at: a line of JSON for each look, and at the end what `soak_verdict` says of them. What
made no sense is kept beside it, by `strange`.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import trio
from live_network import BEATS, Counts, define, ended, start
from patience import patient
from soak_verdict import ROUTER_LOCAL, Look, verdict
from strange import kept

import spinnlive
from spinnlive.boards.control import control
from spinnlive.boards.emulated import EmulatedBoard

NARROW_TRIES = 10
"""How often board and host are asked for the time at each look; the narrowest answer counts."""


def resident_kb(pid: int | str | None, kind: str) -> int:
    """A process' memory that is in use (KB): ``RssAnon`` is its own, ``RssShmem`` what is mapped from memory files."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith(kind)).split()[1])


async def look(board: EmulatedBoard, live: Any, counts: Counts, began: float) -> Look:
    """Look at everything that counts."""
    ahead = [np.inf]
    for _ in range(NARROW_TRIES):  # the beat of a tick comes when the tick is over, or later
        status = await board.status()
        ahead.append(status.emulated_s * 1e3 - counts.tick)
    chips = [await board.look_at_chip(x, y) for x in (0, 1) for y in (0, 1)]
    unmodelled = (await control(board.address, "unmodelled"))["unmodelled"]
    received = live.statistics()
    return Look(
        wall_s=round(time.monotonic() - began, 1),
        emulated_s=status.emulated_s,
        tick=counts.tick,
        ticks_counted=0 if counts.first_tick is None else counts.tick - counts.first_tick + 1,
        board_ahead_ms=round(min(ahead), 3),
        clock_error_ticks=abs(live.clock.tick - counts.tick),
        board_kb=resident_kb(board.pid, "RssAnon"),
        code_kb=resident_kb(board.pid, "RssShmem"),
        host_kb=resident_kb("self", "RssAnon"),
        spikes=dict(counts.spikes),
        pings=counts.pings,
        pings_lost=counts.lost,
        weights_read=counts.weights_read,
        weight_mean=round(counts.weight_mean, 4),
        kernel_drops=received.kernel_drops,
        strange=received.unknown_keys + received.malformed + received.strangers,
        datagrams_lost=status.datagrams_dropped + status.datagrams_unsendable,
        packets_lost=status.packets_dropped + status.packets_timed_out,
        packets_sent=[sum(core.packets_sent for core in chip.cores) for chip in chips],
        packets_routed=[sum(chip.router_counters[i] for i in ROUTER_LOCAL) for chip in chips],
        packets_queued=[sum(core.packets_to_send for core in chip.cores) for chip in chips],
        errors=[core.rt_code for chip in chips for core in chip.cores if core.rt_code],
        unmodelled=unmodelled,
    )


async def soak(
    sim: Any, minutes: float, every_s: float, output: Path, address: str | None
) -> list[str]:
    """Run for so long by the wall clock, look every so often; give what was found wrong."""
    counts, looks, began = Counts(), [], time.monotonic()
    sim.setup(timestep=1.0)
    network = define(sim)
    with (
        output.open("w", encoding="utf-8", buffering=1) as lines,
        kept(output.with_suffix(".strange.jsonl")),
        patient(),
    ):
        async with (
            EmulatedBoard(address) as board,
            ended(sim),
            spinnlive.open_live(sim, board=board, progress=False) as live,
            trio.open_nursery() as nursery,
        ):
            await board.set_pace("free")
            start(live, network, counts, nursery)
            nursery.start_soon(live.run)
            while counts.first_tick is None:
                await live.clock.wait_until(live.clock.tick + 10)
            while time.monotonic() - began < 60 * minutes:
                looks.append(await look(board, live, counts, began))
                lines.write(json.dumps(asdict(looks[-1])) + "\n")
                await trio.sleep(every_s)
            nursery.cancel_scope.cancel()
    print(json.dumps(asdict(looks[-1])))
    return verdict(looks, BEATS)
