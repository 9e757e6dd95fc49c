"""Background tasks: one that fails ends the block at once, though another of them still works."""

import pytest
import trio
from trio.testing import MockClock

from spinnlive.live.services import services


async def test_a_failure_cancels_the_block_before_the_other_tasks_are_over(
    autojump_clock: MockClock,
) -> None:
    stopped = trio.Event()
    block_left_at = -1.0

    async def until_stopped() -> None:
        # as the worker's call, which ends only when the block has asked the board to stop
        with trio.CancelScope(shield=True):
            await stopped.wait()

    async def fail() -> None:
        raise KeyboardInterrupt

    started = trio.current_time()
    with pytest.raises(KeyboardInterrupt), trio.move_on_after(1000):
        async with services() as background:
            background.start_soon(until_stopped)
            background.start_soon(fail)
            try:
                async with trio.open_nursery() as nursery:  # so that several are cancelled
                    nursery.start_soon(trio.sleep_forever)
                    await trio.sleep_forever()
            finally:
                block_left_at = trio.current_time()
                stopped.set()
    assert block_left_at == started
