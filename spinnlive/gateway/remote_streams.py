"""The streams of a live run that another process serves: bounded and counted as the live run's own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, Protocol, TypeVar

import anyio
import numpy as np
from numpy.typing import NDArray

from spinnlive.errors import UsageError
from spinnlive.live.clock import ClockReading
from spinnlive.live.spikes import SpikeBatch
from spinnlive.live.streams import StreamStatistics
from spinnlive.live.weights import WeightSnapshot
from spinnlive.wire import stream_messages as messages

T = TypeVar("T")


class Subscriber(Protocol):
    """Who subscribes for a stream: the connection."""

    async def subscribe(self, remote_stream: RemoteStream[Any]) -> int:
        """Ask for the stream; give its channel."""

    async def unsubscribe(self, remote_stream: RemoteStream[Any], channel: int) -> None:
        """Take no more of it."""


class RemoteStream(Generic[T]):
    """An async stream; read it with ``async for`` inside ``async with``, which subscribes.

    ``target`` is the label of what it is of. When it is read too slowly the oldest batches go, and
    are counted (`statistics`). It ends when the live run is closed there. Cancelling a read loses
    nothing. Raises what the live run raises for such a stream, and `ServerLost`.
    """

    def __init__(
        self,
        subscriber: Subscriber,
        what: str,
        target: str | None,
        every_ms: float | None,
        buffer: int,
        make: Callable[[Any, RemoteStream[Any]], T],
    ) -> None:
        if not isinstance(buffer, int) or buffer < 1:
            raise UsageError(f"buffer is {buffer!r}; it is a whole number of batches, at least 1")
        self.what = what
        self.target = target
        self.every_ms = every_ms
        self._subscriber = subscriber
        self._make = make
        self._room = buffer
        self._held: deque[Any] = deque()
        self._come = anyio.Event()
        self._channel: int | None = None
        self._ended = False
        self._error: BaseException | None = None
        self._delivered = 0
        self._dropped = 0
        self._peak = 0

    def put(self, message: Any) -> None:
        """Add a message; for the connection."""
        if len(self._held) == self._room:
            self._held.popleft()
            self._dropped += 1
        self._held.append(message)
        self._peak = max(self._peak, len(self._held))
        self._come.set()

    def end(self, error: BaseException | None) -> None:
        """No more will come; for the connection."""
        if not self._ended:
            self._ended = True
            self._error = error
            self._come.set()

    def statistics(self) -> StreamStatistics:
        """Give the counts so far, in batches."""
        return StreamStatistics(self._delivered, self._dropped, self._peak)

    def __aiter__(self) -> RemoteStream[T]:
        return self

    async def __anext__(self) -> T:
        if self._channel is None:
            await self._subscribe()
        while not self._held:
            if self._ended:
                if self._error is not None:
                    raise self._error
                raise StopAsyncIteration
            self._come = anyio.Event()
            await self._come.wait()
        self._delivered += 1
        return self._make(self._held.popleft(), self)

    async def __aenter__(self) -> RemoteStream[T]:
        await self._subscribe()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end(None)
        self._held.clear()
        if self._channel is not None:
            await self._subscriber.unsubscribe(self, self._channel)

    async def _subscribe(self) -> None:
        self._channel = await self._subscriber.subscribe(self)


@dataclass(frozen=True, slots=True)
class CountsWindow:
    """Spikes of each neuron of a population in the ``ticks`` ticks from ``tick`` on."""

    label: str
    tick: int
    ticks: int
    time_ms: float
    counts: NDArray[np.uint32]


def spike_batch(message: messages.Spikes, of: RemoteStream[Any]) -> SpikeBatch:
    """Give what a live run's own stream gives."""
    return SpikeBatch(
        str(of.target),
        message.tick,
        message.time_ms,
        message.ids.astype(np.int32),
        message.received_s,
    )


def counts_window(message: messages.Counts, of: RemoteStream[Any]) -> CountsWindow:
    """Give the window with its population's label."""
    return CountsWindow(
        str(of.target), message.tick, message.ticks, message.time_ms, message.counts
    )


def weight_snapshot(message: messages.Weights, of: RemoteStream[Any]) -> WeightSnapshot:
    """Give what a live run's own stream gives."""
    return WeightSnapshot(
        label=str(of.target),
        tick=message.tick,
        tick_after=message.tick_after,
        time_ms=message.time_ms,
        pre=message.pre.astype(np.int64),
        post=message.post.astype(np.int64),
        weights=message.weights,
        delays_ms=message.delays_ms,
        unit=message.unit,
        shape=(message.pre_size, message.post_size),
    )


def clock_reading(message: messages.Clock, of: RemoteStream[Any]) -> ClockReading:
    """Give what the live run's clock gives; ``host_s`` is the server's clock."""
    return ClockReading(message.host_s, message.position, message.uncertainty, message.board_speed)


def numbers(message: messages.Telemetry, of: RemoteStream[Any]) -> dict[str, float]:
    """Give the numbers by name."""
    return dict(message.values)
