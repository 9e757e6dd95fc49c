"""Several populations in one stream, tick by tick."""

from __future__ import annotations

import numpy as np

from spinnlive.live import merge
from spinnlive.live.merge import MergedSpikes
from spinnlive.live.spikes import SpikeBatch


def batch(label: str, tick: int, *neurons: int, late: bool = False) -> SpikeBatch:
    return SpikeBatch(label, tick, float(tick), np.array(neurons, np.int32), 0.0, late)


def merged(*labels: str) -> MergedSpikes:
    return MergedSpikes(labels, "drop_oldest", 100, lambda stream: None, 0)


async def given(stream: MergedSpikes, number: int) -> list[tuple[int, str, list[int]]]:
    found = [await anext(stream) for _ in range(number)]
    assert not stream._held
    return [(each.tick, each.label, each.neuron_ids.tolist()) for each in found]


async def test_a_tick_is_given_whole_and_in_order_when_the_watermark_has_passed_it() -> None:
    stream = merged("b", "a")
    for each in (
        batch("a", 4, 1),
        batch("b", 5, 0),
        batch("a", 4, 2),
        batch("b", 4, 7),
        batch("a", 6, 3),
    ):
        stream.arrive(each)
    assert not stream._held
    stream.advance(6)
    assert await given(stream, 3) == [(4, "b", [7]), (4, "a", [1, 2]), (5, "b", [0])]
    assert stream.watermark == 6
    stream.advance(7)
    assert stream.watermark == 6, "the batch of tick 6 is not read yet"
    assert await given(stream, 1) == [(6, "a", [3])]


async def test_what_is_late_is_given_at_once() -> None:
    stream = merged("a")
    stream.advance(10)
    stream.arrive(batch("a", 9, 1, late=True))
    assert await given(stream, 1) == [(9, "a", [1])]


async def test_a_watermark_that_stands_does_not_fill_the_memory() -> None:
    stream = merged("a")
    for tick in range(merge.PENDING + 3):
        stream.arrive(batch("a", tick, 0))
    assert [each[0] for each in await given(stream, 3)] == [0, 1, 2]
