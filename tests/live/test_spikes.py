"""Packets become batches, one per population and tick, for every stream that is open."""

from __future__ import annotations

import numpy as np

from spinnlive import wire
from spinnlive.live.keys import KeyTable
from spinnlive.live.spikes import SpikeBatch, SpikeRouter
from spinnlive.live.streams import Stream


def router() -> SpikeRouter:
    """Populations a (keys 0x10, 0x20, 0x30) and b (keys 0x100, 0x101), 0.5 ms ticks."""
    keys = KeyTable.build(
        ("a", "b"),
        np.array([0x10, 0x20, 0x30, 0x100, 0x101]),
        np.array([0, 0, 0, 1, 1]),
        np.array([0, 1, 2, 0, 1]),
    )
    return SpikeRouter(keys, timestep_ms=0.5)


def packet(tick: int | None, *keys: int) -> wire.EventPacket:
    return wire.EventPacket(tick, np.array(keys, np.uint32))


async def held(stream: Stream[SpikeBatch]) -> list[tuple[str, int, float, list[int], float]]:
    stream.end()
    return [(b.label, b.tick, b.time_ms, b.neuron_ids.tolist(), b.received) async for b in stream]


async def test_spikes_are_sorted_by_population_and_tick() -> None:
    spikes = router()
    a, b = spikes.open("a", "drop_oldest", 9), spikes.open("b", "drop_oldest", 9)
    spikes.deliver([packet(4, 0x30, 0x100), packet(4, 0x10), packet(5, 0x101, 0x100)], 1.5)
    assert await held(a) == [("a", 4, 2.0, [2, 0], 1.5)]
    assert await held(b) == [("b", 4, 2.0, [0], 1.5), ("b", 5, 2.5, [1, 0], 1.5)]
    assert spikes.spikes == 5


async def test_every_reader_gets_everything() -> None:
    spikes = router()
    first, second = spikes.open("a", "drop_oldest", 9), spikes.open("a", "latest", 9)
    spikes.deliver([packet(1, 0x10)], 0.0)
    spikes.deliver([packet(2, 0x20)], 0.0)
    assert [batch[1] for batch in await held(first)] == [1, 2]
    assert [batch[1] for batch in await held(second)] == [2]


async def test_unknown_keys_and_untimed_packets_are_counted() -> None:
    spikes = router()
    a = spikes.open("a", "drop_oldest", 9)
    spikes.deliver([packet(1, 0x11, 0x10), packet(None, 0x10)], 0.0)
    assert [batch[3] for batch in await held(a)] == [[0]]
    assert (spikes.unknown_keys, spikes.untimed, spikes.spikes) == (1, 1, 1)


async def test_a_closed_or_forgotten_stream_takes_no_more_part() -> None:
    spikes = router()
    closed = spikes.open("a", "error", 1)
    forgotten = spikes.open("a", "error", 1)
    await closed.aclose()
    del forgotten
    for tick in range(5):
        spikes.deliver([packet(tick, 0x10)], 0.0)
    assert closed.statistics().dropped == 0
