"""What sPyNNaker's neuromodulation means, by its own definition, with the error that its number format allows.

Izhikevich's rule (2007): what a timing rule would do to the weight, it does to a trace of *eligibility*, c, which
decays; reward and punishment add to a trace of *dopamine*, d, which decays faster, and take from it; and the weight
changes by ``dw/dt = c d``. Between two events both are exponentials, so this has a closed form:
``c d (1 - exp(-t / tau_c) exp(-t / tau_d)) / (1 / tau_c + 1 / tau_d)``.

Intervals, traces and the number format are those of ``stdp_reference``. Ways of sPyNNaker's own, all of them here:

* the tables of the two decays have one entry for 16 ms and for 4 ms;
* dopamine reaches the synapse one dendritic delay late, as a post-synaptic spike does; but what is left of it at the
  last pre-synaptic spike is measured as if it had not been late;
* eligibility has the bounds of the weight rule; the weight is clipped once, after the pre-synaptic spike;
* before the first spike of the neuron or dopamine nothing happens at all;
* a pre-synaptic spike sees which events are dopamine with an error: if n of them are still on their way to the synapse,
  of each event that has arrived it takes the kind of the n-th after it (``dopamine_trace_markers`` is shifted so).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from stdp_reference import (
    S1615,
    Interval,
    PairRule,
    Trace,
    VogelsRule,
    decay,
    exactly,
    open_by,
    product,
    rounded_down,
)

GRID_C_MS, GRID_D_MS = 16, 4
"""How far apart the entries of the tables of exponentials are."""
OPEN = 2
"""By how many units of s16.15 the change of a weight between two events may be off."""


@dataclass(frozen=True, slots=True)
class Modulation:
    """The decays of eligibility and of dopamine (ms), and the bounds of the weight (nA)."""

    tau_c: float
    tau_d: float
    w_max: float
    w_min: float = 0.0


@dataclass(frozen=True, slots=True)
class Event:
    """At the neuron: a spike of its own; or dopamine that comes, and is taken away if negative."""

    time_ms: float
    dopamine: float | None = None


def decay_on(grid_ms: int, elapsed_ms: float, tau_ms: float) -> Interval:
    return decay(elapsed_ms - elapsed_ms % grid_ms, tau_ms)


@dataclass(slots=True)
class Synapse:
    """A modulated synapse; ``dopamine`` is what there was at ``time_ms``, when the others were brought up to date."""

    modulation: Modulation
    weight: Interval
    eligibility: Interval
    dopamine: Interval
    time_ms: float = 0.0

    def advance(self, time_ms: float) -> None:
        """Integrate dw/dt = c d up to now, and let eligibility decay."""
        elapsed = time_ms - self.time_ms
        decay_c = decay_on(GRID_C_MS, elapsed, self.modulation.tau_c)
        decay_d = decay_on(GRID_D_MS, elapsed, self.modulation.tau_d)
        integral = (1.0 - product(decay_c, decay_d)) / (
            1.0 / self.modulation.tau_c + 1.0 / self.modulation.tau_d
        )
        ends = np.outer(self.eligibility, self.dopamine * integral)
        self.weight = self.weight + open_by(np.array([ends.min(), ends.max()]), OPEN)
        self.eligibility = rounded_down(self.eligibility * decay_c, S1615)
        self.time_ms = time_ms


def final_weight(
    rule: PairRule | VogelsRule,
    modulation: Modulation,
    pre_ms: Sequence[float],
    events: Sequence[Event],
    delay_ms: float,
    start: float,
    weight_step: float,
) -> tuple[float, float]:
    """Between which values (nA) the weight must lie after the last pre-synaptic spike.

    ``events``: in order, no two in one tick, and none in that of a pre-synaptic spike. ``rule`` must be new. Raises
    ValueError if eligibility may become negative: the machine has no such, and goes on with nonsense.
    """
    level = Trace(modulation.tau_d, GRID_D_MS)
    synapse = Synapse(modulation, exactly(start), exactly(0.0), exactly(0.0))
    done = 0
    last_level = exactly(0.0)
    for last_pre_ms, now_ms in pairwise([0.0, *pre_ms]):
        fired = sum(event.time_ms < now_ms for event in events)
        arrived = sum(event.time_ms + delay_ms <= now_ms for event in events)
        synapse.time_ms = last_pre_ms
        if done:
            left = decay_on(GRID_D_MS, last_pre_ms - events[done - 1].time_ms, modulation.tau_d)
            synapse.dopamine = product(last_level, left)
        for index in range(done, arrived):
            event, time_ms = events[index], events[index].time_ms + delay_ms
            synapse.advance(time_ms)
            if events[index + fired - arrived].dopamine is None:
                synapse.eligibility = rule.potentiated(synapse.eligibility, time_ms)
            level.keep(event.time_ms)
            if event.dopamine is None:
                rule.o1.spike(time_ms)
            else:
                rule.o1.keep(time_ms)
                level.value = level.value + event.dopamine
            synapse.dopamine = last_level = level.value
        done = arrived
        if done:
            synapse.advance(now_ms)
            synapse.eligibility = rule.pre(synapse.eligibility, now_ms)
        else:
            rule.r1.spike(now_ms)
        if synapse.eligibility[0] < 0 and now_ms < max(pre_ms):
            raise ValueError(f"eligibility may be {synapse.eligibility[0]} after {now_ms} ms")
        synapse.weight = rounded_down(
            np.clip(synapse.weight, modulation.w_min, modulation.w_max), weight_step
        )
        synapse.eligibility = rounded_down(synapse.eligibility, weight_step)
    return float(synapse.weight[0]), float(synapse.weight[1])
