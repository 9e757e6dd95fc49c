"""What sPyNNaker's recurrent rule means, by its own definition.

A pre-synaptic spike opens a window of random length, and so does a post-synaptic one. A post-synaptic spike in the
window of a pre-synaptic one counts one up, a pre-synaptic spike in the window of a post-synaptic one counts one down;
only when the count reaches a limit is the weight changed, by a whole amplitude, and counting begins anew. The lengths
are drawn from an exponential distribution; ``inverse_table`` is its inverse at 2,048 places.

There are two machines. With *two windows* (``dual_fsm``), each spike opens one of its own. With *one window*, a synapse
is idle or has one window open, that of the last spike: a spike of the other kind within it counts and ends it; one of
the same kind within it only ends it; and a spike after it opens one of its own.

The random numbers are those of Marsaglia's generator KISS with sPyNNaker's seed, the same on every core, so that every
weight is certain where the order of the draws is: two windows are drawn when the spikes happen, one window when the
next pre-synaptic spike brings the synapse up to date. Ways of sPyNNaker's own, both here: a pre-synaptic spike before
the neuron has ever fired is not seen by one window; and one window measures the time between two post-synaptic spikes
one delay too long.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

from stdp_reference import Interval, Multiplicative, exactly, rounded_down

ONE = 2048
"""Entries of the table of window lengths, and one in the number format of traces."""
SEED = (123456789, 234567891, 345678912, 456789123)
WORD = 0xFFFFFFFF
FULL = exactly(1.0)
"""The trace that a change is made with: amplitudes are applied whole."""


def kiss() -> Iterator[int]:
    """Marsaglia's KISS: a congruential generator, a shift register and a multiply-with-carry, added."""
    x, y, z, carry = SEED
    while True:
        x = (314527869 * x + 1234567) & WORD
        y ^= (y << 5) & WORD
        y ^= y >> 7
        y ^= (y << 22) & WORD
        carry, z = divmod(4294584393 * z + carry, 1 << 32)
        yield (x + y + z) & WORD


def inverse_table(mean_ms: float) -> list[int]:
    """Window lengths (whole ms), all equally likely."""
    return [int(-mean_ms * math.log(1.0 - i / ONE)) for i in range(ONE)]


def chance(interval_ms: int, mean_ms: float) -> float:
    """That a window of a spike is still open so long after it."""
    return math.exp(-(interval_ms + 1) / mean_ms)


@dataclass(frozen=True, slots=True)
class Rule:
    """The limits of the count, the means of the windows (ms), and what is done when a limit is reached."""

    down: int
    up: int
    pre_ms: float
    post_ms: float
    weights: Multiplicative


class Windows:
    """Random window lengths as one core draws them."""

    def __init__(self, rule: Rule) -> None:
        self.numbers = kiss()
        self.pre_table, self.post_table = inverse_table(rule.pre_ms), inverse_table(rule.post_ms)

    def of_pre(self) -> int:
        return self.pre_table[next(self.numbers) % ONE]

    def of_post(self) -> int:
        return self.post_table[next(self.numbers) % ONE]


@dataclass(slots=True)
class Counter:
    """The weight of one synapse (nA), and its count."""

    rule: Rule
    weight: Interval
    count: int = 0
    ups: int = 0
    downs: int = 0

    def count_up(self) -> None:
        self.count += 1
        if self.count >= self.rule.up:
            self.count = 0
            self.ups += 1
            self.weight = self.rule.weights.potentiated(self.weight, FULL, None)

    def count_down(self) -> None:
        self.count -= 1
        if self.count <= self.rule.down:
            self.count = 0
            self.downs += 1
            self.weight = self.rule.weights.depressed(self.weight, FULL, None)


@dataclass(slots=True)
class Spike:
    """Of the neuron: when it fired, and how long the window is that it opens (two windows only)."""

    time_ms: float
    window_ms: int = 0


