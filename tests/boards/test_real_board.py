"""The SCP client and the probe against genuine firmware."""

import pytest

from spinnlive.boards.probe import probe
from spinnlive.boards.scp import open_scp

USER_SDRAM = 0x60300000
"""Inside the user heap of SDRAM, which nothing has allocated on a board at rest."""


@pytest.mark.board
async def test_memory_and_report(board: str) -> None:
    data = bytes(i * 11 % 253 for i in range(65_536))
    async with open_scp(board) as scp:
        await scp.write(0, 0, USER_SDRAM, data)
        assert await scp.read(0, 0, USER_SDRAM, len(data)) == data
    report = await probe(board)
    assert report.version.name == "SC&MP"
    assert report.version.version >= (4, 0, 0)
    assert (0, 0) in report.chips
    assert report.chips[0, 0].ethernet_up
