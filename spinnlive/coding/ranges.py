"""The ranges of the values that a code speaks of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinnlive.errors import UsageError


@dataclass(frozen=True, slots=True)
class Ranges:
    """``low`` and ``high`` of each variable, in its own unit."""

    low: tuple[float, ...]
    high: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.low or len(self.low) != len(self.high):
            raise UsageError(
                f"low has {len(self.low)} entries and high {len(self.high)}; "
                "each variable needs one of both"
            )
        for number, (low, high) in enumerate(zip(self.low, self.high, strict=True)):
            if not (math.isfinite(low) and math.isfinite(high) and low < high):
                raise UsageError(
                    f"variable {number} ranges from {low:g} to {high:g}; "
                    "both must be finite, and low below high"
                )

    @classmethod
    def of(cls, low: float | Sequence[float], high: float | Sequence[float]) -> Ranges:
        """Take single numbers as one variable."""
        lows, highs = (
            (float(each),)
            if isinstance(each, (int, float))
            else tuple(float(value) for value in each)
            for each in (low, high)
        )
        return cls(lows, highs)

    @classmethod
    def around_zero(cls, half: Sequence[float]) -> Ranges:
        """From minus to plus each of these."""
        return cls(tuple(-float(each) for each in half), tuple(float(each) for each in half))

    def __len__(self) -> int:
        return len(self.low)

    def to_unit(self, values: ArrayLike) -> NDArray[np.float64]:
        """Scale values, one for each variable, to 0 (low) .. 1 (high); what lies beyond is
        clipped.

        Raises `UsageError` when their number is wrong or one of them is no number.
        """
        given = np.atleast_1d(np.asarray(values, np.float64))
        if given.shape != (len(self),):
            raise UsageError(
                f"values have shape {given.shape}; the code has {len(self)} "
                f"variable{'s' * (len(self) > 1)}"
            )
        if np.isnan(given).any():
            raise UsageError(f"value {int(np.flatnonzero(np.isnan(given))[0])} is not a number")
        low, high = np.asarray(self.low), np.asarray(self.high)
        unit: NDArray[np.float64] = np.clip((given - low) / (high - low), 0.0, 1.0)
        return unit

    def from_unit(self, unit: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scale back; the last axis of ``unit`` has the variables."""
        low, high = np.asarray(self.low), np.asarray(self.high)
        values: NDArray[np.float64] = low + unit * (high - low)
        return values


def neuron_counts(counts: ArrayLike, size: int) -> NDArray[np.float64]:
    """Check counts of spikes, one for each neuron. Raises `UsageError`."""
    given = np.asarray(counts, np.float64)
    if given.shape != (size,):
        raise UsageError(f"counts have shape {given.shape}; the code has {size} neurons")
    if not (given >= 0).all():
        raise UsageError("a count of spikes is below 0 or not a number")
    return given


def check_positive(**numbers: float) -> None:
    """Raise `UsageError` for any that is not a finite number above 0."""
    for name, number in numbers.items():
        if not (math.isfinite(number) and number > 0):
            raise UsageError(f"{name} is {number!r}; it must be a number above 0")