@dataclass(slots=True)
class Synapse:
    """What both machines know: spikes of the neuron not dealt with yet, and the last ones that were."""

    counter: Counter
    delay_ms: float
    waiting: list[Spike] = field(default_factory=list)
    last_post: Spike | None = None
    last_pre: Spike = field(default_factory=lambda: Spike(0.0))

    def arrived(self, now_ms: float) -> list[Spike]:
        """Those that have reached the synapse, one delay after they were fired."""
        due = [spike for spike in self.waiting if spike.time_ms + self.delay_ms <= now_ms]
        del self.waiting[: len(due)]
        return due


class TwoWindows(Synapse):
    """Each spike opens a window of its own."""

    def fire(self, time_ms: float, windows: Windows) -> None:
        self.waiting.append(Spike(time_ms, windows.of_post()))

    def pre(self, now_ms: float, windows: Windows) -> None:
        window_ms = windows.of_pre()
        for spike in self.arrived(now_ms):
            if 0 < spike.time_ms + self.delay_ms - self.last_pre.time_ms < self.last_pre.window_ms:
                self.counter.count_up()
            self.last_post = spike
        last = self.last_post
        if last and now_ms - last.time_ms - self.delay_ms < last.window_ms:
            self.counter.count_down()
        self.last_pre = Spike(now_ms, window_ms)


class State(Enum):
    IDLE = 0
    PRE_OPEN = 1
    POST_OPEN = 2


@dataclass(slots=True)
class OneWindow(Synapse):
    """One window is open, or none."""

    state: State = State.IDLE
    window_ms: int = 0

    def fire(self, time_ms: float, windows: Windows) -> None:
        self.waiting.append(Spike(time_ms))

    def pre(self, now_ms: float, windows: Windows) -> None:
        for spike in self.arrived(now_ms):
            self._post(spike, windows)
            self.last_post = spike
        if self.last_post:
            since_ms = now_ms - self.last_post.time_ms - self.delay_ms
            if self.state is State.POST_OPEN and since_ms < self.window_ms:
                self.counter.count_down()
                self.state = State.IDLE
            elif self.state is State.PRE_OPEN and now_ms - self.last_pre.time_ms < self.window_ms:
                self.state = State.IDLE
            else:
                self.state, self.window_ms = State.PRE_OPEN, windows.of_pre()
        self.last_pre = Spike(now_ms)

    def _post(self, spike: Spike, windows: Windows) -> None:
        time_ms = spike.time_ms + self.delay_ms
        since_ms = time_ms - self.last_pre.time_ms
        before_ms = self.last_post.time_ms if self.last_post else 0.0  # when it was fired
        if self.state is State.PRE_OPEN and since_ms == 0:
            self.state = State.IDLE
        elif self.state is State.PRE_OPEN and since_ms < self.window_ms:
            self.counter.count_up()
            self.state = State.IDLE
        elif self.state is State.POST_OPEN and time_ms - before_ms < self.window_ms:
            self.state = State.IDLE
        else:
            self.state, self.window_ms = State.POST_OPEN, windows.of_post()


def run_core(
    machine: type[TwoWindows] | type[OneWindow],
    rule: Rule,
    pre_ms: Sequence[Sequence[float]],
    post_ms: Sequence[Sequence[float]],
    delays_ms: Sequence[float],
    start: float,
    weight_step: float,
) -> list[Counter]:
    """Every synapse of a core after its last pre-synaptic spike. No two spikes may be in one tick."""
    windows = Windows(rule)
    synapses = [machine(Counter(rule, exactly(start)), delay) for delay in delays_ms]
    events = [(time, i, True) for i, times in enumerate(pre_ms) for time in times]
    events += [(time, i, False) for i, times in enumerate(post_ms) for time in times]
    for time_ms, i, is_pre in sorted(events):
        if is_pre:
            synapses[i].pre(time_ms, windows)
            counter = synapses[i].counter
            counter.weight = rounded_down(counter.weight, weight_step)
        else:
            synapses[i].fire(time_ms, windows)
    return [synapse.counter for synapse in synapses]
