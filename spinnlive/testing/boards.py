"""Faults on an emulated board, for a while."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from spinnlive.boards.emulated import EmulatedBoard


@asynccontextmanager
async def suffering(board: EmulatedBoard, *faults: str) -> AsyncIterator[None]:
    """Let things go wrong on the board while the block lasts.

    ``faults``: what acts on datagrams and links, such as ``"lose out 5"`` (percent), ``"duplicate
    in 10"``, ``"reorder out 20"``, ``"delay in 50 2000"`` (microseconds) or ``"drop 0,0,2 5"``; see
    `spinnlive.boards.faults`. Leaving the block clears all such faults of the board. What kills a
    core, a chip or a link is for good: use `EmulatedBoard.fault`.

    Raises `UsageError` when the words mean nothing, `BoardLost` when the board does not answer.
    """
    try:
        for words in faults:
            await board.fault(words)
        yield
    finally:
        with trio.CancelScope(shield=True):
            await board.fault("clear")
