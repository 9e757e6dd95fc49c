"""What all tests share: the board that they run on."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--board",
        metavar="ADDRESS",
        help="run the tests marked 'board' on the board at this address, not on an emulated one",
    )


@pytest.fixture
async def board(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """The address of a board: the one of ``--board``, or an emulated one for this test alone."""
    address = request.config.getoption("--board")
    if address is not None:
        yield address
    else:
        from spinnlive.boards.emulated import EmulatedBoard

        async with EmulatedBoard() as emulated:
            yield emulated.address
