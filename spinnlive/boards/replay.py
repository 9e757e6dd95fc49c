"""Having a recorded run of an emulated board again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import trio

from spinnlive.boards.emulated import board_program
from spinnlive.errors import BoardFailed


@dataclass(frozen=True, slots=True)
class Replay:
    """What became of a recorded run when it was had again.

    ``until_s``: the emulated time that was reached (s). ``datagrams_in``: fed to the machine; ``datagrams_out``:
    sent by it and compared. ``whole``: the log has its last record, with the hash of the whole machine. ``state_hash``:
    that of the replayed machine. ``diverged_at_s``: the emulated time at which it first did something else than was
    recorded (s), and ``difference``: what; None when it did the same throughout.
    """

    until_s: float
    datagrams_in: int
    datagrams_out: int
    whole: bool
    state_hash: str
    diverged_at_s: float | None
    difference: str | None


async def replay(log: Path | str, *, threads: int = 1) -> Replay:
    """Have a recorded run again, as fast as it goes, and compare it with what was recorded.

    Raises `BoardFailed` when the file is not a log, or not a sound one. When cancelled, the replay ends.
    """
    done = await trio.run_process(
        [str(board_program()), "--replay", str(log), "--threads", str(threads)],
        capture_stdout=True,
        capture_stderr=True,
        check=False,
    )
    if not done.stdout:
        words = done.stderr.decode(errors="replace").strip().removeprefix("spinnlive-board: ")
        raise BoardFailed(f"the run cannot be replayed: {words or f'exit code {done.returncode}'}")
    told = json.loads(done.stdout)
    return Replay(
        until_s=told["replayed_until_s"],
        datagrams_in=told["datagrams_in"],
        datagrams_out=told["datagrams_out"],
        whole=told["whole"],
        state_hash=told["hash"],
        diverged_at_s=told.get("diverged_at_s"),
        difference=told.get("difference"),
    )
