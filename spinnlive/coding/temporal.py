"""Codes of time: when a neuron fires is the value, or that it fires says that the value changed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinnlive.coding.ranges import Ranges, check_positive
from spinnlive.errors import UsageError


@dataclass(frozen=True, slots=True)
class LatencyCode:
    """Each variable v, from a to b, has one neuron, which fires once in a window of T ms, the
    earlier the larger v is:

        t(v) = T (b - v) / (b - a),        v = b - (b - a) t / T.

    A timestep of h ms on the board rounds t, so v is known to (b - a) h / T.
    """

    ranges: Ranges
    window_ms: float = 20.0

    def __post_init__(self) -> None:
        check_positive(window_ms=self.window_ms)

    @property
    def size(self) -> int:
        """Number of neurons."""
        return len(self.ranges)

    def times_ms(self, values: ArrayLike) -> NDArray[np.float64]:
        """Give when each neuron fires (ms from the start of the window)."""
        times: NDArray[np.float64] = self.window_ms * (1.0 - self.ranges.to_unit(values))
        return times

    def values(self, times_ms: ArrayLike) -> NDArray[np.float64]:
        """Read the values back from each neuron's first spike (ms from the start of the window).

        NaN for a neuron that did not fire (time NaN) or fired outside the window.
        """
        times = np.asarray(times_ms, np.float64)
        if times.shape != (self.size,):
            raise UsageError(f"times have shape {times.shape}; the code has {self.size} neurons")
        inside = (times >= 0.0) & (times <= self.window_ms)
        return self.ranges.from_unit(np.where(inside, 1.0 - times / self.window_ms, np.nan))


@dataclass(frozen=True, slots=True)
class DeltaCode:
    """Send on change, as an event camera's pixel does.

    Each of ``variables`` has two neurons, ON (id 2i) and OFF (id 2i + 1). A reference w follows the
    value v in steps of ``threshold`` θ: while v ≥ w + θ, ON fires and w ← w + θ; while v ≤ w - θ,
    OFF fires and w ← w - θ. So the sum v(0) + θ (ON - OFF) is within θ of v at all times, if no
    spike is lost. At most ``most`` spikes a step of one neuron, lest a jump flood the board; the
    rest follow in the next steps.
    """

    variables: int
    threshold: float
    most: int = 8

    def __post_init__(self) -> None:
        check_positive(threshold=self.threshold)
        if self.variables < 1 or self.most < 1:
            raise UsageError(
                f"variables is {self.variables} and most is {self.most}; both must be at least 1"
            )

    @property
    def size(self) -> int:
        """Number of neurons."""
        return 2 * self.variables

    def encoder(self, start: ArrayLike) -> DeltaEncoder:
        """Begin at these values."""
        return DeltaEncoder(self, self.checked(start))

    def decoder(self, start: ArrayLike) -> DeltaDecoder:
        """Begin at the values that the encoder began at."""
        return DeltaDecoder(self, self.checked(start))

    def checked(self, values: ArrayLike) -> NDArray[np.float64]:
        """Give a copy of the values. Raises `UsageError` unless there is a finite one for each
        variable."""
        given = np.atleast_1d(np.array(values, np.float64))
        if given.shape != (self.variables,) or not np.isfinite(given).all():
            raise UsageError(
                f"values are {given}; the code has {self.variables} variables, all finite"
            )
        return given


class DeltaEncoder:
    """Values in, spikes out; made by `DeltaCode.encoder`."""

    def __init__(self, code: DeltaCode, start: NDArray[np.float64]) -> None:
        self._code = code
        self._reference = start

    def advance(self, values: ArrayLike) -> NDArray[np.int64]:
        """Take the present values; give the ids that fire, one entry for each spike."""
        code = self._code
        away = (code.checked(values) - self._reference) / code.threshold
        # a value that is a whole number of steps away must not miss one by rounding
        steps = np.trunc(away + np.copysign(1e-9, away))
        steps = np.clip(steps, -code.most, code.most).astype(np.int64)
        self._reference += steps * code.threshold
        ids = 2 * np.arange(code.variables) + (steps < 0)
        return np.repeat(ids, np.abs(steps))


class DeltaDecoder:
    """Spikes in, values out; made by `DeltaCode.decoder`."""

    def __init__(self, code: DeltaCode, start: NDArray[np.float64]) -> None:
        self._code = code
        self._values = start

    def advance(self, neuron_ids: ArrayLike) -> NDArray[np.float64]:
        """Take the ids that fired, in any order; give the values."""
        ids = np.asarray(neuron_ids, np.int64)
        if ids.size and not (ids.min() >= 0 and ids.max() < self._code.size):
            raise UsageError(f"an id is outside 0 .. {self._code.size - 1}")
        counts = np.bincount(ids, minlength=self._code.size).reshape(-1, 2)
        self._values += self._code.threshold * (counts[:, 0] - counts[:, 1])
        return self._values.copy()
