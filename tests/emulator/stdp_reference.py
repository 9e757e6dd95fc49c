"""What sPyNNaker's plasticity rules mean, by their own definition, with the error that its number format allows.

One synapse, its spikes, its weight after the last pre-synaptic spike: a weight is brought up to date when the next
pre-synaptic spike comes, so post-synaptic ones after the last are not seen. Delays are dendritic: a post-synaptic spike
reaches the synapse one delay after it was fired, a pre-synaptic one at once. Events are taken in order of time; of two
at one time the post-synaptic one is first, and counts as "before": depression with dt = 0, and no potentiation.

Every value is an interval (low, high) of reals. It starts exact; where the machine's number format rounds down, both
ends are rounded down, and where the way of rounding is open, the interval widens by what may be lost. So a weight
outside it is a fault, not a rounding. The format: traces and exponentials have 11 fraction bits (``STEP``), each
exponential and each product of them is rounded down; amplitudes, and the weight within one update, have 15 (s16.15),
rounded somehow; weights are stored in 16 bits, rounded down to a step that depends on the largest of the population.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

STEP = 2.0**-11
"""Of traces and of exponentials."""
S1615 = 2.0**-15
"""The unit of amplitudes and of the weight within an update."""
DOUBT = 1e-9
"""In steps: far more than a double loses here, far less than matters."""

Interval = NDArray[np.float64]


def exactly(value: float) -> Interval:
    return np.array([value, value])


def rounded_down(value: Interval, step: float) -> Interval:
    """To a multiple of ``step``; what a double's own error keeps below one counts as on it."""
    return np.floor(value / step + DOUBT) * step


def decay(elapsed_ms: float, tau_ms: float) -> Interval:
    """exp(-t / tau); beyond the machine's table, which ends where this is less than one step, it is zero."""
    return rounded_down(exactly(math.exp(-elapsed_ms / tau_ms)), STEP)


def product(a: Interval, b: Interval) -> Interval:
    """Of two traces."""
    return rounded_down(a * b, STEP)


def open_by(value: Interval, units: float) -> Interval:
    """The product of a trace and something in s16.15 may be off by so many units; with a trace of zero it is not."""
    return value + np.array([-units, units]) * S1615 if value.any() else value


def scaled(amplitude: float, trace: Interval) -> Interval:
    """Of an amplitude, which is rounded to s16.15, and a trace."""
    nearest = np.array([math.floor(amplitude / S1615), math.ceil(amplitude / S1615)]) * S1615
    ends = np.outer(nearest, trace)
    return open_by(np.array([ends.min(), ends.max()]), 1)


@dataclass(frozen=True, slots=True)
class Additive:
    """Each change is an amplitude (nA), whatever the weight; clipped after every change, at the side it moves to."""

    w_max: float
    a_plus: float
    a_minus: float
    a3_plus: float = 0.0
    """Of the triplet term, also in nA: sPyNNaker's triplet rule takes all four amplitudes as fractions of w_max."""
    a3_minus: float = 0.0
    w_min: float = 0.0

    def potentiated(self, w: Interval, pair: Interval, triplet: Interval | None) -> Interval:
        w = w + scaled(self.a_plus, pair)
        if triplet is not None:
            w = w + scaled(self.a3_plus, triplet)
        return np.minimum(w, self.w_max)

    def depressed(self, w: Interval, pair: Interval, triplet: Interval | None) -> Interval:
        w = w - scaled(self.a_minus, pair)[::-1]
        if triplet is not None:
            w = w - scaled(self.a3_minus, triplet)[::-1]
        return np.maximum(w, self.w_min)


@dataclass(frozen=True, slots=True)
class Multiplicative:
    """Each change is a fraction of the way that is left to the bound."""

    w_max: float
    a_plus: float
    a_minus: float
    w_min: float = 0.0

    def potentiated(self, w: Interval, pair: Interval, triplet: Interval | None) -> Interval:
        # end by end: the result grows with the trace and with w, of which less is taken away than it adds
        return w + open_by((self.w_max - w) * self.a_plus * pair, 2)

    def depressed(self, w: Interval, pair: Interval, triplet: Interval | None) -> Interval:
        return w + open_by((self.w_min - w) * self.a_minus * pair[::-1], 2)


WeightRule = Additive | Multiplicative


@dataclass(slots=True)
class Trace:
    """Decays with ``tau_ms``, seen every ``grid_ms``; each spike adds one."""

    tau_ms: float
    grid_ms: int = 1
    value: Interval = field(default_factory=lambda: exactly(0.0))
    time_ms: float = 0.0

    def at(self, time_ms: float) -> Interval:
        elapsed = time_ms - self.time_ms
        return product(self.value, decay(elapsed - elapsed % self.grid_ms, self.tau_ms))

    def spike(self, time_ms: float) -> None:
        self.keep(time_ms)
        self.value = self.value + 1.0

    def keep(self, time_ms: float) -> None:
        """Store the value of this moment: so rounding comes once more."""
        self.value, self.time_ms = self.at(time_ms), time_ms


