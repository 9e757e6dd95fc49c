"""Where a core keeps what: its block in system RAM, and from there its table of regions.

Source: spinnaker_tools ``sark.h`` (``vcpu_t``); SpiNNFrontEndCommon ``data_specification.h``.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from spinnlive.boards.bulk import Memory, Span

VCPU_BASE = 0xE5007000
VCPU_SIZE = 128
VCPU_USER0 = 112
"""A core's block in system RAM; its word user0 points to the region table."""

REGION_TABLE_HEADER = 8
REGION_ENTRY = 12
"""The region table: two words, then pointer, checksum and size of each region."""

_WORD = struct.Struct("<I")


async def region_addresses(
    memory: Memory, wanted: Sequence[tuple[int, int, int, int]]
) -> list[int]:
    """Give the address of each region: chip ``x, y``, core ``p``, number of the region.

    Raises `BoardLost` and `ScpError`.
    """
    tables = await _words(
        memory, [(x, y, VCPU_BASE + VCPU_SIZE * p + VCPU_USER0) for x, y, p, _ in wanted]
    )
    return await _words(
        memory,
        [
            (x, y, table + REGION_TABLE_HEADER + REGION_ENTRY * region)
            for (x, y, _, region), table in zip(wanted, tables, strict=True)
        ],
    )


async def _words(memory: Memory, places: Sequence[tuple[int, int, int]]) -> list[int]:
    found = await memory.read([Span(x, y, address, _WORD.size) for x, y, address in places])
    return [_WORD.unpack(each)[0] for each in found]
