"""Spike counts of a population, window after window of biological time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinnlive.live.spikes import SpikeBatch
from spinnlive.live.streams import Policy, Stream

PENDING = 256
"""Most windows that wait for the watermark; past it the oldest is given as it is."""


@dataclass(frozen=True, slots=True)
class WindowCounts:
    """How often each neuron of a population fired in one window.

    The window is of ``width_ms``, in biological time, and begins at ``tick``, which is ``time_ms``.
    ``counts[i]`` is how often neuron i fired.
    """

    label: str
    tick: int
    time_ms: float
    width_ms: float
    counts: NDArray[np.int64]

    @property
    def rates_hz(self) -> NDArray[np.float64]:
        """The firing rate of each neuron in the window (Hz of biological time)."""
        return self.counts.astype(np.float64) * (1000.0 / self.width_ms)


class WindowStream(Stream[WindowCounts]):
    """Counts of one window after the other, also of those without a spike.

    Windows follow each other without a gap, at whole multiples of their width; the first is the
    first that begins after the stream was made. A window is given when the watermark has passed its
    end. Spikes that come later still are in no window; `late` counts them.
    """

    def __init__(
        self,
        label: str,
        size: int,
        ticks: int,
        timestep_ms: float,
        policy: Policy,
        buffer: int,
        on_close: Callable[[Stream[WindowCounts]], None],
        begin: int,
    ) -> None:
        super().__init__(policy, buffer, on_close)
        self._label = label
        self._size = size
        self._ticks = ticks
        self._timestep_ms = timestep_ms
        self._next = -(-begin // ticks)
        self._first = self._next
        self._pending: dict[int, NDArray[np.int64]] = {}
        self.late = 0

    def arrive(self, batch: SpikeBatch) -> None:
        """Take a batch as it comes from the board; for the side that fills the stream."""
        window = batch.tick // self._ticks
        if window < self._next:
            self.late += len(batch.neuron_ids) if window >= self._first else 0
            return
        counts = self._pending.get(window)
        if counts is None:
            counts = self._pending[window] = np.zeros(self._size, np.int64)
        np.add.at(counts, batch.neuron_ids, 1)
        if len(self._pending) > PENDING:
            self._give()

    def advance(self, watermark: int) -> None:
        """All spikes before this tick have been taken; for the side that fills the stream."""
        while (self._next + 1) * self._ticks <= watermark:
            self._give()

    def _give(self) -> None:
        counts = self._pending.pop(self._next, None)
        tick = self._next * self._ticks
        self.put(
            WindowCounts(
                self._label,
                tick,
                tick * self._timestep_ms,
                self._ticks * self._timestep_ms,
                np.zeros(self._size, np.int64) if counts is None else counts,
            )
        )
        self._next += 1
