"""Packets become batches, one per population and tick, for every stream that is open."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spinnlive import wire
from spinnlive.live import spikes as spikes_module
from spinnlive.live.keys import KeyTable
from spinnlive.live.spikes import AHEAD, BEFORE_FIRST, FEW, SpikeBatch, SpikeRouter
from spinnlive.live.streams import Stream
from spinnlive.live.watermark import Watermark
from spinnlive.toolchain import heartbeat

KEYS = {
    0x10: ("a", 0),
    0x20: ("a", 1),
    0x30: ("a", 2),
    0x100: ("b", 0),
    0x101: ("b", 1),
    0x200: (heartbeat.LABEL, 0),
    0x210: (heartbeat.LABEL, 1),
}
FILLER = 0x210
"""The key of the heartbeat's neuron that only fills datagrams."""
LABELS = ("a", "b", heartbeat.LABEL)


def router(*heartbeats: bool) -> SpikeRouter:
    """Populations a (keys 0x10, 0x20, 0x30) and b (keys 0x100, 0x101), a heartbeat of two neurons (0x200,
    0x210), 0.5 ms ticks."""
    keys = KeyTable.build(
        LABELS,
        np.array(list(KEYS)),
        np.array([LABELS.index(label) for label, _ in KEYS.values()]),
        np.array([neuron for _, neuron in KEYS.values()]),
    )
    watermark = Watermark(heartbeats, keys.heartbeat_spikes) if heartbeats else None
    return SpikeRouter(keys, 0.5, watermark=watermark)


def packets(*each: tuple[int, list[int]]) -> wire.BulkEvents:
    keys = [key for _, keys in each for key in keys]
    return wire.BulkEvents(
        np.array([tick for tick, _ in each], np.int64),
        np.array([len(keys) for _, keys in each], np.int64),
        np.array(keys, np.uint32),
        0,
        0,
    )


async def held(stream: Stream[SpikeBatch]) -> list[tuple[str, int, float, list[int], float]]:
    stream.end()
    return [(b.label, b.tick, b.time_ms, b.neuron_ids.tolist(), b.received) async for b in stream]


async def test_spikes_are_sorted_by_population_and_tick() -> None:
    spikes = router()
    a, b = spikes.open("a", "drop_oldest", 9), spikes.open("b", "drop_oldest", 9)
    spikes.deliver(packets((4, [0x30, 0x100]), (4, [0x10]), (5, [0x101, 0x100])), 1.5)
    assert await held(a) == [("a", 4, 2.0, [2, 0], 1.5)]
    assert await held(b) == [("b", 4, 2.0, [0], 1.5), ("b", 5, 2.5, [1, 0], 1.5)]
    assert spikes.spikes == 5


async def test_every_reader_gets_everything() -> None:
    spikes = router()
    first, second = spikes.open("a", "drop_oldest", 9), spikes.open("a", "latest", 9)
    spikes.deliver(packets((1, [0x10])), 0.0)
    spikes.deliver(packets((2, [0x20])), 0.0)
    assert [batch[1] for batch in await held(first)] == [1, 2]
    assert [batch[1] for batch in await held(second)] == [2]


async def test_unknown_keys_and_empty_packets_are_no_spikes() -> None:
    spikes = router()
    a = spikes.open("a", "drop_oldest", 9)
    spikes.deliver(packets((1, [0x11, 0x10]), (2, []), (3, [0xFFFFFFFF])), 0.0)
    assert [batch[3] for batch in await held(a)] == [[0]]
    assert (spikes.unknown_keys, spikes.spikes) == (2, 1)


async def test_a_closed_or_forgotten_stream_takes_no_more_part() -> None:
    spikes = router()
    closed = spikes.open("a", "error", 1)
    forgotten = spikes.open("a", "error", 1)
    await closed.aclose()
    del forgotten
    for tick in range(5):
        spikes.deliver(packets((tick, [0x10])), 0.0)
    assert closed.statistics().dropped == 0


async def test_the_heartbeat_moves_the_watermark_and_is_in_no_stream() -> None:
    spikes = router(True)
    a = spikes.open("a", "drop_oldest", 9)
    assert not spikes.deliver(packets((0, [0x200]), (1, [0x10, 0x200])), 0.0)
    assert (spikes.watermark.tick, a.watermark) == (1, 1)
    assert spikes.spikes == 1
    spikes.deliver(packets((2, [0x200])), 0.0)
    assert (spikes.watermark.tick, a.watermark) == (2, 1), "one batch is not read yet"
    await anext(a)
    assert a.watermark == 2
    assert spikes.deliver(packets((4, [0x200])), 0.0), "tick 3 is missing"
    assert spikes.watermark.missed_ticks == 1


async def test_what_comes_after_its_watermark_is_late() -> None:
    spikes = router(True)
    a = spikes.open("a", "drop_oldest", 9)
    spikes.deliver(packets((0, [0x200]), (2, [0x200])), 0.0)
    spikes.deliver(packets((1, [0x200, 0x10, 0x20]), (2, [0x30])), 0.0)
    a.end()
    assert [(batch.tick, batch.late) async for batch in a] == [(1, True), (2, False)]
    assert spikes.delivery.late == 2
    assert spikes.watermark.missed_ticks == 0, "the late heartbeat is taken back"


