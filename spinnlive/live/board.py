"""Which board a live run takes, and what kind it is."""

from __future__ import annotations

import contextlib
import struct
from typing import Protocol

from spinnlive.boards.emulated import EmulatedBoard
from spinnlive.boards.scp import ScpClient, open_scp
from spinnlive.errors import BoardUnreachable, RemoteError, ScpError, UsageError
from spinnlive.toolchain import machine
from spinnlive.toolchain.values import Machine

SYSTEM_DIMENSIONS = 0xF5007F02
"""Where a chip keeps height and width of its machine, a byte each (spinnaker_tools ``sark.h``)."""

SPINN3_SIZE = (2, 2)
"""Width and height of a SpiNN-3; every other machine is made of SpiNN-5 boards."""

TRIAD = 12
"""SpiNN-5 boards repeat every so many chips: Ethernet chips are where x and y are multiples of 4
and x + y is one of 12 (SpiNNMachine ``version_5.py``)."""

PROBE_TRIES = 4
"""How often an address is asked before nothing is there, half a second each."""


class Board(Protocol):
    """Anything with an address and a hardware version is a board."""

    @property
    def address(self) -> str:
        """IP address or host name."""

    @property
    def version(self) -> int:
        """3 for a SpiNN-3, 5 for SpiNN-5."""


_emulated: EmulatedBoard | None = None
"""The board that was started for the latest live run."""


async def choose_board(board: str | Board | None) -> Machine | None:
    """Give the board to use; None means: what the user's cfg names.

    An emulated board is started where nothing else is named. It outlives the live run, because
    PyNN's ``get("weight")`` and ``sim.end()`` talk to the board afterwards: it ends with this
    process, or when another one is started. Raises `BoardUnreachable` when an address that was
    given does not answer, `UsageError` for what is no board.
    """
    if board is None:
        return None if machine.is_configured() else await _start_emulated()
    if isinstance(board, str):
        return await identify(board)
    if hasattr(board, "address") and hasattr(board, "version"):
        return Machine(board.address, board.version)
    raise UsageError(
        "board is an address such as '192.168.240.253', or has .address and .version, "
        f"not {board!r}"
    )


async def _start_emulated() -> Machine:
    global _emulated
    if _emulated is not None:
        await _emulated.stop()
    _emulated = EmulatedBoard()
    await _emulated.start()
    return Machine(_emulated.address, _emulated.version)


async def identify(address: str) -> Machine:
    """Ask the board at ``address`` what it is.

    One that does not answer may be waiting to be booted, which needs its version: then the cfg's is
    believed. Raises `BoardUnreachable` when it names none.
    """
    async with open_scp(address, tries=PROBE_TRIES) as scp:
        try:
            return Machine(address, await _version(scp))
        except BoardUnreachable as error:
            version = machine.configured_version()
            if version is None:
                raise BoardUnreachable(
                    f"{error}. To boot a board that is on, put 'version = 3' or 'version = 5' "
                    "into section [Machine] of ~/.spynnaker.cfg"
                ) from error
            return Machine(address, version)


async def _version(scp: ScpClient) -> int:
    height, width = struct.unpack("BB", await scp.read(255, 255, SYSTEM_DIMENSIONS, 2))
    return 3 if (width, height) == SPINN3_SIZE else 5


async def ethernet_chips(chosen: Machine | None) -> list[tuple[int, int]]:
    """Give the Ethernet chips of a machine of several boards; none where there is one board, or
    where that cannot be known before sPyNNaker has the machine (spalloc, a board not booted)."""
    address = machine.configured_address() if chosen is None else chosen.address
    if address is None:
        return []
    async with open_scp(address, tries=1) as scp:
        try:
            height, width = struct.unpack("BB", await scp.read(255, 255, SYSTEM_DIMENSIONS, 2))
            candidates = [
                (x, y)
                for x in range(0, width, TRIAD // 3)
                for y in range(0, height, TRIAD // 3)
                if (x + y) % TRIAD == 0
            ]
            if len(candidates) == 1:
                return []
            found = []
            for x, y in candidates:
                with contextlib.suppress(ScpError):
                    [info] = await scp.chip_infos([(x, y)])
                    if info.ip_address is not None:
                        found.append((x, y))
            return found if len(found) > 1 else []
        except RemoteError:
            return []
