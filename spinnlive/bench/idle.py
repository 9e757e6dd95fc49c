"""What a board costs that nobody uses: time to start, processor time while it idles, memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trio

from spinnlive.boards import address as addresses
from spinnlive.boards.boot_cache import CACHE_VARIABLE
from spinnlive.boards.emulated import EmulatedBoard
from spinnlive.boards.scp import open_scp
from spinnlive.errors import BoardFailed, BoardUnreachable

IDLE_S = 10.0
"""For how long an idle board is watched (s)."""

STARTS = 3
"""How often the command is started out of the cache."""

ANSWER_LIMIT_S = 60.0
"""How long `spinnlive board` may take to answer (s)."""


@dataclass(frozen=True, slots=True)
class Idle:
    """An emulated board of ``chips`` chips, booted.

    ``boot_cpu_s``: processor time of its start when SCAMP boots, ``start_cpu_s`` when it comes from the cache.
    ``answers_s``: from the command ``spinnlive board --booted`` to SCAMP's first answer, by the clock, out of the
    cache, the best of `STARTS`; ``cold_s``: the same with SCAMP booting. ``share``: of a host core while it idles at
    real time. ``resident_mb``: memory then (MB).
    """

    chips: int
    boot_cpu_s: float
    start_cpu_s: float
    answers_s: float
    cold_s: float
    share: float
    resident_mb: float


def cpu_s(pid: int) -> float:
    """Processor time that a process has used (s)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    """Memory of a process that is in the host's (MB)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def _empty_cache() -> Iterator[None]:
    before = os.environ.get(CACHE_VARIABLE)
    with tempfile.TemporaryDirectory() as folder:
        os.environ[CACHE_VARIABLE] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ[CACHE_VARIABLE]
            else:
                os.environ[CACHE_VARIABLE] = before


async def measure_idle(chips: int) -> Idle:
    """Start a board with an empty cache and out of it, have it idle for `IDLE_S`, and start the command."""
    (address,) = addresses.first_free(1)
    with _empty_cache():
        async with EmulatedBoard(address, chips=chips) as board:
            assert board.pid is not None
            boot = cpu_s(board.pid)
        async with EmulatedBoard(address, chips=chips) as board:
            assert board.pid is not None
            start = cpu_s(board.pid)
            since, used = trio.current_time(), cpu_s(board.pid)
            await trio.sleep(IDLE_S)
            share = (cpu_s(board.pid) - used) / (trio.current_time() - since)
            memory = resident_mb(board.pid)
        answers = min([await _time_to_answer(address, chips) for _ in range(STARTS)])
    with _empty_cache():
        cold = await _time_to_answer(address, chips)
    return Idle(chips, boot, start, answers, cold, share, memory)


async def _time_to_answer(address: str, chips: int) -> float:
    command = [sys.executable, "-P", "-c", "from spinnlive.cli import main; main()", "board"]
    command += ["--booted", "--address", address, "--chips", str(chips)]
    began = trio.current_time()
    process = await trio.lowlevel.open_process(command, stdout=subprocess.DEVNULL)
    try:
        with trio.move_on_after(ANSWER_LIMIT_S):
            while process.returncode is None:
                try:
                    async with open_scp(address, timeout_s=0.01, tries=1) as scp:
                        await scp.version()
                        return trio.current_time() - began
                except BoardUnreachable:
                    await trio.sleep(0.002)
        raise BoardFailed(f"`spinnlive board --booted` did not answer in {ANSWER_LIMIT_S:.0f} s")
    finally:
        if process.returncode is None:
            process.terminate()
        with trio.CancelScope(shield=True):
            await process.wait()
