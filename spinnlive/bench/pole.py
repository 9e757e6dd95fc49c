"""The CartPole demo on a board that is watched: does it keep real time throughout, and what does it take for that?"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import trio

from spinnlive.bench.idle import cpu_s
from spinnlive.bench.workload import LOOK_EVERY_S, is_running, wait_until_running
from spinnlive.boards.emulated import EmulatedBoard
from spinnlive.errors import BoardFailed

POLE_S = 15.0
"""For how long the pole is balanced (s of biological time)."""

SECOND = 1.0
"""Over how long a speed is taken (s of the clock)."""

DEMO_LIMIT_S = 120.0
"""How long the demo may take with all that comes before and after (s)."""


@dataclass(frozen=True, slots=True)
class Pole:
    """How the board did while its network balanced the pole.

    ``share``: of a host core that the board's process used, ``most``: in the second that took most. ``speed``:
    emulated time over the clock's, ``least``: over the second in which it was lowest.
    """

    share: float
    most: float
    speed: float
    least: float


@dataclass(frozen=True, slots=True)
class _Look:
    at: float
    emulated_s: float
    used_s: float


async def measure_pole() -> Pole:
    """Run `spinnlive demo` on an emulated board of 4 chips at real time, and watch the board's process.

    Raises `BoardFailed` when the demo does not come to run, or has not ended after `DEMO_LIMIT_S`.
    """
    with tempfile.TemporaryDirectory() as folder:
        async with EmulatedBoard() as board:
            command = [sys.executable, "-P", "-c", "from spinnlive.cli import main; main()", "demo"]
            command += ["--board", board.address, "--seconds", f"{POLE_S:g}"]
            command += ["--picture", str(Path(folder) / "pole.png")]
            log = Path(folder) / "demo.log"
            with log.open("wb") as output:
                process = await trio.lowlevel.open_process(
                    command, stdout=output, stderr=subprocess.STDOUT
                )
                try:
                    with trio.move_on_after(DEMO_LIMIT_S):
                        await wait_until_running(board, process, log)
                        looks = await _watch(board)
                        return _sum_up(looks)
                    raise BoardFailed(f"the demo has not ended after {DEMO_LIMIT_S:.0f} s")
                finally:
                    if process.returncode is None:
                        process.terminate()
                    with trio.CancelScope(shield=True):
                        await process.wait()


async def _watch(board: EmulatedBoard) -> list[_Look]:
    """Look at the board once a second for as long as the network runs."""
    looks: list[_Look] = []
    while await is_running(board):
        if not looks or trio.current_time() - looks[-1].at >= SECOND:
            assert board.pid is not None
            before = trio.current_time()
            emulated = (await board.status()).emulated_s
            looks.append(_Look((before + trio.current_time()) / 2, emulated, cpu_s(board.pid)))
        await trio.sleep(LOOK_EVERY_S)
    return looks


def _sum_up(looks: list[_Look]) -> Pole:
    if len(looks) < 2:
        raise BoardFailed("the demo's network ended at once")
    pairs = list(pairwise(looks))
    shares = [(after.used_s - before.used_s) / (after.at - before.at) for before, after in pairs]
    speeds = [
        (after.emulated_s - before.emulated_s) / (after.at - before.at) for before, after in pairs
    ]
    whole = looks[-1].at - looks[0].at
    return Pole(
        share=(looks[-1].used_s - looks[0].used_s) / whole,
        most=max(shares),
        speed=(looks[-1].emulated_s - looks[0].emulated_s) / whole,
        least=min(speeds),
    )
