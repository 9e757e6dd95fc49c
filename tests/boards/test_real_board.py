"""The SCP client against genuine firmware, on the board that SPINNLIVE_TEST_BOARD names."""

import os

import pytest

from spinnlive.boards.probe import probe
from spinnlive.boards.scp import open_scp

ADDRESS = os.environ.get("SPINNLIVE_TEST_BOARD", "")
USER_SDRAM = 0x60300000
"""Inside the user heap of SDRAM, which nothing has allocated on a board at rest."""

pytestmark = [
    pytest.mark.board,
    pytest.mark.skipif(not ADDRESS, reason="SPINNLIVE_TEST_BOARD names no board"),
]


async def test_memory_and_report() -> None:
    data = bytes(i * 11 % 253 for i in range(65_536))
    async with open_scp(ADDRESS) as scp:
        await scp.write(0, 0, USER_SDRAM, data)
        assert await scp.read(0, 0, USER_SDRAM, len(data)) == data
    report = await probe(ADDRESS)
    assert report.version.name == "SC&MP"
    assert report.version.version >= (4, 0, 0)
    assert (0, 0) in report.chips
    assert report.chips[0, 0].ethernet_up
