"""A network in the middle of its run, as a snapshot of an emulated board, and how fast the board goes on from there.

Nothing of the host's noise is in a snapshot: what goes on from it is the same, bit for bit, however often it is had.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import trio

from spinnlive import wire
from spinnlive.boards.emulated import EmulatedBoard, board_program
from spinnlive.errors import BoardFailed

SETTLE_S = 0.5
"""Emulated time for which a network has run when it is taken (s)."""

LONG_RUN_MS = 3_600_000
"""Longer than anybody waits (ms)."""

LOOK_EVERY_S = 0.1
"""How often the board is asked whether the network runs (s)."""

CELLS = ("IF_curr", "IF_cond")
"""What the binaries are called that simulate neurons."""


@dataclass(frozen=True, slots=True)
class Network:
    """A network of `spinnlive.bench.networks`, by its name there.

    ``title`` says what it is, ``chips`` on which board it runs.
    """

    name: str
    title: str
    time_scale_factor: int = 1
    chips: int = 4


@dataclass(frozen=True, slots=True)
class Speed:
    """How a board went on from a snapshot for ``emulated_s`` of emulated time.

    ``instructions`` were executed, in ``wall_s`` of the clock and ``cpu_s`` of the processors' time, all in s.
    ``state`` is the hash of the machine's state at the end.
    """

    engine: str
    threads: int
    emulated_s: float
    wall_s: float
    cpu_s: float
    instructions: int
    state: str

    @property
    def mips(self) -> float:
        """Millions of emulated instructions for each second of a host core's time."""
        return self.instructions / self.cpu_s / 1e6

    @property
    def core_speed(self) -> float:
        """Emulated time over the host's processor time: 1.0 keeps one host core busy in real time."""
        return self.emulated_s / self.cpu_s

    @property
    def wall_speed(self) -> float:
        """Emulated time over the clock's, in free pace: 1.0 is real time."""
        return self.emulated_s / self.wall_s


async def take_snapshot(network: Network, file: Path) -> None:
    """Run the network on an emulated board of its own, and save the board in the middle of the run.

    Raises `BoardFailed` when the network does not come to run, with the last words of its script.
    """
    async with EmulatedBoard(chips=network.chips, pace="realtime") as board:
        command = [sys.executable, "-P", "-c", "from spinnlive.cli import main; main()", "run"]
        command += ["--board", board.address, "--time-scale-factor", str(network.time_scale_factor)]
        command += [str(Path(__file__).with_name("networks.py")), network.name, str(LONG_RUN_MS)]
        log = file.with_suffix(".log")
        with log.open("wb") as output:
            process = await trio.lowlevel.open_process(
                command, cwd=file.parent, stdout=output, stderr=subprocess.STDOUT
            )
            try:
                since = await wait_until_running(board, process, log)
                await _wait_until(board, since + SETTLE_S)
                await board.snapshot(file)
            finally:
                if process.returncode is None:
                    process.terminate()
                with trio.CancelScope(shield=True):
                    await process.wait()


async def _wait_until(board: EmulatedBoard, emulated_s: float) -> None:
    while True:
        if (await board.status()).emulated_s >= emulated_s:
            return
        await trio.sleep(LOOK_EVERY_S)


async def is_running(board: EmulatedBoard) -> bool:
    """Whether a core on the root chip simulates neurons just now."""
    chip = await board.look_at_chip(0, 0)
    return any(
        core.name.startswith(CELLS) and core.state is wire.CpuState.RUNNING for core in chip.cores
    )


async def wait_until_running(board: EmulatedBoard, process: trio.Process, log: Path) -> float:
    """Wait until the network of a script runs; return the emulated time then (s).

    Raises `BoardFailed` with the last of the script's ``log`` if it ends before.
    """
    while process.returncode is None:
        if await is_running(board):
            return (await board.status()).emulated_s
        await trio.sleep(LOOK_EVERY_S)
    words = (await trio.Path(log).read_text(errors="replace")).strip().splitlines()
    raise BoardFailed(f"the network did not come to run: {words[-1] if words else 'no word'}")


async def measure(
    file: Path, *, milliseconds: int, engine: str = "fast", threads: int = 1
) -> Speed:
    """Go on from a snapshot for so many ms of emulated time, as fast as it goes, with nobody to talk to.

    Raises `BoardFailed` when the snapshot is another version's, or damaged.
    """
    command = [str(board_program()), "--restore", str(file), "--engine", engine]
    command += ["--threads", str(threads), "--measure-ms", str(milliseconds)]
    done = await trio.run_process(command, capture_stdout=True, capture_stderr=True, check=False)
    if done.returncode != 0:
        raise BoardFailed(done.stderr.decode(errors="replace").strip())
    told = json.loads(done.stdout)
    return Speed(
        told["engine"],
        threads,
        told["emulated_s"],
        told["wall_s"],
        told["cpu_s"],
        told["instructions"],
        told["hash"],
    )
