"""The stream contract: bounded, counted, a named policy, several readers, clean ends."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from spinnlive.errors import BoardLost, StreamOverflow, UsageError
from spinnlive.live.streams import Stream, StreamStatistics


def stream(policy: str = "drop_oldest", buffer: int = 3) -> Stream[int]:
    return Stream(policy, buffer, lambda stream: None)  # type: ignore[arg-type]


async def rest(of: Stream[int]) -> list[int]:
    return [each async for each in of]


async def test_everything_is_delivered_in_order_and_the_end_comes_after_it() -> None:
    numbers = stream()
    for number in range(3):
        numbers.put(number)
    numbers.end()
    numbers.put(99)
    assert await rest(numbers) == [0, 1, 2]
    assert numbers.statistics() == StreamStatistics(delivered=3, dropped=0, peak_buffer=3)


async def test_drop_oldest_counts_what_it_drops() -> None:
    numbers = stream("drop_oldest", 2)
    for number in range(5):
        numbers.put(number)
    numbers.end()
    assert await rest(numbers) == [3, 4]
    assert numbers.statistics() == StreamStatistics(delivered=2, dropped=3, peak_buffer=2)


async def test_latest_keeps_one() -> None:
    numbers = stream("latest", 100)
    for number in range(5):
        numbers.put(number)
    assert await anext(numbers) == 4
    assert numbers.statistics() == StreamStatistics(delivered=1, dropped=4, peak_buffer=1)


async def test_error_ends_after_what_was_held() -> None:
    numbers = stream("error", 2)
    for number in range(4):
        numbers.put(number)
    assert [await anext(numbers), await anext(numbers)] == [0, 1]
    with pytest.raises(StreamOverflow, match="2 batches behind"):
        await anext(numbers)


@pytest.mark.parametrize(("policy", "buffer"), [("whatever", 1), ("latest", 0), ("block", True)])
def test_what_cannot_be(policy: str, buffer: int) -> None:
    with pytest.raises(UsageError):
        stream(policy, buffer)


async def test_a_waiting_reader_gets_the_next_batch() -> None:
    numbers = stream()
    got: list[int] = []

    async def read() -> None:
        got.append(await anext(numbers))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        await trio.testing.wait_all_tasks_blocked()
        assert got == []
        numbers.put(7)
    assert got == [7]


async def test_cancelling_a_read_loses_nothing() -> None:
    numbers = stream()
    with trio.CancelScope() as scope:
        scope.cancel()
        await anext(numbers)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(numbers.__anext__)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
        numbers.put(1)
    numbers.end()
    assert await rest(numbers) == [1]


async def test_an_error_reaches_every_waiting_reader() -> None:
    numbers = stream()
    error = BoardLost("gone")

    async def read() -> None:
        with pytest.raises(BoardLost) as caught:
            await anext(numbers)
        assert caught.value is error

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        nursery.start_soon(read)
        await trio.testing.wait_all_tasks_blocked()
        numbers.end(error)


async def test_block_drops_nothing_and_lets_the_source_wait() -> None:
    numbers = stream("block", 2)
    sent: list[int] = []

    async def source() -> None:
        for number in range(5):
            await numbers.room()
            numbers.put(number)
            sent.append(number)
        numbers.end()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(source)
        await trio.testing.wait_all_tasks_blocked()
        assert (sent, numbers.full) == ([0, 1], True)
        assert await anext(numbers) == 0
        await trio.testing.wait_all_tasks_blocked()
        assert sent == [0, 1, 2]
        assert await rest(numbers) == [1, 2, 3, 4]
    assert numbers.statistics() == StreamStatistics(delivered=5, dropped=0, peak_buffer=2)


async def test_a_source_that_does_not_wait_goes_beyond_the_buffer_of_block() -> None:
    numbers = stream("block", 2)
    for number in range(4):
        numbers.put(number)
    numbers.end()
    await numbers.room()  # nobody waits for an ended stream
    assert await rest(numbers) == [0, 1, 2, 3]
    assert numbers.statistics() == StreamStatistics(delivered=4, dropped=0, peak_buffer=4)


async def test_a_stream_is_asked_while_a_reader_waits() -> None:
    numbers = stream("block")
    assert not numbers.asked
    async with trio.open_nursery() as nursery:
        nursery.start_soon(numbers.__anext__)
        await trio.testing.wait_all_tasks_blocked()
        assert numbers.asked
        numbers.put(1)
        assert not numbers.asked
    numbers.end()
    assert numbers.asked, "so that the source comes to an end"


async def test_leaving_the_block_ends_its_part() -> None:
    closed: list[Stream[int]] = []
    numbers: Stream[int] = Stream("drop_oldest", 3, closed.append)
    async with numbers:
        numbers.put(1)
    assert closed == [numbers]
    numbers.put(2)
    assert await rest(numbers) == []
