"""A raster of the last seconds in text: each braille character holds 2 time bins of 4 rows of neurons."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinnlive.live.spikes import SpikeBatch

DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
"""The bit of each dot in a braille character, by row and column (Unicode block 2800)."""

RATE_SMOOTHING_MS = 500.0
"""Time over which the rate is averaged (ms of biological time)."""


class Raster:
    """Spikes of one population of ``size`` neurons, ``span_ms`` wide, in ``width`` × ``height``
    characters."""

    def __init__(self, size: int, span_ms: float, width: int, height: int) -> None:
        self._size = size
        self._bin_ms = span_ms / (2 * width)
        self._rows = min(4 * height, 4 * -(-size // 4))
        self._grid: NDArray[np.bool_] = np.zeros((self._rows, 2 * width), bool)
        self._newest = 0
        self._since_ms: float | None = None
        self.rate_hz = 0.0

    def add(self, batch: SpikeBatch) -> None:
        """Put a batch in, and whatever is too old out."""
        time_bin = int(batch.time_ms / self._bin_ms)
        ahead = time_bin - self._newest
        columns = self._grid.shape[1]
        if ahead > 0:
            shift = min(ahead, columns)
            self._grid = np.roll(self._grid, -shift, axis=1)
            self._grid[:, columns - shift :] = False
            self._newest = time_bin
        column = columns - 1 + min(ahead, 0)
        if column >= 0:
            rows = batch.neuron_ids.astype(np.int64) * self._rows // self._size
            self._grid[np.clip(rows, 0, self._rows - 1), column] = True
        self._measure(batch)

    def lines(self) -> list[str]:
        """Give the picture, neuron 0 at the bottom."""
        grid = self._grid[::-1]
        cells = grid.reshape(self._rows // 4, 4, -1, 2)
        codes: NDArray[np.int64] = 0x2800 + np.einsum("rdcb,db->rc", cells.astype(int), DOTS)
        return ["".join(map(chr, row)) for row in codes]

    def _measure(self, batch: SpikeBatch) -> None:
        """Follow the population's rate, in spikes per neuron and second of biological time."""
        before, self._since_ms = self._since_ms, batch.time_ms
        if before is None:
            return
        keep = np.exp(-max(0.0, batch.time_ms - before) / RATE_SMOOTHING_MS)
        fresh = 1000.0 / RATE_SMOOTHING_MS * len(batch.neuron_ids) / self._size
        self.rate_hz = float(keep * self.rate_hz + fresh)
