"""What answers at an address: `probe` asks a board about itself and changes nothing on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

import trio

from spinnlive import wire
from spinnlive.boards.scp import ScpClient, open_scp
from spinnlive.errors import BoardUnreachable

DIMENSIONS = 0xF5007F02
"""System variables: height, then width of the machine, one byte each (chips)."""

HARDWARE_VERSION = 0xF5007F0A
"""System variables: version of the board, one byte; 3 is a SpiNN-3, 5 a SpiNN-5."""

P2P_TABLE = 0xE1010000
"""The router's point-to-point table: a column of chips each 128 bytes, 3 bits a chip, 8 chips a
word."""

P2P_NO_ROUTE = 6
"""Entry of the point-to-point table for a chip that does not exist."""

VCPU = 0xE5007000
"""The block of core 0 in system RAM; each core has 128 bytes."""

VCPU_APP_ID = 47
"""Byte of a core's block that holds its application id."""

ROUND_TRIPS = 21
"""How many requests the round-trip time is the median of."""


@dataclass(frozen=True, slots=True)
class BoardReport:
    """What `probe` found.

    ``version`` is who answers, ``hardware`` the board's version (3, 5), ``chips`` each chip by its
    coordinates, ``cores`` the number of working cores, monitors included. ``cores_in_use`` counts,
    by application id, the cores besides the monitors that run something. ``round_trip_ms`` is the
    median of `ROUND_TRIPS` requests (ms).
    """

    address: str
    version: wire.Version
    hardware: int
    chips: Mapping[tuple[int, int], wire.ChipInfo]
    cores: int
    cores_in_use: Mapping[int, int]
    round_trip_ms: float


async def probe(
    address: str, *, port: int = wire.SCP_UDP_PORT, timeout_s: float = 0.5, tries: int = 4
) -> BoardReport:
    """Ask the board at ``address`` about itself.

    Raises `BoardUnreachable` when nothing answers or the board still boots, `BoardLost` when it
    stops answering on the way, `ScpError` when it refuses a question. Cancelling it leaves the
    board as it was.
    """
    async with open_scp(address, port=port, timeout_s=timeout_s, tries=tries) as scp:
        version = await scp.version()
        if version.booting:
            raise BoardUnreachable(f"the board at {address} still boots; try again in a second")
        round_trips = []
        for _ in range(ROUND_TRIPS):
            start = trio.current_time()
            await scp.call(wire.version_request())
            round_trips.append(trio.current_time() - start)
        hardware = (await scp.read(255, 255, HARDWARE_VERSION, 1))[0]
        places = await _existing_chips(scp, version)
        infos = await scp.chip_infos(places)
        chips = dict(zip(places, infos, strict=True))
        return BoardReport(
            address=address,
            version=version,
            hardware=hardware,
            chips=chips,
            cores=sum(info.cores for info in infos),
            cores_in_use=await _cores_in_use(scp, chips),
            round_trip_ms=1000.0 * median(round_trips),
        )


async def _existing_chips(scp: ScpClient, version: wire.Version) -> list[tuple[int, int]]:
    """Read off the root chip's point-to-point table which chips there are."""
    height, width = await scp.read(255, 255, DIMENSIONS, 2)
    root = version.x, version.y
    column_size = (height + 7) // 8 * 4
    places = []
    for x in range(width):
        column = await scp.read(*root, P2P_TABLE + 128 * x, column_size)
        entries = int.from_bytes(column, "little")
        for y in range(height):
            # 8 entries of 3 bits fill 24 of each word's 32 bits
            if entries >> (32 * (y // 8) + 3 * (y % 8)) & 7 != P2P_NO_ROUTE:
                places.append((x, y))
    return places


async def _cores_in_use(
    scp: ScpClient, chips: Mapping[tuple[int, int], wire.ChipInfo]
) -> dict[int, int]:
    busy = [
        wire.read_request(x, y, VCPU + 128 * core + VCPU_APP_ID, 1)
        for (x, y), info in chips.items()
        for core, state in enumerate(info.core_states)
        if core > 0 and state != wire.CpuState.IDLE
    ]
    counts = Counter(reply.data[0] for reply in await scp.burst(busy) if reply.data)
    return dict(sorted(counts.items()))
