"""Weights of a projection while the network runs, read from the board's SDRAM.

The synapses of a projection lie in the SDRAM of the chips of its post-synaptic cores. Reading them
goes through the monitor core and does not disturb the simulation. Two things to know about what is
read: the cores write while we read, so a snapshot belongs to an interval of ticks; and a plastic
weight in SDRAM is as of the last spike of its pre-synaptic neuron, because updates wait for the
next one.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinnlive.boards.scp import ScpClient
from spinnlive.errors import RunStateError
from spinnlive.live.clock import Clock
from spinnlive.live.rows import Synapses, decode_rows
from spinnlive.live.streams import StreamStatistics
from spinnlive.live.tap import Tap
from spinnlive.toolchain.values import MatrixBlock, MatrixCore, WeightsLayout

VCPU_BASE = 0xE5007000
VCPU_SIZE = 128
VCPU_USER0 = 112
"""A core's block in system RAM (spinnaker_tools ``sark.h``); its word user0 points to the region
table."""

REGION_TABLE_HEADER = 8
REGION_ENTRY = 12
"""The region table: two words, then pointer, checksum and size of each region
(SpiNNFrontEndCommon)."""

_WORD = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class WeightSnapshot:
    """All synapses of a projection, read between ``tick`` and ``tick_after`` (equal if it took less
    than a tick).

    ``pre`` and ``post`` are neuron ids, ``weights`` in ``unit`` (nA or µS), ``delays_ms`` in ms:
    one entry each for every synapse, in the order of PyNN's ``projection.get(..., "list")``.
    """

    label: str
    tick: int
    tick_after: int
    time_ms: float
    pre: NDArray[np.int64]
    post: NDArray[np.int64]
    weights: NDArray[np.float64]
    delays_ms: NDArray[np.float64]
    unit: str
    shape: tuple[int, int]

    def matrix(self) -> NDArray[np.float64]:
        """Give the weights as an array pre × post, NaN where there is no synapse; several of one
        pair are added."""
        total = np.zeros(self.shape)
        np.add.at(total, (self.pre, self.post), self.weights)
        total[~self._connected()] = np.nan
        return total

    def _connected(self) -> NDArray[np.bool_]:
        connected = np.zeros(self.shape, bool)
        connected[self.pre, self.post] = True
        return connected


class WeightReader:
    """Reads one projection over SCP. The addresses are looked up on the first reading."""

    def __init__(self, scp: ScpClient, layout: WeightsLayout, timestep_ms: float) -> None:
        self._scp = scp
        self._layout = layout
        self._timestep_ms = timestep_ms
        self._regions: list[int] = []

    async def read(
        self,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """Read every synapse: pre and post neuron ids, weights, delays in ms.

        Raises `BoardLost` and `ScpError`; `MalformedPacket` when the memory holds no synaptic rows.
        """
        if not self._regions:
            self._regions = [await self._locate(core) for core in self._layout.cores]
        pre: list[NDArray[np.int64]] = []
        post: list[NDArray[np.int64]] = []
        raw: list[NDArray[np.uint16]] = []
        delays: list[NDArray[np.int64]] = []
        layout = self._layout
        for core, region in zip(layout.cores, self._regions, strict=True):
            for block, delayed in ((core.direct, False), (core.delayed, True)):
                if block is None:
                    continue
                found = decode_rows(await self._memory(core, region, block), block, layout)
                pre.append(layout.pre_ids[found.rows % layout.n_pre])
                post.append(core.post_ids[found.targets])
                raw.append(found.weights)
                delays.append(self._delay_ticks(found, delayed))
        if not pre:
            nothing = np.empty(0, np.int64)
            return nothing, nothing, np.empty(0), np.empty(0)
        sources, targets = np.concatenate(pre), np.concatenate(post)
        order = np.lexsort((targets, sources))
        weights = np.concatenate(raw)[order].astype(np.float64) / layout.scale
        delays_ms = np.concatenate(delays)[order].astype(np.float64) * self._timestep_ms
        return sources[order], targets[order], weights, delays_ms

    def _delay_ticks(self, found: Synapses, delayed: bool) -> NDArray[np.int64]:
        stage = self._layout.stage_ticks
        # a core writes its longest delay as 0
        ticks = np.where(found.delays == 0, stage, found.delays)
        if delayed:
            ticks += (found.rows // self._layout.n_pre + 1) * stage
        return ticks

    async def _locate(self, core: MatrixCore) -> int:
        """Follow user0 of the core to the address of the region that holds its matrices."""
        user0 = await self._word(core, VCPU_BASE + VCPU_SIZE * core.p + VCPU_USER0)
        return await self._word(core, user0 + REGION_TABLE_HEADER + REGION_ENTRY * core.region)

    async def _word(self, core: MatrixCore, address: int) -> int:
        value: int = _WORD.unpack(await self._scp.read(core.x, core.y, address, _WORD.size))[0]
        return value

    async def _memory(self, core: MatrixCore, region: int, block: MatrixBlock) -> bytes:
        return await self._scp.read(core.x, core.y, region + block.offset, block.size)


class WeightStream:
    """Snapshots of one projection, every so many ticks of the board's time; ends when the live run
    is closed.

    Nothing is read ahead: a snapshot is made when it is asked for, so there is nothing to buffer. A
    reader that takes longer than the interval misses snapshots; they are counted as dropped.
    """

    def __init__(
        self,
        reader: WeightReader,
        layout: WeightsLayout,
        clock: Clock,
        every_ticks: int,
        tick: Callable[[], Awaitable[int]],
        tap: Tap | None = None,
    ) -> None:
        self._reader = reader
        self._layout = layout
        self._clock = clock
        self._every = every_ticks
        self._tick = tick
        self._tap = tap or Tap()
        self._next = 0
        self._delivered = 0
        self._missed = 0

    def statistics(self) -> StreamStatistics:
        """Give the counts so far: snapshots delivered, and missed because the reader was slow."""
        return StreamStatistics(self._delivered, self._missed, 0)

    def __aiter__(self) -> WeightStream:
        return self

    async def __anext__(self) -> WeightSnapshot:
        try:
            before = await self._reached(self._next)
        except RunStateError:
            raise StopAsyncIteration from None
        pre, post, weights, delays = await self._reader.read()
        after = await self._tick()
        behind = (before - self._next) // self._every if self._delivered else 0
        self._missed += behind
        self._next = (before // self._every + 1) * self._every
        self._delivered += 1
        snapshot = WeightSnapshot(
            label=self._layout.label,
            tick=before,
            tick_after=after,
            time_ms=before * self._clock.timestep_ms,
            pre=pre,
            post=post,
            weights=weights,
            delays_ms=delays,
            unit=self._layout.unit,
            shape=(self._layout.n_pre, self._layout.n_post),
        )
        self._tap.put("weights", snapshot)
        return snapshot

    async def _reached(self, tick: int) -> int:
        """Wait until the board itself says that it has come to ``tick``; give the tick that it
        said."""
        while True:
            await self._clock.wait_until(tick)
            now = await self._tick()
            if now >= tick:
                return now
            if not self._clock.running and not self._clock.exact:
                await self._clock.change()  # the estimate was ahead of where the board stopped


async def poll_tick(scp: ScpClient, clock: Clock, x: int, y: int, p: int) -> int:
    """Ask a core for the tick, tell the clock, and give it; the clock's own while nothing runs or a
    core knows none."""
    if clock.exact:
        return clock.tick
    asked = time.monotonic()
    tick = await scp.tick(x, y, p)
    if tick is None:
        return clock.tick
    clock.observe_poll(tick, asked, time.monotonic())
    return tick
