"""The server around a live run: listens, keeps its clients off the loop, ends in good order."""

from __future__ import annotations

import contextlib
import errno
import logging
import socket
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import trio

from spinnlive.errors import AddressInUse, UsageError
from spinnlive.gateway.access import arrange_access
from spinnlive.gateway.channels import Channels
from spinnlive.gateway.connections import HEARTBEAT_S, Connection, House
from spinnlive.gateway.counts import Counts, GatewayStatistics
from spinnlive.gateway.outgoing import Outgoing
from spinnlive.gateway.pages import read_pages
from spinnlive.gateway.peer import Peer
from spinnlive.gateway.settings import DEFAULT_PORT, Limits, Right
from spinnlive.live.services import services
from spinnlive.wire.stream_messages import Goodbye, Heartbeat

BACKLOG = 64
"""Connections that the kernel keeps until they are accepted."""

CLOSING_S = 2.0
"""How long clients have at the end to take what was sent (seconds)."""

PAUSE_S = 0.1
"""Pause when this process has no file descriptor left for another client (seconds)."""

QUIET_ROUNDS = 3
"""Rounds of the event loop without a new batch after which every stream has been read."""

KEEPALIVE_S = 10
"""Silence after which the kernel asks whether a client's machine is still there (seconds)."""

log = logging.getLogger("spinnlive.gateway")


@asynccontextmanager
async def serve(
    live: Any,
    *,
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    rights: Iterable[Right] | None = None,
    tokens: Mapping[str, Iterable[Right]] | None = None,
    limits: Limits | None = None,
    pages: str | Path | None = None,
    hosts: Iterable[str] = (),
    origins: Iterable[str] = (),
) -> AsyncIterator[Gateway]:
    """Let programs in any language follow a live run, and act on it, while the block lasts.

    Inside ``async with open_live(...) as live``. ``host``, ``port``: where to listen, TCP and
    WebSocket alike; port 0 takes a free one (`Gateway.url` says which). ``rights`` of whoever has
    no token, on this machine alone: ``"read"`` (all they have unless told otherwise), ``"inject"``,
    ``"control"``. ``tokens`` gives each its rights; beyond loopback everybody needs one. ``pages``:
    a folder or package of files to answer HTTP with. ``hosts``: names under which HTTP clients may
    reach this server besides addresses and localhost; ``origins``: web pages of other servers, such
    as ``"https://lab.example"``, that may connect.

    Clients cannot slow the live run down: who reads too slowly or breaks a limit is dropped, see
    `Gateway.statistics`. When the block is left they get what was still to be sent, and a goodbye;
    so too when it is cancelled.

    Raises `UsageError` for settings that are not safe, `AddressInUse` when the port is taken.
    """
    access = arrange_access(host, rights, tokens or {}, hosts, origins)
    found = read_pages(pages)
    listener = _listen(host, port)
    with contextlib.closing(listener):
        async with services() as nursery:
            counts = Counts()
            limits = limits or Limits()
            channels = Channels(live, limits, nursery, counts)
            house = House(live, _name(), access, limits, found, channels, counts)
            gateway = Gateway(house, listener)
            nursery.start_soon(gateway.listen, nursery)
            nursery.start_soon(gateway.beat)
            try:
                yield gateway
            finally:
                with trio.CancelScope(shield=True):
                    await gateway.close()


class Gateway:
    """A server; made by `serve`. ``host`` and ``port`` are where it listens."""

    def __init__(self, house: House, listener: socket.socket) -> None:
        self.host, self.port = listener.getsockname()[:2]
        self._house = house
        self._listener = listener
        self._connections: set[Connection] = set()
        self._closing = False
        self._empty = trio.Event()

    @property
    def url(self) -> str:
        """What `spinnlive.connect` takes."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"tcp://{host}:{self.port}"

    def statistics(self) -> GatewayStatistics:
        """Give the counts so far."""
        return self._house.counts.statistics()

    async def listen(self, nursery: trio.Nursery) -> None:
        """Take clients in until cancelled."""
        while True:
            await trio.lowlevel.wait_readable(self._listener)
            try:
                sock, address = self._listener.accept()
            except (BlockingIOError, ConnectionError):
                continue
            except OSError as error:
                if error.errno not in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                    raise
                await trio.sleep(PAUSE_S)
                continue
            self._house.counts.accepted += 1
            if self._closing or len(self._connections) >= self._house.limits.clients:
                self._turn_away(sock)
            else:
                nursery.start_soon(self._serve, sock, f"{address[0]}:{address[1]}")
            await trio.lowlevel.checkpoint()

    async def beat(self) -> None:
        """Let every client hear from us, until cancelled."""
        while True:
            await trio.sleep(HEARTBEAT_S)
            clock = self._house.live.clock
            beat = Outgoing(Heartbeat(clock.now, clock.tick, clock.running))
            for connection in self._connections:
                if connection.welcomed:
                    connection.peer.send(beat)

    async def close(self) -> None:
        """Say goodbye to everybody once they have what is still to be sent."""
        self._closing = True
        await self._drain()
        for connection in self._connections:
            connection.peer.drop("closed", "the live run is over", keep=True)
        if self._connections:
            with trio.move_on_after(CLOSING_S):
                await self._empty.wait()

    async def _drain(self) -> None:
        """Wait until all that the live run has delivered is on its way."""
        quiet, seen = 0, self._house.counts.encoded
        while quiet < QUIET_ROUNDS:
            await trio.lowlevel.checkpoint()
            quiet = quiet + 1 if seen == self._house.counts.encoded else 0
            seen = self._house.counts.encoded

    async def _serve(self, sock: socket.socket, address: str) -> None:
        _arrange(sock)
        counts = self._house.counts
        peer = Peer(sock, address, self._house.limits, counts)
        connection = Connection(self._house, peer)
        self._connections.add(connection)
        counts.clients += 1
        try:
            await connection.run()
        finally:
            self._house.channels.leave(peer)
            peer.close()
            counts.clients -= 1
            self._connections.discard(connection)
            if peer.reason and peer.reason != "closed":
                # not a warning: who connects again and again would fill the terminal with them
                log.info("client %s %s was dropped: %s", address, peer.name, peer.reason)
            if not self._connections:
                self._empty.set()

    def _turn_away(self, sock: socket.socket) -> None:
        code = "closed" if self._closing else "too_many_clients"
        self._house.counts.dropped[code] += 1
        goodbye = Goodbye(code, f"there are {self._house.limits.clients} clients at most")
        with contextlib.closing(sock), contextlib.suppress(OSError):
            sock.setblocking(False)
            sock.send(Outgoing(goodbye).tcp)
            sock.shutdown(socket.SHUT_WR)
            sock.recv(1 << 16)  # what is not read would make the kernel take the goodbye back


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, OverflowError) as error:
        raise UsageError(f"cannot listen on {host!r}, port {port}: {error}") from None
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setblocking(False)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise AddressInUse(
                f"port {port} on {host} is taken: choose another, or port 0 for any that is free"
            ) from None
        raise UsageError(f"cannot listen on {host}, port {port}: {error.strerror}") from None
    return listener


def _arrange(sock: socket.socket) -> None:
    """Send at once, and notice when the machine behind the socket is gone."""
    sock.setblocking(False)
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option in ("TCP_KEEPIDLE", "TCP_KEEPINTVL"):
            if hasattr(socket, option):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), KEEPALIVE_S)


def _name() -> str:
    try:
        return f"spinnlive {version('spinnlive')}"
    except PackageNotFoundError:  # run from a folder that was never installed
        return "spinnlive"
