"""A message on its way to many clients: encoded once, framed once for each kind of connection."""

from __future__ import annotations

import struct

from spinnlive.wire import stream
from spinnlive.wire.stream_messages import ServerMessage

_FINAL_BINARY = 0x82
"""First byte of a WebSocket frame: a whole binary message (RFC 6455, section 5.2)."""


class Outgoing:
    """The bytes of one message; ``tcp`` and ``websocket`` are made when first asked for."""

    __slots__ = ("_payload", "_tcp", "_websocket")

    def __init__(self, message: ServerMessage) -> None:
        self._payload = stream.encode_message(message)
        self._tcp: bytes | None = None
        self._websocket: bytes | None = None

    @property
    def tcp(self) -> bytes:
        """With the length in front."""
        if self._tcp is None:
            self._tcp = stream.frame(self._payload)
        return self._tcp

    @property
    def websocket(self) -> bytes:
        """In a binary frame, which a server does not mask."""
        if self._websocket is None:
            self._websocket = _header(len(self._payload)) + self._payload
        return self._websocket


def _header(size: int) -> bytes:
    if size < 126:
        return bytes((_FINAL_BINARY, size))
    if size < 1 << 16:
        return struct.pack(">BBH", _FINAL_BINARY, 126, size)
    return struct.pack(">BBQ", _FINAL_BINARY, 127, size)
