"""The way to the boards of a spalloc job where only the service's proxy can reach them.

A link (`spinnlive.boards.link`) is one end of a pair of sockets; the other end is served here, over
a channel of the proxy (`spinnlive.wire.proxy`). The pair is nobody else's: a UDP port of this host
would let every program on it command the job's boards.
"""

from __future__ import annotations

import itertools
import socket
from collections import deque
from collections.abc import Mapping
from urllib.parse import urlsplit

import trio

from spinnlive import wire
from spinnlive.boards.proxy_job import ProxyJob, proxy_url
from spinnlive.boards.websocket import WebSocket, WebSocketLost, open_websocket
from spinnlive.errors import BoardUnreachable
from spinnlive.wire import proxy as frames

Chip = tuple[int, int]

PING_S = 30.0
"""Pause between pings (seconds); as SpiNNMan does it."""

MAX_DATAGRAM = 2048
"""How much is taken of a datagram (bytes): more than the service itself takes of one."""

MOST_AT_ONCE = 64
"""Datagrams of a link that are sent together."""

BACKLOG = 4 << 20
"""Most bytes that wait for a reader of live spikes, as much as a socket of a board's is asked to
hold; what comes then is lost, and counted as lost in the network."""


async def open_proxy(job: ProxyJob, chips: Mapping[str, Chip], nursery: trio.Nursery) -> Proxy:
    """Connect to the proxy of a job and serve its links in ``nursery``.

    ``chips`` gives the Ethernet chip of each address that links will be asked for. Raises
    `BoardUnreachable` when the service or its proxy cannot be reached, or will not have us.
    """
    host = urlsplit(job.job_url).hostname or job.job_url
    url = await trio.to_thread.run_sync(proxy_url, job)
    cookies = "; ".join(f"{name}={value}" for name, value in job.cookies.items())
    try:
        connected = await open_websocket(
            url, {**job.headers, "Cookie": cookies}, host, frames.MAX_FRAME
        )
    except WebSocketLost as error:
        raise BoardUnreachable(f"spalloc's proxy {url} cannot be used: {error}") from error
    proxy = Proxy(connected, host, chips)
    nursery.start_soon(proxy.run)
    return proxy