class PairRule:
    """SpikePairRule: each pre-synaptic spike with each post-synaptic one."""

    def __init__(self, weights: WeightRule, tau_plus: float, tau_minus: float) -> None:
        self.weights = weights
        self.r1, self.o1 = Trace(tau_plus), Trace(tau_minus)

    def potentiated(self, w: Interval, time_ms: float) -> Interval:
        if time_ms == self.r1.time_ms:
            return w
        return self.weights.potentiated(w, self.r1.at(time_ms), None)

    def post(self, w: Interval, time_ms: float) -> Interval:
        w = self.potentiated(w, time_ms)
        self.o1.spike(time_ms)
        return w

    def pre(self, w: Interval, time_ms: float) -> Interval:
        w = self.weights.depressed(w, self.o1.at(time_ms), None)
        self.r1.spike(time_ms)
        return w


class TripletRule:
    """PfisterSpikeTriplet (all to all): slow traces, read before their own spike, multiply the fast ones.

    sPyNNaker's tables of the slow exponentials have one entry for 4 ms.
    """

    def __init__(
        self, weights: Additive, tau_plus: float, tau_minus: float, tau_x: float, tau_y: float
    ) -> None:
        self.weights = weights
        self.r1, self.o1 = Trace(tau_plus), Trace(tau_minus)
        self.r2, self.o2 = Trace(tau_x, grid_ms=4), Trace(tau_y, grid_ms=4)

    def post(self, w: Interval, time_ms: float) -> Interval:
        if time_ms > self.r1.time_ms:
            pair = self.r1.at(time_ms)
            w = self.weights.potentiated(w, pair, product(pair, self.o2.at(time_ms)))
        self.o1.spike(time_ms)
        self.o2.spike(time_ms)
        return w

    def pre(self, w: Interval, time_ms: float) -> Interval:
        pair = self.o1.at(time_ms)
        w = self.weights.depressed(w, pair, product(pair, self.r2.at(time_ms)))
        self.r1.spike(time_ms)
        self.r2.spike(time_ms)
        return w


class NearestPairRule:
    """SpikeNearestPairRule: a post-synaptic spike with the last pre-synaptic one, unless another came between.

    sPyNNaker measures "between" one delay later than it should: a spike that reaches the synapse within one delay after
    the pre-synaptic one does not count as between. And it takes the start of the run as a pre-synaptic spike.
    """

    def __init__(
        self, weights: WeightRule, tau_plus: float, tau_minus: float, delay_ms: float
    ) -> None:
        self.weights, self.delay_ms = weights, delay_ms
        self.tau_plus, self.tau_minus = tau_plus, tau_minus
        self.last_pre, self.last_post = 0.0, -math.inf

    def post(self, w: Interval, time_ms: float) -> Interval:
        first = self.last_post <= self.last_pre + self.delay_ms
        if time_ms > self.last_pre and first:
            w = self.weights.potentiated(w, decay(time_ms - self.last_pre, self.tau_plus), None)
        self.last_post = time_ms
        return w

    def pre(self, w: Interval, time_ms: float) -> Interval:
        w = self.weights.depressed(w, decay(time_ms - self.last_post, self.tau_minus), None)
        self.last_pre = time_ms
        return w


class VogelsRule:
    """Vogels2011: spikes near each other strengthen, whatever their order; each pre-synaptic one costs alpha.

    Nothing is taken before the first post-synaptic spike. The machine does not keep the lower bound: stay away from it.
    """

    def __init__(self, weights: Additive, tau: float, alpha: float) -> None:
        self.weights, self.alpha = weights, alpha
        self.r1, self.o1 = Trace(tau), Trace(tau)

    def potentiated(self, w: Interval, time_ms: float) -> Interval:
        return self.weights.potentiated(w, self.r1.at(time_ms), None)

    def post(self, w: Interval, time_ms: float) -> Interval:
        w = self.potentiated(w, time_ms)
        self.o1.spike(time_ms)
        return w

    def pre(self, w: Interval, time_ms: float) -> Interval:
        if self.o1.time_ms > 0:
            cost = round(self.alpha / STEP) * STEP
            w = self.weights.potentiated(w, self.o1.at(time_ms) - cost, None)
        self.r1.spike(time_ms)
        return w


Rule = PairRule | TripletRule | NearestPairRule | VogelsRule


def final_weight(
    rule: Rule,
    pre_ms: Sequence[float],
    post_ms: Sequence[float],
    delay_ms: float,
    start: float,
    weight_step: float,
) -> tuple[float, float]:
    """Between which values (nA) the weight must lie after the last pre-synaptic spike.

    ``start``: a multiple of ``weight_step``. ``rule`` must be new: it keeps the synapse's traces.
    """
    events = [(time + delay_ms, 0, rule.post) for time in post_ms]
    events += [(time, 1, rule.pre) for time in pre_ms]
    events.sort(key=lambda event: event[:2])
    last = max(pre_ms)
    w = exactly(start)
    for time_ms, is_pre, change in events:
        if time_ms > last:
            break
        apply: Callable[[Interval, float], Interval] = change
        w = apply(w, time_ms)
        if is_pre:
            w = rounded_down(w, weight_step)
    return float(w[0]), float(w[1])
