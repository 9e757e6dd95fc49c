"""From rates to spikes, evenly or at random; and from spikes to running rates."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinnlive.coding.ranges import check_positive, neuron_counts


class Even:
    """Places spikes as evenly as they go.

    Each neuron sums its rate over time, S(t) = S(0) + ∫ r dt, and fires whenever S passes a whole
    number. In any stretch of time it fires the whole part of ∫ r dt, or one more: far less noise
    than a Poisson source of the same rate. ``seed`` draws the S(0) between 0 and 1, so that neurons
    of one rate do not fire together.
    """

    def __init__(self, size: int, seed: int) -> None:
        self._sums = np.random.default_rng(seed).random(size)

    def advance(self, rates_hz: ArrayLike, duration_ms: float) -> NDArray[np.int64]:
        """Let ``duration_ms`` of biological time pass at these rates (Hz), one for each neuron.

        Give the ids that fire, one entry for each spike.
        """
        rates = neuron_counts(rates_hz, len(self._sums))
        self._sums += rates * (duration_ms / 1000.0)
        counts = self._sums.astype(np.int64)
        self._sums -= counts
        return np.repeat(np.arange(len(counts)), counts)


class Poisson:
    """Places spikes at random: in a time T a neuron of rate r fires k times with probability
    (rT)^k e^(-rT) / k!, whatever went before."""

    def __init__(self, size: int, seed: int) -> None:
        self._size = size
        self._random = np.random.default_rng(seed)

    def advance(self, rates_hz: ArrayLike, duration_ms: float) -> NDArray[np.int64]:
        """Let ``duration_ms`` of biological time pass at these rates (Hz), one for each neuron.

        Give the ids that fire, one entry for each spike.
        """
        expected = neuron_counts(rates_hz, self._size) * (duration_ms / 1000.0)
        counts = self._random.poisson(expected)
        return np.repeat(np.arange(self._size), counts)


class Smoother:
    """Running rates from counts of spikes, with exponential forgetting.

    With n spikes in each step of Δ ms, x ← x e^(-Δ/τ) + n, and the rate is r = x (1 - e^(-Δ/τ)) / Δ:
    for a constant n, r comes to exactly n / Δ. The response to a change has the time constant τ;
    Poisson spikes of rate r leave noise of variance about r / (2τ).
    """

    def __init__(self, size: int, tau_ms: float) -> None:
        check_positive(tau_ms=tau_ms)
        self._tau_ms = tau_ms
        self._traces = np.zeros(size)

    def advance(self, counts: ArrayLike, duration_ms: float) -> NDArray[np.float64]:
        """Take the counts of the last ``duration_ms``, one for each neuron; give the rates (Hz)."""
        check_positive(duration_ms=duration_ms)
        decay = math.exp(-duration_ms / self._tau_ms)
        self._traces *= decay
        self._traces += neuron_counts(counts, len(self._traces))
        rates: NDArray[np.float64] = self._traces * ((1.0 - decay) * 1000.0 / duration_ms)
        return rates
