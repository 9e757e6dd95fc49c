"""Streams that a task fills: read ahead or only when asked, ended and cancelled with their stream."""

from __future__ import annotations

import gc

import pytest
import trio
import trio.testing

from spinnlive.errors import BoardLost
from spinnlive.live.feed import Feed, fed


class Counter:
    """A source of numbers that waits for nobody but the feed; ``limit`` of them, or one that raises
    ``error``."""

    def __init__(self, limit: int, error: Exception | None = None) -> None:
        self.limit = limit
        self.error = error
        self.made = 0
        self.over = trio.Event()

    async def __call__(self, feed: Feed[int]) -> None:
        try:
            while self.made < self.limit:
                await feed.wanted()
                feed.put(self.made)
                self.made += 1
            if self.error is not None:
                raise self.error
        finally:
            self.over.set()


async def test_a_source_that_is_done_ends_its_stream(nursery: trio.Nursery) -> None:
    numbers = fed(nursery, "drop_oldest", 10, Counter(3))
    assert [each async for each in numbers] == [0, 1, 2]


async def test_with_block_nothing_is_made_before_the_reader_asks(nursery: trio.Nursery) -> None:
    source = Counter(100)
    numbers = fed(nursery, "block", 10, source)
    await trio.testing.wait_all_tasks_blocked()
    assert source.made == 0
    assert [await anext(numbers), await anext(numbers)] == [0, 1]
    await trio.testing.wait_all_tasks_blocked()
    assert source.made == 2
    await numbers.aclose()


async def test_an_error_of_the_source_ends_its_stream_after_what_it_holds(
    nursery: trio.Nursery,
) -> None:
    error = BoardLost("gone")
    numbers = fed(nursery, "drop_oldest", 10, Counter(1, error))
    assert await anext(numbers) == 0
    with pytest.raises(BoardLost) as caught:
        await anext(numbers)
    assert caught.value is error


@pytest.mark.parametrize("how", ["closed", "forgotten"])
async def test_a_stream_that_nobody_has_ends_its_source(nursery: trio.Nursery, how: str) -> None:
    source = Counter(100)
    numbers = fed(nursery, "block", 1, source)
    assert await anext(numbers) == 0
    await trio.testing.wait_all_tasks_blocked()
    if how == "closed":
        await numbers.aclose()
    del numbers
    gc.collect()
    await source.over.wait()
    assert source.made == 1


async def test_what_the_reader_was_too_slow_for_is_counted(nursery: trio.Nursery) -> None:
    async def source(feed: Feed[int]) -> None:
        feed.missed(4)
        feed.put(1)

    numbers = fed(nursery, "drop_oldest", 1, source)
    assert [each async for each in numbers] == [1]
    assert numbers.statistics().dropped == 4
