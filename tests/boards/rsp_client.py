"""A small client of GDB's Remote Serial Protocol, for the tests of the emulated board's stub."""

from __future__ import annotations

import struct
from types import TracebackType

import trio


class RspClient:
    """One connection, inside ``async with``. `ask` sends a packet and gives the answer's contents."""

    def __init__(self, address: str, port: int) -> None:
        self._where = address, port
        self._stream: trio.SocketStream | None = None
        self._read = b""

    async def __aenter__(self) -> RspClient:
        self._stream = await trio.open_tcp_stream(*self._where)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._stream is not None
        with trio.CancelScope(shield=True):
            await self._stream.aclose()

    async def send_raw(self, data: bytes) -> None:
        assert self._stream is not None
        await self._stream.send_all(data)

    async def send(self, contents: bytes) -> None:
        await self.send_raw(b"$%s#%02x" % (contents, sum(contents) & 0xFF))

    async def answer(self) -> bytes:
        """The contents of the next packet; acknowledges it."""
        assert self._stream is not None
        while b"#" not in self._read or len(self._read) < self._read.index(b"#") + 3:
            more = await self._stream.receive_some()
            if not more:
                raise EOFError(self._read)
            self._read += more
        start, end = self._read.index(b"$") + 1, self._read.index(b"#")
        contents = self._read[start:end]
        assert int(self._read[end + 1 : end + 3], 16) == sum(contents) & 0xFF
        self._read = self._read[end + 3 :]
        await self.send_raw(b"+")
        return contents

    async def ask(self, contents: bytes) -> bytes:
        await self.send(contents)
        return await self.answer()

    async def registers(self) -> tuple[int, ...]:
        return struct.unpack("<17I", bytes.fromhex((await self.ask(b"g")).decode()))

    async def memory(self, address: int, length: int) -> bytes:
        return bytes.fromhex((await self.ask(b"m%x,%x" % (address, length))).decode())
