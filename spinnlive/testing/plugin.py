"""Fixtures for pytest. In a conftest.py: ``pytest_plugins = ["spinnlive.testing.plugin"]``.

It is no entry point on purpose: pytest would import spinnlive in every project on the machine.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator

import pytest
import trio

from spinnlive.boards.emulated import EmulatedBoard


@pytest.fixture
async def emulated_board() -> AsyncIterator[EmulatedBoard]:
    """A booted emulated SpiNN-3 for this test alone; for async tests (pytest-trio)."""
    async with EmulatedBoard() as board:
        yield board


@pytest.fixture(scope="session")
def board_address() -> Iterator[str]:
    """The address of a booted emulated SpiNN-3 that all tests of the session share; for any
    test."""
    up = threading.Event()
    outcome: list[str | BaseException] = []
    over = trio.Event()
    token: list[trio.lowlevel.TrioToken] = []

    async def keep() -> None:
        token.append(trio.lowlevel.current_trio_token())
        async with EmulatedBoard() as board:
            outcome.append(board.address)
            up.set()
            await over.wait()

    def work() -> None:
        try:
            trio.run(keep)
        except BaseException as error:
            outcome.append(error)
            up.set()

    thread = threading.Thread(target=work, name="emulated board")
    thread.start()
    up.wait()
    if isinstance(outcome[0], BaseException):
        thread.join()
        raise outcome[0]
    try:
        yield outcome[0]
    finally:
        token[0].run_sync_soon(over.set)
        thread.join()
