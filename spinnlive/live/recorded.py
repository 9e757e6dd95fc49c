"""What a population records, read from the board's SDRAM while the recording grows.

Each core appends a sample, the tick and a value for each recorded neuron, to a buffer of its own; at
the begin of each part of a run (after sPyNNaker has read it) it begins anew. How much is there, no
core tells before its part ends, but the ticks of the samples do: where the next one belongs there is
either a sample with the next tick, or what was there before. Values are copied to SDRAM after their
tick, so a sample is believed when its tick is over. Nothing of this changes what sPyNNaker reads in
the end.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import trio
from numpy.typing import NDArray

from spinnlive.boards.bulk import Memory, Span
from spinnlive.errors import RunStateError, SpinnliveError
from spinnlive.live.clock import Clock
from spinnlive.live.feed import Feed
from spinnlive.live.tap import Tap
from spinnlive.live.vcpu import region_addresses
from spinnlive.live.weights import Tick
from spinnlive.toolchain.values import RecordingCore, RecordingLayout

REGIONS_HEADER = 4
REGION_ENTRY = 12
"""The recording region: number of channels, then space, size and pointer of each
(SpiNNFrontEndCommon ``recording.c``)."""

SETTLED_TICKS = 2
"""How many ticks after its own a sample of a running network is read."""

_ENTRY = struct.Struct("<III")
_WORD = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class RecordedBlock:
    """Samples of some ticks.

    ``values`` is an array ticks × neurons in ``unit`` (mV for ``v``, µS or nA for ``gsyn``), of the
    neurons ``neuron_ids`` at ``ticks`` (in ms: ``times_ms``).
    """

    label: str
    variable: str
    unit: str
    neuron_ids: NDArray[np.int64]
    ticks: NDArray[np.int64]
    times_ms: NDArray[np.float64]
    values: NDArray[np.float64]


@dataclass(slots=True)
class _Buffer:
    """One core's buffer: where, how long; the tick of its first sample, and the samples taken."""

    core: RecordingCore
    address: int
    space: int
    sample_bytes: int
    first: int | None = None
    taken: int = 0


class Recording:
    """Reads the samples of one variable of one population, each of them once."""

    def __init__(self, memory: Memory, layout: RecordingLayout, timestep_ms: float) -> None:
        self._memory = memory
        self._layout = layout
        self._timestep_ms = timestep_ms
        self._buffers: list[_Buffer] | None = None
        self._ids = np.concatenate([np.empty(0, np.int64), *(c.neuron_ids for c in layout.cores)])
        self._order = np.argsort(self._ids, kind="stable")

    async def read(self, before: int) -> RecordedBlock | None:
        """Read the samples of ticks under ``before`` that are new; None when there are none.

        Raises `BoardLost` and `ScpError`.
        """
        if self._buffers is None:
            self._buffers = await self._locate()
        await self._look_for_new_part(before)
        firsts = {buffer.first for buffer in self._buffers}
        if len(firsts) != 1:
            return None  # some cores have begun a part, some not yet
        (first,) = firsts
        if first is None:
            return None
        every = self._layout.every_ticks
        wanted = max(0, -(-(before - first) // every))
        counts = [
            min(wanted, buffer.space // buffer.sample_bytes) - buffer.taken
            for buffer in self._buffers
        ]
        count = min(counts)
        if count <= 0:
            return None
        start = self._buffers[0].taken
        expected = first + every * (start + np.arange(count))
        parts, there = await self._samples(count, expected)
        if there == 0:
            return None
        for buffer in self._buffers:
            buffer.taken += there
        ticks = expected[:there]
        values = np.concatenate([part[:there] for part in parts], axis=1)
        return RecordedBlock(
            label=self._layout.label,
            variable=self._layout.variable,
            unit=self._layout.unit,
            neuron_ids=self._ids[self._order],
            ticks=ticks,
            times_ms=ticks.astype(np.float64) * self._timestep_ms,
            values=values[:, self._order],
        )

    async def _samples(
        self, count: int, expected: NDArray[np.int64]
    ) -> tuple[list[NDArray[np.float64]], int]:
        """Read the next ``count`` samples of each core; give their values, and how many of them all
        cores have made."""
        buffers = self._buffers or []
        spans = [
            Span(
                each.core.x,
                each.core.y,
                each.address + each.taken * each.sample_bytes,
                count * each.sample_bytes,
            )
            for each in buffers
        ]
        parts, there = [], count
        for data in await self._memory.read(spans):
            table = np.frombuffer(data, np.uint8).reshape(count, -1)
            stamps = np.ascontiguousarray(table[:, :4]).view("<u4")[:, 0]
            wrong = np.flatnonzero(stamps != expected)
            there = min(there, int(wrong[0]) if len(wrong) else count)
            raw = np.ascontiguousarray(table[:, 4:]).view(self._layout.number)
            parts.append(raw / self._layout.scale)
        return parts, there

    async def _look_for_new_part(self, before: int) -> None:
        """See in the tick of its first sample whether a buffer has begun anew."""
        buffers = self._buffers or []
        spans = [Span(each.core.x, each.core.y, each.address, _WORD.size) for each in buffers]
        for buffer, data in zip(buffers, await self._memory.read(spans), strict=True):
            (first,) = _WORD.unpack(data)
            if first != buffer.first and first < before:
                known = -1 if buffer.first is None else buffer.first
                if first > known:
                    buffer.first, buffer.taken = first, 0

    async def _locate(self) -> list[_Buffer]:
        cores = self._layout.cores
        regions = await region_addresses(
            self._memory, [(core.x, core.y, core.p, core.region) for core in cores]
        )
        entries = await self._memory.read(
            [
                Span(
                    core.x,
                    core.y,
                    region + REGIONS_HEADER + REGION_ENTRY * core.channel,
                    _ENTRY.size,
                )
                for core, region in zip(cores, regions, strict=True)
            ]
        )
        number = np.dtype(self._layout.number).itemsize
        buffers = []
        for core, entry in zip(cores, entries, strict=True):
            space, _, address = _ENTRY.unpack(entry)
            sample = _WORD.size + number * len(core.neuron_ids)
            buffers.append(_Buffer(core, address, space, sample))
        return buffers


async def feed_samples(
    feed: Feed[RecordedBlock],
    recording: Recording,
    clock: Clock,
    every: int,
    tick: Tick,
    tap: Tap,
) -> None:
    """Fill a stream: at each multiple of ``every`` ticks of the board's time, and when it stops, what
    has been recorded since; until the live run is closed."""
    due = seen = 0
    while True:
        await feed.wanted()
        try:
            await _reached_or_stopped(clock, due, seen)
            now = await tick()
        except RunStateError:
            return
        settled = now if clock.exact else now - SETTLED_TICKS
        block = await recording.read(settled)
        due, seen = (now // every + 1) * every, now
        if block is not None:
            feed.put(block)
            tap.put("recorded", block)


async def _reached_or_stopped(clock: Clock, due: int, seen: int) -> None:
    """Wait until the board has come to ``due``, or stands after ``seen``."""
    failure: SpinnliveError | None = None
    async with trio.open_nursery() as nursery:

        async def until_it_stands() -> None:
            while not (clock.exact and clock.tick > seen):
                await clock.change()
            nursery.cancel_scope.cancel()

        nursery.start_soon(until_it_stands)
        try:
            await clock.wait_until(due)
        except SpinnliveError as error:
            failure = error
        nursery.cancel_scope.cancel()
    if failure is not None:
        raise failure