class Proxy:
    """A `Link` to every board of a job; `run` must be running."""

    def __init__(self, connected: WebSocket, name: str, chips: Mapping[str, Chip]) -> None:
        self._connected = connected
        self._name = name
        self._chips = chips
        self._correlations = itertools.count()
        self._channels: set[_Channel] = set()
        self._asked: dict[int, _Channel] = {}
        self._open: dict[int, _Channel] = {}
        self._new, self._wanted = trio.open_memory_channel[_Channel](1 << 10)
        self._troubles: dict[str, str] = {}
        self._lost: str | None = None

    def __call__(self, address: str) -> socket.socket:
        """See `Link`. What is sent before the channel is open waits for it."""
        chip = self._chips.get(address)
        if chip is None:
            raise BoardUnreachable(f"the spalloc job at {self._name} has no board {address}")
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for each in (ours, theirs):
            each.setblocking(False)
        self._new.send_nowait(_Channel(address, chip, ours))
        return theirs

    def trouble(self, address: str) -> str | None:
        """See `Link`."""
        return self._lost or self._troubles.get(address)

    async def run(self) -> None:
        """Serve every link until cancelled. When the connection is lost the boards are silent, and
        `trouble` says why."""
        try:
            await self._serve()
            async with trio.open_nursery() as nursery:
                for channel in self._channels:
                    nursery.start_soon(channel.discard)
                async for channel in self._wanted:
                    self._channels.add(channel)
                    nursery.start_soon(channel.discard)
        finally:
            for channel in self._channels:
                channel.close()

    async def _serve(self) -> None:
        """Carry datagrams until the connection is lost."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._receive)
                nursery.start_soon(self._ping)
                async for channel in self._wanted:
                    self._channels.add(channel)
                    nursery.start_soon(self._carry, channel)
        except* WebSocketLost as lost:
            self._lost = f"spalloc's proxy at {self._name} is gone: {_first(lost)}"
        finally:
            await self._connected.aclose()

    async def _ping(self) -> None:
        while True:
            await trio.sleep(PING_S)
            await self._connected.ping()

    async def _receive(self) -> None:
        while True:
            for message in await self._connected.receive():
                try:
                    frame = frames.decode_frame(message)
                except wire.MalformedPacket:
                    continue  # as a datagram that makes no sense would be dropped
                self._take(frame)

    def _take(self, frame: frames.ProxyFrame) -> None:
        if isinstance(frame, frames.ChannelMessage):
            channel = self._open.get(frame.channel)
            if channel is not None:
                channel.deliver(frame.datagram)
        elif isinstance(frame, frames.ChannelOpened):
            channel = self._asked.pop(frame.correlation, None)
            if channel is not None:
                channel.number = frame.channel
                self._open[frame.channel] = channel
                channel.answered.set()
        elif isinstance(frame, frames.ChannelRefused):
            channel = self._asked.pop(frame.correlation, None)
            if channel is not None:
                self._troubles[channel.address] = (
                    f"spalloc's proxy at {self._name} will not reach it: {frame.reason}"
                )
                channel.answered.set()

    async def _carry(self, channel: _Channel) -> None:
        """Open a channel and carry what its user sends, until the user closes the link."""
        correlation = next(self._correlations)
        self._asked[correlation] = channel
        opening = frames.encode_open(correlation, *channel.chip, wire.SCP_UDP_PORT)
        await self._connected.send([opening])
        await channel.answered.wait()
        if channel.number is None:
            await channel.discard()
            return
        async with trio.open_nursery() as nursery:
            nursery.start_soon(channel.feed)
            while datagrams := await channel.sent():
                await self._connected.send(
                    [frames.encode_message(channel.number, each) for each in datagrams]
                )
            nursery.cancel_scope.cancel()
        channel.close()
        self._channels.remove(channel)
        del self._open[channel.number]
        await self._connected.send([frames.encode_close(next(self._correlations), channel.number)])


def _first(group: BaseExceptionGroup[WebSocketLost]) -> BaseException:
    """Give the first error in a group, however deep."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


class _Channel:
    """Our end of a link: to the board at ``address``, through the proxy's channel ``number`` once
    that is open."""

    def __init__(self, address: str, chip: Chip, sock: socket.socket) -> None:
        self.address = address
        self.chip = chip
        self.number: int | None = None
        self.answered = trio.Event()
        self._sock = sock
        self._backlog: deque[bytes] = deque()
        self._backlog_bytes = 0
        self._pressed = trio.Event()

    def close(self) -> None:
        """Close our end."""
        self._sock.close()

    async def sent(self) -> list[bytes]:
        """Wait for datagrams of the user; give those that there are, none once the user has closed
        the link."""
        await trio.lowlevel.wait_readable(self._sock)
        datagrams: list[bytes] = []
        while len(datagrams) < MOST_AT_ONCE:
            try:
                datagram = self._sock.recv(MAX_DATAGRAM)
            except BlockingIOError:
                break
            except ConnectionResetError:
                datagram = b""  # closed with something unread
            if not datagram:
                break
            datagrams.append(datagram)
        return datagrams

    async def discard(self) -> None:
        """Let what the user sends go nowhere, as to a board that is off."""
        while await self.sent():
            pass

    def deliver(self, datagram: bytes) -> None:
        """Give a datagram of the board to the user, or keep it until there is room."""
        if not datagram:
            return  # to a pair of sockets it would mean the end
        if not self._backlog and self._give(datagram):
            return
        if self._backlog_bytes + len(datagram) <= BACKLOG:
            self._backlog.append(datagram)
            self._backlog_bytes += len(datagram)
            self._pressed.set()

    async def feed(self) -> None:
        """Give the user what had to be kept, until cancelled."""
        while True:
            await self._pressed.wait()
            while self._backlog:
                await trio.lowlevel.wait_writable(self._sock)
                while self._backlog and self._give(self._backlog[0]):
                    self._backlog_bytes -= len(self._backlog.popleft())
            self._pressed = trio.Event()

    def _give(self, datagram: bytes) -> bool:
        try:
            self._sock.send(datagram)
        except BlockingIOError:
            return False
        except OSError:
            pass  # the user has closed the link
        return True
