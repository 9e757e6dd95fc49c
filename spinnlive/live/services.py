"""Background tasks that outlast cancellation, and errors that come out as themselves.

A live run that is cancelled still has to answer the tool chain while the network is being stopped,
so its sockets must not be cancelled with it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio


@asynccontextmanager
async def services() -> AsyncIterator[trio.Nursery]:
    """Give a nursery whose tasks run until the block is left, whatever is cancelled around it.

    An error of the block comes out as it is, not in a group. An error of a task cancels the block
    and comes out instead.
    """
    error_of_block: BaseException | None = None
    try:
        async with trio.open_nursery() as outer:
            inner = await outer.start(_shielded, outer.cancel_scope)
            try:
                yield inner
            except BaseException as error:
                error_of_block = error
                raise
            finally:
                inner.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        if error_of_block is not None and not _only_cancelled(error_of_block):
            raise error_of_block from error_of_block.__cause__
        failure: BaseException = group
        while isinstance(failure, BaseExceptionGroup) and len(failure.exceptions) == 1:
            failure = failure.exceptions[0]  # one group for each of the two nurseries
        raise failure from failure.__cause__


async def _shielded(block: trio.CancelScope, task_status: trio.TaskStatus[trio.Nursery]) -> None:
    async with trio.open_nursery() as nursery:
        task_status.started(nursery)
        # cancelled by now, it was not started: to be shielded would be to hang for ever
        await trio.lowlevel.checkpoint_if_cancelled()
        nursery.cancel_scope.shield = True
        try:
            await trio.sleep_forever()
        finally:
            # A task has failed, or the block is over. A failure must not wait here for the other
            # tasks: one may be a run without end, and it is the block that stops it.
            block.cancel()


def _only_cancelled(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return all(_only_cancelled(inner) for inner in error.exceptions)
    return isinstance(error, trio.Cancelled)
