"""A live run is recorded as the board sees it, and had again bit for bit, with 1 and with 2 threads: ``make
long-replay``.

What is compared: each datagram that the board sends, with its emulated time; the registers, every 10 ms; and at the end
all of the machine: SDRAM, system RAM, the cores' TCMs, every device.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import trio
from live_network import Counts, define, ended, start

import spinnlive
from spinnlive.boards.emulated import EmulatedBoard
from spinnlive.boards.replay import replay

THREADS = (1, 2)


async def record(sim: Any, seconds: float, log: Path) -> tuple[Counts, str]:
    """Record a live run of so many seconds of biological time, from the board's power-on to sPyNNaker's end.

    Gives what was counted in it, and the hash of the machine at the end.
    """
    counts = Counts()
    sim.setup(timestep=1.0)
    network = define(sim)
    async with EmulatedBoard(record=log) as board:
        async with (
            ended(sim),
            spinnlive.open_live(sim, board=board, progress=False) as live,
            trio.open_nursery() as nursery,
        ):
            start(live, network, counts, nursery)
            await live.run(seconds * 1000.0)
            nursery.cancel_scope.cancel()
        await board.freeze(None)  # the hash's moment is the log's end
        state_hash = await board.state_hash()
    return counts, state_hash


async def long_replay(sim: Any, seconds: float, log: Path) -> list[str]:
    """Record, replay, compare; give what was found wrong."""
    counts, at_the_end = await record(sim, seconds, log)
    print(f"recorded {seconds} s: {counts.spikes}, {counts.pings} pings")
    wrong = []
    if not counts.pings or not counts.weights_read or not all(counts.spikes.values()):
        wrong.append("the run was not what it should be: some population was silent")
    for threads in THREADS:
        again = await replay(log, threads=threads)
        print(f"{threads} threads: {again}")
        if again.difference is not None:
            wrong.append(f"{threads} threads: {again.difference} at {again.diverged_at_s} s")
        if not again.whole or again.state_hash != at_the_end:
            wrong.append(f"{threads} threads: the machine was another at the end")
    return wrong
