"""A board whose monitor has crashed is reset from outside, and SpiNNMan boots it again."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from plain_scripts import SCRIPTS, run_script

from spinnlive.boards.emulated import EmulatedBoard
from spinnlive.boards.scp import open_scp
from spinnlive.errors import BoardLost, BoardUnreachable

BRANCH_TO_ITSELF = struct.pack("<I", 0xEAFFFFFE)
VECTORS = 8
"""At address 0 of SCAMP's ITCM: the next interrupt is its last."""


async def crash_the_monitor(board: EmulatedBoard) -> None:
    with pytest.raises((BoardLost, BoardUnreachable)):
        async with open_scp(board.address, tries=3) as scp:
            await scp.write(0, 0, 0, BRANCH_TO_ITSELF * VECTORS)
            await scp.version()


async def test_a_crashed_board_is_booted_again(tmp_path: Path) -> None:
    async with EmulatedBoard() as board:
        await crash_the_monitor(board)
        # SCAMP has switched the watchdog off, as on every board: a crashed monitor stays crashed.
        assert (await board.status()).booted
        await board.fault("reset board 0")
        assert not (await board.status()).booted
        said = await run_script(SCRIPTS / "spinnman_machine.py", tmp_path, board, board.address)
        assert (await board.status()).booted
    # SCAMP itself switches off link 4 of each board's chip 1,0, and with it the other end, because on real boards
    # "oddly it often fails" (scamp-3.c, setup_link_checks; docs/devices.md).
    assert "chip 0,0: 18 cores, links [0, 1, 2, 5]" in said
    assert "chip 0,1: 18 cores, links [0, 2, 5]" in said
    assert "chip 1,0: 18 cores, links [2, 3, 5]" in said
    assert "chip 1,1: 18 cores, links [2, 3, 4, 5]" in said
