"""The rate code: how fast a neuron fires is the value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinnlive.coding.ranges import Ranges, check_positive, neuron_counts
from spinnlive.errors import UsageError


@dataclass(frozen=True, slots=True)
class RateCode:
    """Each variable v, from a to b, has n neurons that all fire at

        r(v) = r_min + (r_max - r_min) (v - a) / (b - a)

    and is read back from k spikes of its n neurons in a time T as

        v = a + (b - a) (k / (n T) - r_min) / (r_max - r_min),    clipped to a .. b.

    Poisson spikes leave an error of standard deviation
    (b - a) / (r_max - r_min) · √(r / (n T)); evenly placed ones at most (b - a) / ((r_max - r_min) T).
    Variable i has ids ``i * neurons`` to ``(i + 1) * neurons - 1``.
    """

    ranges: Ranges
    neurons: int = 1
    least_hz: float = 0.0
    most_hz: float = 100.0

    def __post_init__(self) -> None:
        if self.neurons < 1:
            raise UsageError(f"neurons is {self.neurons}; each variable needs at least one")
        if not 0.0 <= self.least_hz < self.most_hz:
            raise UsageError(
                f"rates range from {self.least_hz:g} to {self.most_hz:g} Hz; "
                "the least must be 0 or more, and below the most"
            )

    @property
    def size(self) -> int:
        """Number of neurons."""
        return len(self.ranges) * self.neurons

    def rates_hz(self, values: ArrayLike) -> NDArray[np.float64]:
        """Give the rate of every neuron (Hz) for one value of each variable."""
        unit = np.repeat(self.ranges.to_unit(values), self.neurons)
        rates: NDArray[np.float64] = self.least_hz + unit * (self.most_hz - self.least_hz)
        return rates

    def values(self, counts: ArrayLike, duration_ms: float) -> NDArray[np.float64]:
        """Read the values back from every neuron's spikes in ``duration_ms``."""
        check_positive(duration_ms=duration_ms)
        spikes = neuron_counts(counts, self.size).reshape(len(self.ranges), self.neurons)
        rates = spikes.mean(axis=1) * (1000.0 / duration_ms)
        unit = np.clip((rates - self.least_hz) / (self.most_hz - self.least_hz), 0.0, 1.0)
        return self.ranges.from_unit(unit)
