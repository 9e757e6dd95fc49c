"""Counts per neuron and window of biological time."""

from __future__ import annotations

import numpy as np

from spinnlive.live import windows
from spinnlive.live.spikes import SpikeBatch
from spinnlive.live.windows import WindowStream


def batch(tick: int, *neurons: int) -> SpikeBatch:
    return SpikeBatch("a", tick, tick * 0.5, np.array(neurons, np.int32), 0.0)


def counted(begin: int = 0) -> WindowStream:
    """Windows of 4 ticks of half a millisecond, of 3 neurons."""
    return WindowStream("a", 3, 4, 0.5, "drop_oldest", 1000, lambda stream: None, begin)


async def given(stream: WindowStream) -> list[tuple[int, list[int]]]:
    stream.end()
    return [(each.tick, each.counts.tolist()) async for each in stream]


async def test_every_window_is_given_when_the_watermark_has_passed_its_end() -> None:
    stream = counted()
    stream.arrive(batch(0, 0, 2))
    stream.arrive(batch(3, 2))
    stream.arrive(batch(13, 1))
    stream.advance(3)
    assert not stream._held
    stream.advance(4)
    window = await anext(stream)
    assert (window.tick, window.time_ms, window.width_ms) == (0, 0.0, 2.0)
    assert window.counts.tolist() == [1, 0, 2]
    assert window.rates_hz.tolist() == [500.0, 0.0, 1000.0]
    stream.advance(16)
    assert await given(stream) == [(4, [0, 0, 0]), (8, [0, 0, 0]), (12, [0, 1, 0])]


async def test_it_begins_with_the_first_window_that_is_whole() -> None:
    stream = counted(begin=5)
    stream.arrive(batch(5, 0))
    stream.arrive(batch(8, 1))
    stream.advance(12)
    assert await given(stream) == [(8, [0, 1, 0])]
    assert stream.late == 0


async def test_what_is_late_is_counted_and_changes_no_window() -> None:
    stream = counted()
    stream.advance(4)
    stream.arrive(batch(2, 0, 1))
    stream.advance(8)
    assert await given(stream) == [(0, [0, 0, 0]), (4, [0, 0, 0])]
    assert stream.late == 2


async def test_a_watermark_that_stands_does_not_fill_the_memory() -> None:
    stream = counted()
    for window in range(windows.PENDING + 2):
        stream.arrive(batch(4 * window, 0))
    assert [tick for tick, _ in await given(stream)] == [0, 4]