async def test_what_comes_before_the_gatherers_first_tick_is_of_tick_0() -> None:
    spikes = router(True)
    a = spikes.open("a", "drop_oldest", 9)
    spikes.deliver(packets((0xFFFFFFFF, [0x10, 0x200]), (0, [0x20])), 0.0, now=0)
    assert [batch[1] for batch in await held(a)] == [0]
    assert (spikes.from_the_future, spikes.watermark.missed_ticks) == (0, 0)


async def test_a_tick_far_in_the_future_is_nonsense() -> None:
    spikes = router()
    a = spikes.open("a", "drop_oldest", 9)
    spikes.deliver(packets((7, [0x10]), (8 + AHEAD, [0x20]), (9, [0x30])), 0.0, now=7)
    assert [batch[1] for batch in await held(a)] == [7, 9]
    assert (spikes.from_the_future, spikes.watermark.tick) == (1, 9)


@settings(deadline=None)
@given(
    each=st.lists(
        st.tuples(
            st.one_of(st.integers(0, 5), st.sampled_from([BEFORE_FIRST, 10 * AHEAD])),
            st.lists(st.one_of(st.sampled_from(list(KEYS)), st.integers(0, 999)), max_size=FEW + 3),
        )
    )
)
async def test_a_packet_alone_is_no_other_than_among_many(
    each: list[tuple[int, list[int]]],
) -> None:
    """But that the former counts the spikes of the heartbeat, and may find more missing."""
    one, many = router(True), router(True)
    seen = []
    gaps = []
    for spikes in (one, many):
        streams = [spikes.open(label, "drop_oldest", 10_000) for label in ("a", "b")]
        gaps.append(
            [
                spikes.deliver_one(tick, keys, 0.5, 0, 3.0).settle().gap
                if spikes is one
                else spikes.deliver(packets((tick, keys)), 0.5, 0, 3.0)
                for tick, keys in each
            ]
        )
        counts = (spikes.spikes, spikes.unknown_keys, spikes.from_the_future)
        water = (spikes.watermark.tick, spikes.watermark.missed_ticks)
        reports = [spikes.delivery.report(label, None) for label in ("a", "b")]
        sums = [each % 2**64 for each in spikes.delivery._sums]
        seen.append((counts, water, reports, sums, [await held(stream) for stream in streams]))
    assert seen[0] == seen[1]
    assert all(alone or not together for alone, together in zip(*gaps, strict=True))


async def test_the_loss_of_a_part_of_a_tick_is_noticed_in_the_next() -> None:
    spikes = router(True)
    first, second = [0x10, 0x200], [0x20, 0x210]
    for tick, keys in ((1, first), (1, second), (2, first), (2, second), (3, first)):
        assert spikes.deliver_one(tick, keys, 0.0).settle() == (tick == 1 and keys is first, True)
    assert spikes.deliver_one(4, first, 0.0).settle() == (True, True), (
        "the second of tick 3 is missing"
    )
    assert spikes.deliver_one(4, [0x30], 0.0).settle() == (False, False), (
        "nobody would miss this one"
    )
    spikes.deliver(packets((4, second), (5, first)), 0.0)  # of which nobody counts the spikes
    assert spikes.deliver_one(6, first, 0.0).settle() == (False, True)
    assert spikes.watermark.missed_ticks == 1, "tick 0: the others had their first spike"


async def test_what_fills_the_datagrams_is_shown_to_nobody() -> None:
    tapped: list[Any] = []
    spikes = router(True)
    a = spikes.open("a", "drop_oldest", 9)
    spikes.deliver(packets((0, [0x200, 0x210, 0x10])), 0.0)
    spikes._tap.listen(lambda kind, value: tapped.append(value))
    spikes.deliver(packets((1, [0x210])), 0.0)
    spikes.deliver_one(2, [0x200, 0x20, 0x210], 0.0)
    assert [batch[1] for batch in await held(a)] == [0, 2]
    assert [each.neurons.tolist() for each in tapped] == [[0, 1]], "the beat itself, and a's"
    assert (spikes.spikes, spikes.unknown_keys, spikes.watermark.tick) == (2, 0, 2)


@pytest.mark.parametrize("few", [0, FEW])
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    each=st.lists(
        st.tuples(
            st.integers(0, 5), st.lists(st.one_of(st.sampled_from(list(KEYS)), st.integers(0, 999)))
        ),
        min_size=1,
    )
)
async def test_it_equals_sorting_spike_by_spike(
    each: list[tuple[int, list[int]]], few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spikes_module, "FEW", few)
    spikes = router()
    streams = {label: spikes.open(label, "drop_oldest", 10_000) for label in ("a", "b")}
    spikes.deliver(packets(*each), 0.0)
    for label, stream in streams.items():
        expected: list[tuple[int, list[int]]] = []
        previous = None
        for tick, keys in each:
            if not any(key in KEYS and key != FILLER for key in keys):
                continue  # what has no spikes is not there
            ids = [KEYS[key][1] for key in keys if key in KEYS and KEYS[key][0] == label]
            if tick != previous:
                expected.append((tick, []))
            expected[-1][1].extend(ids)
            previous = tick
        got = [(batch[1], batch[3]) for batch in await held(stream)]
        assert got == [(tick, ids) for tick, ids in expected if ids]
