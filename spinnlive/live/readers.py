"""Readers of live spikes, made and entered where the spikes come: streams, windows, waiting."""

from __future__ import annotations

from collections.abc import Sequence

from spinnlive.errors import UsageError
from spinnlive.live.client import Connection
from spinnlive.live.merge import MergedSpikes
from spinnlive.live.spikes import SpikeBatch, SpikeStream
from spinnlive.live.streams import Policy
from spinnlive.live.waiting import Condition, Waiting
from spinnlive.live.windows import WindowStream


def spikes(
    connection: Connection, labels: Sequence[str], policy: Policy, buffer: int
) -> SpikeStream | MergedSpikes:
    """Make a stream of one population, or a merged one of several. Raises `UsageError` for none."""
    if not labels:
        raise UsageError("spikes() takes at least one population")
    router = connection.router
    if len(labels) == 1:
        return router.open(labels[0], policy, buffer)
    merged = MergedSpikes(labels, policy, buffer, router.remove, router.watermark.tick)
    router.add(labels, merged)
    return merged


def window(
    connection: Connection, label: str, size: int, ticks: int, policy: Policy, buffer: int
) -> WindowStream:
    """Make a stream of the counts of one window of ``ticks`` after the other."""
    router = connection.router
    stream = WindowStream(
        label,
        size,
        ticks,
        connection.clock.timestep_ms,
        policy,
        buffer,
        router.remove,
        begin=_first_whole_tick(connection),
    )
    router.add([label], stream)
    return stream


async def wait_for(
    connection: Connection, label: str, wanted: Condition, within: int | None
) -> SpikeBatch | None:
    """Wait for what is wanted, at most so many ticks."""
    now = connection.clock.read()
    # the earliest that it can be: who has sent a spike and waits for the answer must not miss it
    first = int(max(0.0, now.position - now.uncertainty))
    last = None if within is None else int(now.position) + within - 1
    waiting = Waiting(wanted, first, last)
    connection.router.add([label], waiting)
    try:
        return await waiting.result()
    finally:
        connection.router.remove(waiting)


def _first_whole_tick(connection: Connection) -> int:
    """Give the first tick of which no spike can have come yet."""
    clock = connection.clock
    if clock.exact:
        return max(clock.tick, connection.watermark.tick)
    return max(clock.tick, connection.watermark.tick) + 1
