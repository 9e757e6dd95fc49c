"""The one contract of everything that a live run tells: bounded, counted, with a named policy for
slow readers.

Every reader has a stream of its own and gets everything. A stream ends when its live run is closed;
what it already holds is still delivered first. What fills a stream is its *source*: the socket of
the live spikes, or a task that reads weights or the clock (see `spinnlive.live.feed`).
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

Policy = Literal["drop_oldest", "latest", "error", "block"]
"""What happens to a batch that finds the buffer full.

``drop_oldest``: the oldest batch goes, and is counted. ``latest``: only the newest batch is kept,
for readers that want the present, not the history; those replaced are counted as dropped.
``error``: the stream ends with `StreamOverflow` after what it holds. ``block``: the source waits
for the reader. What that means depends on the source: weights are read later; the socket of the
spikes is not read, so every other reader of spikes waits as well, and when the kernel's buffer is
full the kernel drops what the board goes on sending, which is counted as loss.
"""

BUFFER = 1024
"""Batches that a stream of spikes holds unless told otherwise: a second at 1 ms ticks."""


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

    For the side that fills it: `put` never waits; a source that can wait awaits `room` before each
    batch, or makes one only when it is `asked`, and so honours ``block``.
    """

    def __init__(self, policy: Policy, buffer: int, on_close: Callable[[Stream[T]], None]) -> None:
        if policy not in get_args(Policy):
            raise UsageError(
                f"policy is {policy!r}; it must be one of {', '.join(get_args(Policy))}"
            )
        if not isinstance(buffer, int) or isinstance(buffer, bool) or buffer < 1:
            raise UsageError(f"buffer is {buffer!r}; it is a whole number of batches, at least 1")
        self._policy = policy
        self._room = 1 if policy == "latest" else buffer
        self._on_close = on_close
        self._held: deque[T] = deque()
        self._readers: deque[trio.lowlevel.Task] = deque()
        self._sources = trio.lowlevel.ParkingLot()
        self._ended = False
        self._error: BaseException | None = None
        self._delivered = 0
        self._dropped = 0
        self._peak = 0

    @property
    def policy(self) -> Policy:
        """What happens to a batch that finds the buffer full."""
        return self._policy

    @property
    def ended(self) -> bool:
        """Whether nothing more will be added; what is held can still be read."""
        return self._ended

    @property
    def full(self) -> bool:
        """Whether the source is to wait; only ever so with policy ``block``."""
        return self._policy == "block" and not self._ended and len(self._held) >= self._room

    def put(self, batch: T) -> None:
        """Add a batch, without waiting.

        With policy ``block`` nothing is dropped: what a source adds without waiting for `room` goes
        beyond the buffer.
        """
        if self._ended:
            return
        held = self._held
        if len(held) >= self._room and self._policy != "block":
            self._dropped += 1
            if self._policy == "error":
                self.end(
                    StreamOverflow(
                        f"a stream with policy 'error' has no room: its reader is {self._room} "
                        "batches behind. Read faster, or give it a larger buffer or another policy"
                    )
                )
                return
            held.popleft()
        held.append(batch)
        if len(held) > self._peak:
            self._peak = len(held)
        self._wake_one()

    def missed(self, batches: int) -> None:
        """Count batches that were not even made, because the reader was slow, as dropped."""
        self._dropped += batches

    async def room(self) -> None:
        """Wait while the stream is `full`; returns at once for every policy but ``block``, and when
        the stream has ended."""
        while self.full:
            await self.changed.park()

    @property
    def asked(self) -> bool:
        """Whether a reader waits for a batch, or nobody needs one any more."""
        return self._ended or (not self._held and bool(self._readers))

    @property
    def changed(self) -> trio.lowlevel.ParkingLot:
        """Where a source parks until `full` or `asked` may have changed."""
        return self._sources

    def end(self, error: BaseException | None = None) -> None:
        """End the stream, with an error or without; for the side that fills it."""
        if not self._ended:
            self._ended = True
            self._error = error
            while self._readers:
                self._wake_one()
            self._sources.unpark_all()

    def statistics(self) -> StreamStatistics:
        """Give the counts so far."""
        return StreamStatistics(self._delivered, self._dropped, self._peak)

    def take(self) -> list[T]:
        """Give all that is held, without waiting: after `LiveRun.step`, all of that step."""
        taken = list(self._held)
        self._held.clear()
        self._delivered += len(taken)
        self._sources.unpark_all()
        return taken

    async def aclose(self) -> None:
        """Take no more part; a reader that waits sees the end."""
        self._close()
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
            self._sources.unpark_all()
            await self._sleep()
        self._delivered += 1
        batch = self._held.popleft()
        if self._sources:
            self._sources.unpark_all()
        if self._held:
            self._wake_one()
        return batch

    async def __aenter__(self) -> Stream[T]:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    @trio.lowlevel.enable_ki_protection
    async def _sleep(self) -> None:
        """Wait for `_wake_one`, in the order of those who came. It is what a ``ParkingLot`` does, in half the time,
        which every reflex of a robot waits for."""
        task = trio.lowlevel.current_task()
        self._readers.append(task)

        def abort(_: object) -> trio.lowlevel.Abort:
            self._readers.remove(task)
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(abort)

    @trio.lowlevel.enable_ki_protection
    def _wake_one(self) -> None:
        if self._readers:
            trio.lowlevel.reschedule(self._readers.popleft())

    def _close(self) -> None:
        self._on_close(self)
        self._held.clear()
        self.end()
