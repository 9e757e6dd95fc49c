"""Weights of a projection while the network runs, read from the board's SDRAM.

The synapses of a projection lie in the SDRAM of the chips of its post-synaptic cores. Reading them
goes through the monitor core and does not disturb the simulation. Two things to know about what is
read: the cores write while we read, so a snapshot belongs to an interval of ticks; and a plastic
weight in SDRAM is as of the last spike of its pre-synaptic neuron, because updates wait for the
next one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinnlive.boards.bulk import Memory
from spinnlive.boards.scp_calls import ScpCalls
from spinnlive.errors import NeuronIdError, RunStateError
from spinnlive.live.clock import Clock
from spinnlive.live.feed import Feed
from spinnlive.live.matrices import Matrices, Selection
from spinnlive.live.tap import Tap
from spinnlive.toolchain.values import WeightsLayout

Tick = Callable[[], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class WeightSnapshot:
    """Synapses of a projection, read between ``tick`` and ``tick_after`` (equal if it took less than
    a tick).

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
        connected = np.zeros(self.shape, bool)
        connected[self.pre, self.post] = True
        total[~connected] = np.nan
        return total


def select(layout: WeightsLayout, pre: ArrayLike | None, post: ArrayLike | None) -> Selection:
    """Say which neurons are wanted; None means all. Raises `NeuronIdError`."""
    return Selection(
        _mask(layout.label, "pre", pre, layout.n_pre),
        _mask(layout.label, "post", post, layout.n_post),
    )


def _mask(label: str, side: str, ids: ArrayLike | None, size: int) -> NDArray[np.bool_]:
    if ids is None:
        return np.ones(size, bool)
    wanted = np.atleast_1d(np.asarray(ids))
    if wanted.ndim != 1 or (wanted.size and wanted.dtype.kind not in "iu"):
        raise NeuronIdError(f"{side} is a list of neuron ids, not {ids!r}")
    wrong = wanted[(wanted < 0) | (wanted >= size)]
    if len(wrong):
        raise NeuronIdError(
            f"projection {label} has no {side}-synaptic neuron {wrong[0]}: they are 0 to {size - 1}"
        )
    mask = np.zeros(size, bool)
    mask[wanted.astype(np.int64)] = True
    return mask


class SnapshotReader(Protocol):
    """Reads the weights of one projection whenever asked."""

    async def read(self) -> WeightSnapshot:
        """Give the weights as they are now."""


class WeightReader:
    """Reads one projection, or the part of it between wanted neurons. What does not change is read
    once."""

    def __init__(
        self,
        memory: Memory,
        layout: WeightsLayout,
        timestep_ms: float,
        tick: Tick,
        wanted: Selection | None = None,
    ) -> None:
        self._layout = layout
        self._timestep_ms = timestep_ms
        self._tick = tick
        self._matrices = Matrices(memory, layout, wanted or select(layout, None, None))
        self._known: tuple[NDArray[np.int64], ...] | None = None

    async def read(self) -> WeightSnapshot:
        """Read every wanted synapse.

        Raises `BoardLost` and `ScpError`; `MalformedPacket` when the memory holds no synaptic rows.
        """
        if self._known is None:
            await self._matrices.blocks()  # which takes long, and needs no tick
        before = await self._tick()
        raw = await self._matrices.weights()
        after = await self._tick()
        layout = self._layout
        pre, post, delays, order = await self._synapses()
        weights = np.concatenate([np.empty(0, np.uint16), *raw])[order]
        if layout.signed:
            weights = weights.view(np.int16)
        return WeightSnapshot(
            label=layout.label,
            tick=before,
            tick_after=after,
            time_ms=before * self._timestep_ms,
            pre=pre,
            post=post,
            weights=weights.astype(np.float64) / layout.scale,
            delays_ms=delays.astype(np.float64) * self._timestep_ms,
            unit=layout.unit,
            shape=(layout.n_pre, layout.n_post),
        )

    async def _synapses(self) -> tuple[NDArray[np.int64], ...]:
        """Give pre, post and delay (ticks) in PyNN's order, and that order."""
        if self._known is None or self._layout.rewired:
            blocks = self._matrices.present
            nothing = np.empty(0, np.int64)
            pre = np.concatenate([nothing, *(block.pre for block in blocks)])
            post = np.concatenate([nothing, *(block.post for block in blocks)])
            delays = np.concatenate([nothing, *(block.delay_ticks for block in blocks)])
            order = np.lexsort((post, pre))
            self._known = pre[order], post[order], delays[order], order
        return self._known


async def feed_snapshots(
    feed: Feed[WeightSnapshot],
    reader: SnapshotReader,
    clock: Clock,
    every: int,
    tick: Tick,
    tap: Tap,
) -> None:
    """Fill a stream: a snapshot at once, then one at each multiple of ``every`` ticks of the board's
    time, until the live run is closed. Those that a slow reader misses are counted."""
    due, first = 0, True
    while True:
        await feed.wanted()
        try:
            await _reached(clock, due, tick)
        except RunStateError:
            return
        snapshot = await reader.read()  # which may begin in a later interval
        if not first:
            feed.missed(max(0, snapshot.tick - due) // every)
        due, first = (snapshot.tick // every + 1) * every, False
        feed.put(snapshot)
        tap.put("weights", snapshot)


async def _reached(clock: Clock, tick: int, ask: Tick) -> None:
    """Wait until the board itself says that it has come to ``tick``."""
    while True:
        await clock.wait_until(tick)
        if await ask() >= tick:
            return
        if not clock.running and not clock.exact:
            await clock.change()  # the estimate was ahead of where the board stopped


async def poll_tick(scp: ScpCalls, clock: Clock, x: int, y: int, p: int) -> int:
    """Ask a core for the tick, tell the clock, and give it; the clock's own while nothing runs or a
    core knows none."""
    if clock.exact:
        return clock.tick
    asked = clock.now
    tick = await scp.tick(x, y, p)
    if tick is None:
        return clock.tick
    clock.observe_poll(tick, asked, clock.now)
    return tick
