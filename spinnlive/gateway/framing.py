"""Messages cut out of a connection's bytes, sans-I/O: TCP's lengths and WebSocket's frames alike.

The WebSocket part is the `websockets` package's protocol (extra ``web``), imported when first used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from spinnlive.errors import UsageError
from spinnlive.wire import MalformedPacket
from spinnlive.wire.stream import StreamDecoder, frame

if TYPE_CHECKING:
    from websockets.client import ClientProtocol
    from websockets.protocol import Protocol as WebSocketProtocol
    from websockets.server import ServerProtocol


class Framing(Protocol):
    """One direction in, one direction out."""

    def feed(self, data: bytes) -> Iterator[bytes | None]:
        """Take bytes in; give every whole message, and None for what counts but says nothing.

        Raises `MalformedPacket` when they make no sense.
        """

    def wrap(self, payload: bytes) -> bytes:
        """Give the bytes that carry a message."""

    def pending(self) -> bytes:
        """Give what the protocol itself has to send now, such as the answer to a ping."""

    @property
    def over(self) -> bool:
        """Whether the other side has said that it will send no more."""


class TcpFraming:
    """A length in front of each message."""

    over = False

    def __init__(self, max_bytes: int) -> None:
        self._decoder = StreamDecoder(max_bytes)

    def feed(self, data: bytes) -> Iterator[bytes | None]:
        """See `Framing`."""
        return self._decoder.feed(data)

    def wrap(self, payload: bytes) -> bytes:
        """See `Framing`."""
        return frame(payload)

    def pending(self) -> bytes:
        """See `Framing`: nothing."""
        return b""


class WebSocketFraming:
    """A binary message for each message; ``protocol`` is past its handshake, ``early`` are events
    that came with it."""

    def __init__(self, protocol: WebSocketProtocol, early: Sequence[Any] = ()) -> None:
        self._protocol = protocol
        self._early = list(early)
        self._parts: list[bytes] = []
        self.over = False

    def feed(self, data: bytes) -> Iterator[bytes | None]:
        """See `Framing`."""
        from websockets.frames import Frame, Opcode

        self._protocol.receive_data(data)
        events = self._early + self._protocol.events_received()
        self._early = []
        for event in events:
            if not isinstance(event, Frame):
                continue
            if event.opcode is Opcode.TEXT:
                raise MalformedPacket("a WebSocket text frame; messages are binary")
            if event.opcode in (Opcode.BINARY, Opcode.CONT):
                self._parts.append(bytes(event.data))
                if event.fin:
                    payload = b"".join(self._parts)
                    self._parts.clear()
                    yield payload
                    continue
            elif event.opcode is Opcode.CLOSE:
                self.over = True
            yield None
        if self._protocol.parser_exc is not None:
            raise MalformedPacket(f"WebSocket: {self._protocol.parser_exc}")

    def wrap(self, payload: bytes) -> bytes:
        """See `Framing`."""
        self._protocol.send_binary(payload)
        return self.pending()

    def pending(self) -> bytes:
        """See `Framing`."""
        return b"".join(self._protocol.data_to_send())


def server_protocol(max_bytes: int) -> ServerProtocol:
    """Give the server's side of a WebSocket before its handshake.

    Raises `UsageError` when the package is not installed.
    """
    try:
        from websockets.server import ServerProtocol
    except ImportError:
        raise UsageError(_MISSING) from None
    return ServerProtocol(max_size=max_bytes)


def client_protocol(url: str, max_bytes: int) -> ClientProtocol:
    """Give the client's side, likewise."""
    try:
        from websockets.client import ClientProtocol
        from websockets.uri import parse_uri
    except ImportError:
        raise UsageError(_MISSING) from None
    return ClientProtocol(parse_uri(url), max_size=max_bytes)


_MISSING = "HTTP and WebSocket need the package websockets: pip install 'spinnlive[web]'"
