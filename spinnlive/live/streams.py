"""The one contract of what the board sends by itself: bounded, counted, with a named policy for
slow readers.

Every reader has a stream of its own and gets everything. A stream ends when its live run is closed;
what it already holds is still delivered first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, Literal, TypeVar, get_args

import trio

from spinnlive.errors import StreamOverflow, UsageError

T = TypeVar("T")

Policy = Literal["drop_oldest", "latest", "error"]
"""What happens to a batch that finds the buffer full.

``drop_oldest``: the oldest batch goes, and is counted. ``latest``: only the newest batch is kept,
for readers that want the present, not the history; those replaced are counted as dropped.
``error``: the stream ends with `StreamOverflow` after what it holds. There is no ``block``: the
board does not wait, the kernel would drop instead.
"""


@dataclass(frozen=True, slots=True)
class StreamStatistics:
    """What a stream has done so far, in batches: ``delivered`` to its reader, ``dropped``, most
    held at once."""

    delivered: int
    dropped: int
    peak_buffer: int


class Stream(Generic[T]):
    """An async stream of batches: read with ``async for``, best inside ``async with``.

    It takes part from the moment it is made. Cancelling a read loses nothing. Leaving ``async
    with``, `aclose`, or forgetting the stream ends its part.
    """

    def __init__(self, policy: Policy, buffer: int, on_close: Callable[[Stream[T]], None]) -> None:
        if policy not in get_args(Policy):
            raise UsageError(
                f"policy is {policy!r}; it must be one of {', '.join(get_args(Policy))} "
                "(none blocks: the board does not wait for a slow reader)"
            )
        if not isinstance(buffer, int) or buffer < 1:
            raise UsageError(f"buffer is {buffer!r}; it is a whole number of batches, at least 1")
        self._policy = policy
        self._room = 1 if policy == "latest" else buffer
        self._on_close = on_close
        self._held: deque[T] = deque()
        self._waiting = trio.lowlevel.ParkingLot()
        self._ended = False
        self._error: BaseException | None = None
        self._delivered = 0
        self._dropped = 0
        self._peak = 0

    def put(self, batch: T) -> None:
        """Add a batch; for the side that fills the stream."""
        if self._ended:
            return
        if len(self._held) == self._room:
            self._dropped += 1
            if self._policy == "error":
                self.end(
                    StreamOverflow(
                        f"a stream with policy 'error' has no room: its reader is {self._room} "
                        "batches behind. Read faster, or give it a larger buffer or another policy"
                    )
                )
                return
            self._held.popleft()
        self._held.append(batch)
        self._peak = max(self._peak, len(self._held))
        self._waiting.unpark()

    def end(self, error: BaseException | None = None) -> None:
        """End the stream, with an error or without; for the side that fills it."""
        if not self._ended:
            self._ended = True
            self._error = error
            self._waiting.unpark_all()

    def statistics(self) -> StreamStatistics:
        """Give the counts so far."""
        return StreamStatistics(self._delivered, self._dropped, self._peak)

    async def aclose(self) -> None:
        """Take no more part; a reader that waits sees the end."""
        self._held.clear()
        self.end()
        self._on_close(self)
        await trio.lowlevel.checkpoint()

    def __aiter__(self) -> Stream[T]:
        return self

    async def __anext__(self) -> T:
        await trio.lowlevel.checkpoint()
        while not self._held:
            if self._ended:
                if self._error is not None:
                    raise self._error
                raise StopAsyncIteration
            await self._waiting.park()
        self._delivered += 1
        return self._held.popleft()

    async def __aenter__(self) -> Stream[T]:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._held.clear()
        self.end()
        self._on_close(self)
