"""The one thread in which sPyNNaker works, and what cancellation means for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import trio

from spinnlive.errors import ToolchainError

T = TypeVar("T")

STOP_RETRY_S = 0.02
"""Pause between requests to stop (seconds): a run may not have come far enough to be stopped."""


class Worker:
    """Runs blocking calls one after the other, in tasks of ``nursery``, which must not be cancelled
    before them.

    sPyNNaker keeps global state, so there is never a second call beside the first.
    """

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery
        self._limiter = trio.CapacityLimiter(1)
        self._abandoned = False

    async def call(
        self,
        function: Callable[..., T],
        *args: Any,
        patience_s: Callable[[], float],
        stop: Callable[[], bool] | None = None,
    ) -> T:
        """Call ``function(*args)`` in the thread and give its result or raise its error.

        A cancelled call asks ``stop`` until the thread is done, at most ``patience_s()`` seconds:
        sPyNNaker reads the results back before it returns. A thread that
        is not done by then is abandoned; it ends with the process, and every later call raises
        `ToolchainError`.
        """
        if self._abandoned:
            raise ToolchainError(
                "sPyNNaker did not come back from an earlier call, because its board did not "
                "answer; its state is lost: start a new process"
            )
        job = _Job(function, args)
        self._nursery.start_soon(job.run, self._limiter)
        try:
            await job.done.wait()
        except trio.Cancelled:
            with trio.CancelScope(shield=True), trio.move_on_after(patience_s()):
                await _until_over(job, stop)
            if not job.done.is_set():
                self._abandoned = True
                job.scope.cancel()
            raise
        if job.error is not None:
            raise job.error
        return job.result  # type: ignore[no-any-return]


class _Job:
    """One call on its way."""

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.done = trio.Event()
        self.scope = trio.CancelScope(shield=True)
        self.result: Any = None
        self.error: Exception | None = None
        self._function = function
        self._args = args

    async def run(self, limiter: trio.CapacityLimiter) -> None:
        with self.scope:
            try:
                self.result = await trio.to_thread.run_sync(
                    self._function, *self._args, abandon_on_cancel=True, limiter=limiter
                )
            except Exception as error:
                self.error = error
        self.done.set()


async def _until_over(job: _Job, stop: Callable[[], bool] | None) -> None:
    """Ask again and again: what is asked before the call has begun, it forgets when it begins."""
    while not job.done.is_set():
        if stop is not None:
            stop()
        with trio.move_on_after(STOP_RETRY_S):
            await job.done.wait()
