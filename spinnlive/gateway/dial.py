"""Connecting to a live run's server from Python, on trio or asyncio: sockets and handshakes."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import anyio
import anyio.abc

from spinnlive.errors import ServerLost, UsageError
from spinnlive.gateway.framing import Framing, TcpFraming, WebSocketFraming, client_protocol
from spinnlive.gateway.remote import Remote
from spinnlive.gateway.settings import DEFAULT_PORT, TOKEN_VARIABLE
from spinnlive.wire.stream import MAX_SERVER_BYTES
from spinnlive.wire.stream_messages import VERSION, Hello

HANDSHAKE_S = 10.0
"""How long the server may take to answer (seconds)."""


@asynccontextmanager
async def dialled(url: str, token: str | None, name: str | None) -> AsyncIterator[Remote]:
    """Hold a connection while the block lasts; see `spinnlive.connect`."""
    parts = _parsed(url)
    token = token or os.environ.get(TOKEN_VARIABLE) or None
    hello = Hello(VERSION, token, name or Path(sys.argv[0]).name or None)
    stream = await _dial(parts)
    async with stream:
        with anyio.move_on_after(HANDSHAKE_S) as patience:
            framing = await _framing(parts, stream)
            remote = Remote(stream, framing)
            await remote.begin(hello)
        if patience.cancelled_caught:
            raise ServerLost(f"{url} did not answer within {HANDSHAKE_S:g} s")
        error: BaseException | None = None
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(remote.pump)
                try:
                    await remote.look()
                    yield remote
                except BaseException as raised:
                    error = raised
                    raise
                finally:
                    remote.close()
                    tasks.cancel_scope.cancel()
        except BaseExceptionGroup:
            if error is None:
                raise
            raise error from error.__cause__  # the block's own, not in a group


def _parsed(url: str) -> SplitResult:
    parts = urlsplit(url if "://" in url else f"tcp://{url}")
    try:
        usable = parts.scheme in ("tcp", "ws") and parts.hostname and (parts.port or 1)
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(f"{url!r} is no address of a server: tcp://HOST:PORT or ws://HOST:PORT")
    return parts


async def _dial(parts: SplitResult) -> anyio.abc.SocketStream:
    host, port = str(parts.hostname), parts.port or DEFAULT_PORT
    try:
        with anyio.fail_after(HANDSHAKE_S):
            return await anyio.connect_tcp(host, port)
    except (OSError, TimeoutError) as error:
        raise ServerLost(f"nothing answers at {host}, port {port}: {error}") from None


async def _framing(parts: SplitResult, stream: anyio.abc.SocketStream) -> Framing:
    """Shake hands as the URL's protocol has it."""
    if parts.scheme == "tcp":
        return TcpFraming(MAX_SERVER_BYTES)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    url = f"ws://{host}:{parts.port or DEFAULT_PORT}{parts.path or '/'}"
    protocol = client_protocol(url, MAX_SERVER_BYTES)
    protocol.send_request(protocol.connect())
    await stream.send(b"".join(protocol.data_to_send()))
    while protocol.handshake_exc is None and protocol.state.name == "CONNECTING":
        try:
            protocol.receive_data(await stream.receive())
        except anyio.EndOfStream:
            protocol.receive_eof()
    if protocol.handshake_exc is not None:
        raise ServerLost(f"{url} is no server of spinnlive: {protocol.handshake_exc}")
    return WebSocketFraming(protocol)
