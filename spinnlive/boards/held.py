"""An emulated board for code that is not async: held open by a thread of its own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import trio

from spinnlive.boards.control import BoardStatus, Pace
from spinnlive.boards.emulated import EmulatedBoard


@dataclass(frozen=True, slots=True)
class HeldBoard:
    """A running emulated board: its IPv4 address, and its hardware version (3 or 5)."""

    address: str
    version: int
    _board: EmulatedBoard
    _token: trio.lowlevel.TrioToken

    def status(self) -> BoardStatus:
        """Ask the board how it is; from any thread but the board's own. Raises `BoardLost` when it
        does not answer."""
        return trio.from_thread.run(self._board.status, trio_token=self._token)


@contextmanager
def hold_board(*, chips: int = 4, pace: Pace = "realtime") -> Iterator[HeldBoard]:
    """Run an emulated board while the block lasts.

    Raises what entering `EmulatedBoard` raises.
    """
    started: queue.SimpleQueue[tuple[HeldBoard, trio.Event] | BaseException] = queue.SimpleQueue()

    async def hold() -> None:
        async with EmulatedBoard(chips=chips, pace=pace) as board:
            release = trio.Event()
            token = trio.lowlevel.current_trio_token()
            started.put((HeldBoard(board.address, board.version, board, token), release))
            await release.wait()

    def work() -> None:
        try:
            trio.run(hold)
        except BaseException as error:
            started.put(error)

    thread = threading.Thread(target=work, name="emulated board", daemon=True)
    thread.start()
    outcome = started.get()
    if isinstance(outcome, BaseException):
        raise outcome
    held, release = outcome
    try:
        yield held
    finally:
        held._token.run_sync_soon(release.set)
        thread.join()
