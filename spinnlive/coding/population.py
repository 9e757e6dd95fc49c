"""The population code: which neurons fire is the value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinnlive.coding.ranges import Ranges, check_positive, neuron_counts
from spinnlive.errors import UsageError

GRID = 201
"""Values of a variable's range that `PopulationCode.likeliest` compares."""


@dataclass(frozen=True, slots=True)
class PopulationCode:
    """Each variable v has n neurons, each with a value that it prefers.

    With v scaled to u = -1 .. 1 over its range (and clipped), neuron i prefers c_i, the c_i evenly
    spaced from -1 to 1, and fires at

        r_i(u) = r_max · exp( -(u - c_i)² / (2 σ²) ),      σ = ``width`` · 2 / (n - 1).

    With σ near the spacing of the c_i (``width`` about 1) the sum over i of r_i c_i is close to a
    straight line in u: a downstream neuron with weights k c_i sees k u. Variable j has ids
    ``j * neurons`` and up, by rising c_i.
    """

    ranges: Ranges
    neurons: int = 8
    width: float = 0.9
    peak_hz: float = 150.0

    def __post_init__(self) -> None:
        if self.neurons < 2:
            raise UsageError(f"neurons is {self.neurons}; each variable needs at least two")
        check_positive(width=self.width, peak_hz=self.peak_hz)

    @property
    def size(self) -> int:
        """Number of neurons."""
        return len(self.ranges) * self.neurons

    def preferred(self) -> NDArray[np.float64]:
        """Give c_i of every neuron, by id: -1 to 1 within each variable."""
        return np.tile(np.linspace(-1.0, 1.0, self.neurons), len(self.ranges))

    def rates_hz(self, values: ArrayLike) -> NDArray[np.float64]:
        """Give the rate of every neuron (Hz) for one value of each variable."""
        scaled = 2.0 * self.ranges.to_unit(values) - 1.0
        return self._rates(np.repeat(scaled, self.neurons), self.preferred())

    def values(self, counts: ArrayLike) -> NDArray[np.float64]:
        """Read the values back as the population vector, u = Σ k_i c_i / Σ k_i for k_i spikes.

        It draws towards the middle near the ends of the range, where there is nobody on one side.
        NaN for a variable none of whose neurons fired.
        """
        spikes = neuron_counts(counts, self.size).reshape(len(self.ranges), self.neurons)
        total = spikes.sum(axis=1)
        sums = spikes @ np.linspace(-1.0, 1.0, self.neurons)
        vector = np.divide(sums, total, out=np.full(len(total), np.nan), where=total > 0)
        return self.ranges.from_unit((vector + 1.0) / 2.0)

    def likeliest(self, counts: ArrayLike, duration_ms: float) -> NDArray[np.float64]:
        """Read the values back by maximum likelihood.

        For Poisson spikes k_i in a time T it is the u with the largest

            log L(u) = Σ k_i log r_i(u) - T Σ r_i(u),

        looked for on a grid of 201 values. Better than the population vector near the ends of the
        range; silence also counts.
        """
        check_positive(duration_ms=duration_ms)
        spikes = neuron_counts(counts, self.size).reshape(len(self.ranges), self.neurons)
        grid: NDArray[np.float64] = np.linspace(-1.0, 1.0, GRID, dtype=np.float64)
        preferred: NDArray[np.float64] = self.preferred()[: self.neurons]
        rates = self._rates(grid[:, None], preferred[None, :])
        silence = (duration_ms / 1000.0) * rates.sum(axis=1)
        with np.errstate(divide="ignore"):
            logs = np.maximum(np.log(rates), -1e6)  # a rate that underflowed to 0
        best = np.argmax(spikes @ logs.T - silence, axis=1)
        return self.ranges.from_unit((grid[best] + 1.0) / 2.0)

    def _rates(
        self, scaled: NDArray[np.float64], preferred: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        sigma = self.width * 2.0 / (self.neurons - 1)
        rates: NDArray[np.float64] = self.peak_hz * np.exp(
            -0.5 * ((scaled - preferred) / sigma) ** 2
        )
        return rates
