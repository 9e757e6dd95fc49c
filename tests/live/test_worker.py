"""The thread of sPyNNaker: cancelling stops the call and waits for it; a hung one is abandoned."""

from __future__ import annotations

import threading

import pytest
import trio

from spinnlive.errors import ToolchainError
from spinnlive.live.services import services
from spinnlive.live.worker import Worker


class Call:
    """A blocking call that lasts until it is stopped."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.over = threading.Event()
        self.refusals = 2

    def __call__(self) -> str:
        self.begun.set()
        self.over.wait()
        return "done"

    def stop(self) -> bool:
        """Refuse twice, as sPyNNaker does when a run has not come far enough."""
        if self.refusals:
            self.refusals -= 1
            return False
        self.over.set()
        return True


async def test_it_gives_results_and_errors() -> None:
    def fail() -> None:
        raise ToolchainError("no")

    async with services() as background:
        worker = Worker(background)
        assert await worker.call(int, "7", patience_s=lambda: 1.0) == 7
        with pytest.raises(ToolchainError, match="no"):
            await worker.call(fail, patience_s=lambda: 1.0)


async def test_calls_follow_each_other_in_one_thread_at_a_time() -> None:
    running: list[int] = []
    most = 0

    def count() -> None:
        nonlocal most
        running.append(1)
        most = max(most, len(running))
        running.pop()

    async with services() as background:
        worker = Worker(background)
        async with trio.open_nursery() as nursery:
            for _ in range(20):

                async def call() -> None:
                    await worker.call(count, patience_s=lambda: 1.0)

                nursery.start_soon(call)
    assert most == 1


async def test_cancelling_asks_until_it_stops_and_waits_for_the_end() -> None:
    call = Call()
    async with services() as background:
        worker = Worker(background)

        async def run() -> None:
            await worker.call(call, patience_s=lambda: 60.0, stop=call.stop)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(run)
            await trio.to_thread.run_sync(call.begun.wait)
            nursery.cancel_scope.cancel()
        assert call.refusals == 0
        assert call.over.is_set()
        assert await worker.call(int, patience_s=lambda: 1.0) == 0


async def test_a_stop_that_comes_before_the_call_has_begun_is_not_lost() -> None:
    class Forgetful(Call):
        """Forgets when it begins what was asked before, as a run does."""

        def __call__(self) -> str:
            self.over.clear()
            return super().__call__()

    call = Forgetful()
    call.refusals = 0
    async with services() as background:
        worker = Worker(background)
        with trio.fail_after(30), trio.CancelScope() as scope:
            scope.cancel()
            await worker.call(call, patience_s=lambda: 60.0, stop=call.stop)
        assert scope.cancelled_caught
        assert await worker.call(int, patience_s=lambda: 1.0) == 0


async def test_a_hung_call_is_abandoned_and_later_calls_say_so() -> None:
    call = Call()
    async with services() as background:
        worker = Worker(background)

        async def run() -> None:
            await worker.call(call, patience_s=lambda: 0.0, stop=lambda: True)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(run)
            await trio.to_thread.run_sync(call.begun.wait)
            nursery.cancel_scope.cancel()
        with pytest.raises(ToolchainError, match="start a new process"):
            await worker.call(int, patience_s=lambda: 1.0)
    call.over.set()


async def test_background_tasks_outlast_the_cancellation_of_the_block() -> None:
    answered = []

    async def answer(asked: trio.Event, done: trio.Event) -> None:
        await asked.wait()
        answered.append(1)
        done.set()

    with trio.CancelScope() as scope:
        async with services() as background:
            asked, done = trio.Event(), trio.Event()
            background.start_soon(answer, asked, done)
            scope.cancel()
            try:
                await trio.sleep_forever()
            finally:
                with trio.CancelScope(shield=True):
                    asked.set()
                    await done.wait()
    assert answered == [1]


async def test_cancelled_before_they_begin_they_end() -> None:
    with trio.CancelScope() as scope:
        scope.cancel()
        async with services():
            pytest.fail("the block was entered")
    assert scope.cancelled_caught


async def test_errors_of_block_and_of_tasks_come_out_as_themselves() -> None:
    with pytest.raises(ValueError, match="block"):
        async with services():
            raise ValueError("block")

    async def crash() -> None:
        raise KeyError("task")

    with pytest.raises((KeyError, ExceptionGroup)) as caught:
        async with services() as background:
            background.start_soon(crash)
            await trio.sleep_forever()
    assert "task" in repr(caught.value)
