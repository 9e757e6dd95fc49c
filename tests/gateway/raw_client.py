"""A client that says whatever a test wants, over plain sockets."""

from __future__ import annotations

import os
import struct
from typing import Any

import msgpack
import trio

HELLO = {"type": "hello", "version": 1}


def framed(message: Any) -> bytes:
    payload = msgpack.packb(message)
    return struct.pack("<I", len(payload)) + payload


def masked(payload: bytes, opcode: int = 2) -> bytes:
    """A WebSocket frame of a client, whole."""
    key = os.urandom(4)
    size = len(payload)
    long = size >= 126
    head = bytes((0x80 | opcode, 0x80 | (126 if long else size)))
    if long:
        head += struct.pack(">H", size)
    return head + key + bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))


class RawClient:
    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self._held = bytearray()

    async def send(self, data: bytes) -> None:
        await self.stream.send_all(data)

    async def say(self, *messages: Any) -> None:
        await self.send(b"".join(map(framed, messages)))

    async def hear(self) -> dict[str, Any] | None:
        """The next message; None when the server has closed."""
        while len(self._held) < 4 or len(self._held) < 4 + self._size():
            try:
                data = await self.stream.receive_some()
            except trio.BrokenResourceError:
                return None
            if not data:
                return None
            self._held += data
        size = self._size()
        payload = bytes(self._held[4 : 4 + size])
        del self._held[: 4 + size]
        found: dict[str, Any] = msgpack.unpackb(payload)
        return found

    async def hear_a(self, kind: str) -> dict[str, Any]:
        while True:
            message = await self.hear()
            assert message is not None, f"the server closed before {kind}"
            if message["type"] == kind:
                return message

    async def everything(self) -> bytes:
        found = bytes(self._held)
        while True:
            try:
                data = await self.stream.receive_some()
            except trio.BrokenResourceError:
                return found
            if not data:
                return found
            found += data

    def _size(self) -> int:
        size: int = struct.unpack_from("<I", self._held)[0]
        return size


async def raw(gateway: Any, *first: Any) -> RawClient:
    client = RawClient(await trio.open_tcp_stream(gateway.host, gateway.port))
    await client.say(*first)
    return client


async def web(gateway: Any, **headers: str) -> RawClient:
    """A WebSocket client right after its request."""
    client = RawClient(await trio.open_tcp_stream(gateway.host, gateway.port))
    given = {
        "Host": f"{gateway.host}:{gateway.port}",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        **headers,
    }
    lines = ["GET / HTTP/1.1", *(f"{name}: {value}" for name, value in given.items()), "", ""]
    await client.send("\r\n".join(lines).encode())
    return client


async def get(gateway: Any, target: str, host: str | None = None, method: str = "GET") -> bytes:
    client = RawClient(await trio.open_tcp_stream(gateway.host, gateway.port))
    named = host or f"{gateway.host}:{gateway.port}"
    await client.send(f"{method} {target} HTTP/1.1\r\nHost: {named}\r\n\r\n".encode())
    return await client.everything()
