"""Event cameras: SPIF words over UDP become injected spikes, and live spikes become SPIF words."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

import numpy as np
import trio
from numpy.typing import ArrayLike, NDArray

from spinnlive.errors import AddressInUse, RunStateError, UsageError
from spinnlive.live.services import services
from spinnlive.live.spikes import SpikeBatch
from spinnlive.live.streams import Stream
from spinnlive.wire import MalformedPacket
from spinnlive.wire.spif import MAX_COORDINATE, SpifDecoder, encode_spif

Polarity = Literal["drop", "on", "off", "both"]
"""Which events count, and as which neuron. ``drop``: all, pixel x, y is neuron y * width + x whatever
its polarity, as in sPyNNaker's SPIF devices. ``on``, ``off``: only those. ``both``: off events are
neurons width * height higher."""

MAX_DATAGRAM = 2048
"""How much is read of a datagram (bytes): SPIF boards take 1024, AEStream sends up to 512."""

RECEIVE_BUFFER = 4 << 20
"""Kernel buffer asked for (bytes)."""

DRAIN = 64
"""Most datagrams read on one wake-up."""

WAITING = 1 << 16
"""Most spikes that wait for the board; older ones are dropped for newer ones, and counted."""


@dataclass(frozen=True, slots=True)
class SpifStatistics:
    """Counts of a camera's input so far.

    Of ``events`` that came, ``injected`` went to the board; ``dropped`` were too many for it,
    ``outside`` the camera's pixels, ``filtered`` of a polarity that is not wanted, ``stale`` (see
    `spinnlive.wire.spif`). ``malformed`` counts datagrams.
    """

    datagrams: int
    events: int
    injected: int
    dropped: int
    outside: int
    filtered: int
    stale: int
    malformed: int


class Sender(Protocol):
    """An injector, as far as a camera needs it."""

    @property
    def label(self) -> str:
        """The population's."""

    @property
    def size(self) -> int:
        """Its neurons."""

    async def send(self, neuron_ids: ArrayLike) -> None:
        """Make these neurons fire."""


class SpifInput:
    """A camera's way into a SpikeInjector; made by `LiveRun.connect_spif`. ``port`` is where it
    listens."""

    def __init__(
        self,
        sock: socket.socket,
        injector: Sender,
        size: tuple[int, int],
        polarity: Polarity,
    ) -> None:
        self.port: int = sock.getsockname()[1]
        self._sock = sock
        self._injector = injector
        self._width, self._height = size
        self._polarity = polarity
        self._decoders: dict[tuple[str, int], SpifDecoder] = {}
        self._waiting: deque[NDArray[np.int64]] = deque()
        self._waiting_spikes = 0
        self._more = trio.Event()
        self._counts = dict.fromkeys(SpifStatistics.__slots__, 0)

    def statistics(self) -> SpifStatistics:
        """Give the counts so far."""
        return SpifStatistics(**self._counts)

    async def receive(self) -> None:
        """Read datagrams until cancelled."""
        while True:
            await trio.lowlevel.wait_readable(self._sock)
            for _ in range(DRAIN):
                try:
                    datagram, sender = self._sock.recvfrom(MAX_DATAGRAM)
                except (BlockingIOError, ConnectionRefusedError):
                    break
                self.take(datagram, sender)
            await trio.lowlevel.checkpoint()

    def take(self, datagram: bytes, sender: tuple[str, int]) -> None:
        """Turn one datagram into spikes that wait."""
        if sender not in self._decoders:
            self._decoders.clear()  # a camera at a time; it remembers one datagram of it
            self._decoders[sender] = SpifDecoder()
        self._counts["datagrams"] += 1
        try:
            events = self._decoders[sender].decode(datagram)
        except MalformedPacket:
            self._counts["malformed"] += 1
            return
        self._counts["events"] += len(events.x)
        self._counts["stale"] += events.stale
        inside = (events.x < self._width) & (events.y < self._height)
        wanted = inside
        if self._polarity in ("on", "off"):
            wanted = inside & (events.polarity == (self._polarity == "on"))
        self._counts["outside"] += len(inside) - int(np.count_nonzero(inside))
        self._counts["filtered"] += int(np.count_nonzero(inside)) - int(np.count_nonzero(wanted))
        ids = events.y[wanted].astype(np.int64) * self._width + events.x[wanted]
        if self._polarity == "both":
            ids = ids + ~events.polarity[wanted] * (self._width * self._height)
        if len(ids):
            self._put(ids)

    async def inject(self) -> None:
        """Send what waits until cancelled, or until the live run ends."""
        while True:
            await self._more.wait()
            self._more = trio.Event()
            while self._waiting:
                ids = np.concatenate(list(self._waiting))
                self._waiting.clear()
                self._waiting_spikes = 0
                try:
                    await self._injector.send(ids)
                except RunStateError:
                    return
                self._counts["injected"] += len(ids)

    def _put(self, ids: NDArray[np.int64]) -> None:
        self._waiting.append(ids)
        self._waiting_spikes += len(ids)
        while self._waiting_spikes > WAITING and len(self._waiting) > 1:
            old = len(self._waiting.popleft())
            self._waiting_spikes -= old
            self._counts["dropped"] += old
        self._more.set()


@asynccontextmanager
async def spif_input(
    injector: Sender, host: str, port: int, width: int, height: int, polarity: Polarity
) -> AsyncIterator[SpifInput]:
    """Let a camera's events fire an injector's neurons while the block lasts; see
    `LiveRun.connect_spif`."""
    if polarity not in get_args(Polarity):
        raise UsageError(f"polarity is {polarity!r}; it is one of {', '.join(get_args(Polarity))}")
    for name, value in (("width", width), ("height", height)):
        if not isinstance(value, int) or not 1 <= value <= MAX_COORDINATE + 1:
            raise UsageError(f"{name} is {value!r}; it is a whole number of pixels, 1 to 32768")
    needed = width * height * (2 if polarity == "both" else 1)
    if injector.size < needed:
        raise UsageError(
            f"population {injector.label!r} has {injector.size} neurons; a camera of {width} by "
            f"{height} pixels with polarity {polarity!r} needs {needed}"
        )
    with _bound(host, port) as sock:
        async with services() as nursery:
            camera = SpifInput(sock, injector, (width, height), polarity)
            nursery.start_soon(camera.receive)
            nursery.start_soon(camera.inject)
            yield camera


async def spif_output(stream: Stream[SpikeBatch], host: str, port: int, width: int) -> None:
    """Send a stream's spikes as SPIF words until it ends: neuron n is the event at x = n mod width,
    y = n div width, with polarity 1; see `LiveRun.send_spif`."""
    if not isinstance(width, int) or width < 1:
        raise UsageError(f"width is {width!r}; it is a whole number of pixels, at least 1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        try:
            sock.connect((host, port))
        except OSError as error:
            raise UsageError(f"nothing can be sent to {host}, port {port}: {error}") from None
        async with stream:
            async for batch in stream:
                y, x = np.divmod(batch.neuron_ids, width)
                for datagram in encode_spif(x, y, np.ones(len(x), bool)):
                    await _send(sock, datagram)


async def _send(sock: socket.socket, datagram: bytes) -> None:
    while True:
        try:
            sock.send(datagram)
            return
        except BlockingIOError:
            await trio.lowlevel.wait_writable(sock)
        except ConnectionRefusedError:
            return  # nobody listens there yet: so it is with UDP


def _bound(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        sock.bind((host, port))
    except (OSError, OverflowError) as error:
        sock.close()
        raise AddressInUse(
            f"no camera can be listened to at {host}, UDP port {port}: {error}"
        ) from None
    return sock
