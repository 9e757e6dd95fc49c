"""A WebSocket on trio: the package ``websockets`` says what the bytes mean, trio carries them."""

from __future__ import annotations

import contextlib
import os
import ssl
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import trio

from spinnlive.errors import UsageError

if TYPE_CHECKING:
    from websockets.client import ClientProtocol

HANDSHAKE_S = 10.0
"""How long the server may take to shake hands (seconds)."""

CLOSING_S = 1.0
"""How long saying good-bye may take (seconds)."""

READ_BYTES = 64 * 1024
"""Most bytes of one read."""

CA_VARIABLE = "WEBSOCKET_CLIENT_CA_BUNDLE"
"""Environment variable that names the certificates to trust, as SpiNNMan's own WebSockets have it."""


class WebSocketLost(Exception):
    """The connection is closed or broken; the message says how."""


class WebSocket:
    """A client's connection, made by `open_websocket`. One task may receive, any number may send."""

    def __init__(self, stream: trio.abc.Stream, protocol: ClientProtocol) -> None:
        self._stream = stream
        self._protocol = protocol
        self._sending = trio.Lock()
        self._parts: list[bytes] = []

    async def send(self, messages: Sequence[bytes]) -> None:
        """Send binary messages. Raises `WebSocketLost`."""
        from websockets.exceptions import WebSocketException

        try:
            for message in messages:
                self._protocol.send_binary(message)
        except WebSocketException as error:
            raise WebSocketLost(str(error)) from error
        await self._flush()

    async def ping(self) -> None:
        """Show everybody on the way that the connection is in use. Raises `WebSocketLost`."""
        from websockets.exceptions import WebSocketException

        try:
            self._protocol.send_ping(b"")
        except WebSocketException as error:
            raise WebSocketLost(str(error)) from error
        await self._flush()

    async def receive(self) -> list[bytes]:
        """Wait for binary messages; give those that have come, one or more.

        Messages of text are left out. Raises `WebSocketLost`, after the last message.
        """
        while True:
            await self._read()
            messages = self._messages()
            await self._flush()  # answers to pings
            if messages:
                return messages
            if self._protocol.state.name != "OPEN":
                raise WebSocketLost(self._why())

    async def aclose(self) -> None:
        """Say good-bye and close, within a second."""
        from websockets.exceptions import WebSocketException

        with (
            trio.move_on_after(CLOSING_S, shield=True),
            contextlib.suppress(WebSocketLost, WebSocketException),  # it is closed all the same
        ):
            self._protocol.send_close(1000)
            await self._flush()
        with trio.CancelScope(shield=True):
            await trio.aclose_forcefully(self._stream)

    async def _read(self) -> None:
        try:
            data = await self._stream.receive_some(READ_BYTES)
        except (trio.BrokenResourceError, trio.ClosedResourceError, OSError) as error:
            raise WebSocketLost(f"the connection broke: {error.__cause__ or error}") from error
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()

    def _messages(self) -> list[bytes]:
        from websockets.frames import Frame, Opcode

        messages = []
        for event in self._protocol.events_received():
            if not isinstance(event, Frame):
                continue
            if event.opcode in (Opcode.BINARY, Opcode.CONT):
                self._parts.append(bytes(event.data))
                if event.fin:
                    messages.append(b"".join(self._parts))
                    self._parts.clear()
        return messages

    async def _flush(self) -> None:
        async with self._sending:
            data = b"".join(self._protocol.data_to_send())
            if not data:
                return
            try:
                await self._stream.send_all(data)
            except (trio.BrokenResourceError, trio.ClosedResourceError, OSError) as error:
                raise WebSocketLost(f"the connection broke: {error.__cause__ or error}") from error

    def _why(self) -> str:
        if self._protocol.parser_exc is not None:
            return str(self._protocol.parser_exc) or "the connection was closed without a word"
        code, reason = self._protocol.close_code, self._protocol.close_reason
        return f"it closed the connection ({code} {reason or 'without a reason'})"


async def open_websocket(
    url: str, headers: Mapping[str, str], origin: str, max_bytes: int
) -> WebSocket:
    """Connect to a ``ws:`` or ``wss:`` URL; no message may be longer than ``max_bytes``.

    Raises `WebSocketLost` when nobody answers or the handshake fails, and `UsageError` when the
    package is not installed or the URL is none.
    """
    try:
        from websockets.client import ClientProtocol
        from websockets.exceptions import InvalidURI
        from websockets.typing import Origin
        from websockets.uri import parse_uri
    except ImportError:
        raise UsageError(
            "a proxied spalloc job needs the package websockets: pip install 'spinnlive[spalloc]'"
        ) from None
    try:
        uri = parse_uri(url)
    except InvalidURI as error:
        raise UsageError(f"{url!r} is no address of a WebSocket") from error
    protocol = ClientProtocol(uri, origin=Origin(origin), max_size=max_bytes)
    with trio.move_on_after(HANDSHAKE_S) as patience:
        stream = await _connected(uri.host, uri.port, uri.secure)
        socket = WebSocket(stream, protocol)
        try:
            request = protocol.connect()
            request.headers.update(headers)
            protocol.send_request(request)
            await socket._flush()
            while protocol.handshake_exc is None and protocol.state.name == "CONNECTING":
                await socket._read()
            if protocol.handshake_exc is not None:
                raise WebSocketLost(str(protocol.handshake_exc))
        except BaseException:
            await trio.aclose_forcefully(stream)
            raise
    if patience.cancelled_caught:
        raise WebSocketLost(f"it did not shake hands within {HANDSHAKE_S:g} s")
    return socket


async def _connected(host: str, port: int, secure: bool) -> trio.abc.Stream:
    try:
        stream: trio.abc.Stream = await trio.open_tcp_stream(host, port)
    except OSError as error:
        raise WebSocketLost(f"nothing answers at {host}, port {port}: {error}") from error
    if not secure:
        return stream
    context = ssl.create_default_context(cafile=os.environ.get(CA_VARIABLE) or None)
    return trio.SSLStream(stream, context, server_hostname=host, https_compatible=True)
