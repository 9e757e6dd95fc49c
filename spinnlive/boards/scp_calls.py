"""What is asked of a machine by SCP: read and write memory, ask chips and cores how they are.

Everything here is made of `ScpCalls.burst`. Who carries that out is another matter: one board
(`spinnlive.boards.scp`), or several, each asked what concerns its own chips
(`spinnlive.boards.routes`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from spinnlive import wire
from spinnlive.errors import ScpError

COUNT_TIMEOUT_S = 2.0
"""How long SCAMP may take to count the cores of a machine, as SpiNNMan allows it (seconds)."""

TICK_UNKNOWN = 0xFFFFFFFF
"""What a core answers to "get time" before its first tick."""


class ScpCalls(ABC):
    """The commands of SCAMP, for a machine whose root board is at ``address``."""

    address: str

    async def call(
        self,
        request: wire.ScpRequest,
        *,
        timeout_s: float | None = None,
        tries: int | None = None,
    ) -> wire.ScpReply:
        """Send one request and give its reply.

        ``timeout_s`` and ``tries`` take the place of the client's own; a request that must not be
        repeated (SCAMP does not notice repetitions) wants ``tries=1``. Raises `BoardUnreachable`,
        `BoardLost` or `ScpError`. A cancelled call may have been carried out on the board or not.
        """
        return (await self.burst([request], timeout_s=timeout_s, tries=tries))[0]

    @abstractmethod
    async def burst(
        self,
        requests: Sequence[wire.ScpRequest],
        *,
        timeout_s: float | None = None,
        tries: int | None = None,
    ) -> list[wire.ScpReply]:
        """Send many requests, as many at once as the window takes, and give their replies in order.

        The order in which the board carries them out is not promised. Raises as `call`, at the
        first failure; what was not sent by then is not sent.
        """

    async def read(self, x: int, y: int, address: int, length: int) -> bytes:
        """Read ``length`` bytes of the memory of chip ``x, y``; any length. Raises as `call`."""
        pieces = [
            wire.read_request(x, y, address + start, min(256, length - start))
            for start in range(0, length, 256)
        ]
        replies = await self.burst(pieces)
        for piece, reply in zip(pieces, replies, strict=True):
            if len(reply.data) != piece.arg2:
                raise ScpError(
                    f"board {self.address}: chip {x}, {y} answered a READ of {piece.arg2} bytes at "
                    f"{piece.arg1:#010x} with {len(reply.data)}"
                )
        return b"".join(reply.data for reply in replies)

    async def write(self, x: int, y: int, address: int, data: bytes | memoryview) -> None:
        """Write the memory of chip ``x, y``; any length. Raises as `call`.

        A cancelled or failed write leaves the memory partly written.
        """
        await self.burst(
            [
                wire.write_request(x, y, address + start, bytes(data[start : start + 256]))
                for start in range(0, len(data), 256)
            ]
        )

    async def version(self) -> wire.Version:
        """Ask the root chip who it is. Raises as `call`."""
        reply = await self.call(wire.version_request())
        with self._making_sense_of("VER"):
            return wire.parse_version(reply.data)

    async def chip_info(self, x: int, y: int) -> wire.ChipInfo:
        """Ask chip ``x, y`` to describe itself.

        Raises as `call`; a chip that is missing gives `ScpError`.
        """
        return (await self.chip_infos([(x, y)]))[0]

    async def chip_infos(self, chips: Sequence[tuple[int, int]]) -> list[wire.ChipInfo]:
        """Ask several chips, each ``(x, y)``, to describe themselves. Raises as `chip_info`."""
        replies = await self.burst([wire.chip_info_request(x, y) for x, y in chips])
        with self._making_sense_of("INFO"):
            return [wire.parse_chip_info(reply.data) for reply in replies]

    async def tick(self, x: int, y: int, cpu: int) -> int | None:
        """Ask a simulation core for its current tick.

        None before its first one. Raises as `call`.
        """
        reply = await self.call(wire.get_time_request(x, y, cpu))
        with self._making_sense_of("get time"):
            tick = reply.word()
        return None if tick == TICK_UNKNOWN else tick

    async def count_cores(self, app_id: int, state: wire.CpuState, x: int = 0, y: int = 0) -> int:
        """Count the cores of an application in a state, on the board of Ethernet chip ``x, y``.

        Raises as `call`.
        """
        reply = await self.call(wire.count_request(x, y, app_id, state), timeout_s=COUNT_TIMEOUT_S)
        with self._making_sense_of("COUNT"):
            return reply.word()

    @contextmanager
    def _making_sense_of(self, what: str) -> Iterator[None]:
        try:
            yield
        except wire.MalformedPacket as error:
            raise ScpError(
                f"board {self.address} answered {what} with nonsense: {error}"
            ) from error
