"""Between the cart's state and spikes: the sensor neurons' population code, and the motors' vote.

The cart has four state variables v: position x (m), velocity (m/s), pole angle θ (rad), angular
velocity (rad/s). Each is scaled to its range R and seen by n sensor neurons. Neuron i prefers the
value c_i R, with the c_i evenly spaced from -1 to 1, and fires at

    r_i(v) = r_max · exp( -(clip(v / R) - c_i)² / (2 σ²) ),      clip: to -1 .. 1

with σ in the same unit. With σ near the spacing of the c_i the sum over i of r_i(v) c_i is close to
a straight line in v: a downstream neuron with weights k c_i sees k v.

Spikes are placed evenly: each neuron sums its rate over time and fires when the sum passes a whole
number. That has less noise than a Poisson source of the same rate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

VARIABLES = ("cart position", "cart velocity", "pole angle", "pole velocity")
"""The state variables, in the order of CartPole's observations."""

LEFT, RIGHT = 0, 1
"""CartPole's two actions: push the cart to the left or to the right."""


@dataclass(frozen=True, slots=True)
class SensorBank:
    """The sensor neurons: variable v has ids ``v * neurons_per_variable`` and up, by rising c_i.

    ``ranges``: R for each variable, in its unit. ``width``: σ in spacings of preferred values.
    ``peak_rate_hz``: r_max.
    """

    ranges: tuple[float, float, float, float] = (0.5, 0.8, 0.06, 0.9)
    neurons_per_variable: int = 8
    width: float = 0.9
    peak_rate_hz: float = 150.0

    @property
    def size(self) -> int:
        """Number of sensor neurons."""
        return len(self.ranges) * self.neurons_per_variable

    def preferred(self) -> NDArray[np.float64]:
        """Give c_i of every sensor neuron, by id: -1 to 1 within each variable."""
        return np.tile(np.linspace(-1.0, 1.0, self.neurons_per_variable), len(self.ranges))

    def rates_hz(self, state: ArrayLike) -> NDArray[np.float64]:
        """Give the rate of every sensor neuron for a state of four numbers (Hz)."""
        scaled = np.clip(np.asarray(state, float) / np.asarray(self.ranges), -1.0, 1.0)
        sigma = self.width * 2.0 / (self.neurons_per_variable - 1)
        distance = np.repeat(scaled, self.neurons_per_variable) - self.preferred()
        rates: NDArray[np.float64] = self.peak_rate_hz * np.exp(-0.5 * (distance / sigma) ** 2)
        return rates


class SpikeEncoder:
    """Turns rates into spikes, evenly.

    ``seed`` sets where in its first interval each neuron starts.
    """

    def __init__(self, size: int, seed: int) -> None:
        self._sums = np.random.default_rng(seed).random(size)

    def advance(self, rates_hz: NDArray[np.float64], duration_ms: float) -> NDArray[np.int64]:
        """Let ``duration_ms`` of biological time pass.

        Give the ids that fire, one entry for each spike.
        """
        self._sums += rates_hz * (duration_ms / 1000.0)
        counts = self._sums.astype(np.int64)
        self._sums -= counts
        return np.repeat(np.arange(len(counts)), counts)


def vote(left_spikes: int, right_spikes: int, previous: int) -> int:
    """Decide the next push by which motor population fired more; a tie keeps the push before."""
    if left_spikes == right_spikes:
        return previous
    return RIGHT if right_spikes > left_spikes else LEFT
