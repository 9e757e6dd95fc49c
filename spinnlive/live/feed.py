"""Streams that a task fills: weights, voltages, clock and telemetry readings.

`fed` makes the stream and starts its task. The task holds the stream weakly, through a `Feed`: a
stream that its reader has forgotten ends, and its task with it.
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import trio

from spinnlive.errors import SpinnliveError
from spinnlive.live.streams import Policy, Stream

T = TypeVar("T")


class Feed(Generic[T]):
    """What a filling task has of its stream. The task is cancelled when the stream is closed or
    forgotten, so it need not look for that itself."""

    def __init__(self, stream: Stream[T]) -> None:
        self._stream = weakref.ref(stream)
        self._waits = stream.policy == "block"

    async def wanted(self) -> None:
        """Wait until a batch is wanted: with policy ``block`` until the reader asks for one, else
        not at all."""
        await trio.lowlevel.checkpoint()
        while self._waits:
            stream = self._stream()
            if stream is None or stream.asked:
                return
            waiting = stream.changed
            del stream  # else waiting for the reader would keep alive what no reader has
            await waiting.park()

    def put(self, batch: T) -> None:
        """Add a batch."""
        stream = self._stream()
        if stream is not None:
            stream.put(batch)

    def missed(self, batches: int) -> None:
        """Count batches that were not made because the reader was slow."""
        stream = self._stream()
        if stream is not None:
            stream.missed(batches)


def fed(
    nursery: trio.Nursery,
    policy: Policy,
    buffer: int,
    source: Callable[[Feed[T]], Awaitable[None]],
) -> Stream[T]:
    """Make a stream and have ``source(feed)`` fill it in a task of ``nursery``.

    The stream ends when ``source`` returns; with the error when it raises a `SpinnliveError`. Any
    other error is one of ours and goes to the nursery.
    """
    scope = trio.CancelScope()
    stream: Stream[T] = Stream(policy, buffer, lambda closed: scope.cancel())
    feed = Feed(stream)
    # garbage may be collected in any thread
    token = trio.lowlevel.current_trio_token()
    weakref.finalize(stream, _cancel_from_anywhere, token, scope).atexit = False
    nursery.start_soon(_fill, weakref.ref(stream), feed, source, scope)
    return stream


async def _fill(
    stream: weakref.ref[Stream[T]],
    feed: Feed[T],
    source: Callable[[Feed[T]], Awaitable[None]],
    scope: trio.CancelScope,
) -> None:
    error: SpinnliveError | None = None
    try:
        with scope:
            await source(feed)
    except SpinnliveError as raised:
        error = raised
    finally:
        left = stream()
        if left is not None:
            left.end(error)


def _cancel_from_anywhere(token: trio.lowlevel.TrioToken, scope: trio.CancelScope) -> None:
    with contextlib.suppress(trio.RunFinishedError):
        token.run_sync_soon(scope.cancel)
