"""Time steps under a millisecond: what 0.7's scripts count on and today's sPyNNaker does not do.

A core has 200,000 cycles for each millisecond on the board. In 2016 sPyNNaker slowed a network with
a shorter step down until it had them, unless a timeScaleFactor was asked for; today's runs it in
real time, with cores as full as ever, which then overrun and lose spikes.
"""

from __future__ import annotations

import math

from spinnlive.pynn07 import network
from spinnlive.pynn07.genuine import sim
from spinnlive.toolchain import timing

NEURONS_PER_CORE = 256
"""Neurons that receive synapses, on one core: sPyNNaker's rows have no more targets."""

NEURONS_PER_MS = 640
SOURCES_PER_MS = 1000
"""Neurons, and Poisson sources, that a core keeps up with for each millisecond of its tick; 64 and
100 in 0.1 ms had no overrun, 256 and 500 overran in most ticks."""


def fit() -> None:
    """Before the first run of a script that speaks 0.7: choose the timeScaleFactor, if nobody did,
    so that a tick lasts a millisecond; where it is shorter all the same, fill the cores less, but
    for the cell types that the script set a number for."""
    made = network.current()
    first, made.has_run = not made.has_run, True
    if not first or not made.speaks_07:
        return
    if timing.asked() is None:
        timing.use_time_scale_factor(max(1, math.ceil(1.0 / timing.timestep_ms())))
    tick_ms = timing.tick_ms()
    for population in made.populations:
        kind = type(population.celltype)
        if kind in made.limited or not population.one_dimensional:
            continue
        if issubclass(kind, sim.SpikeSourcePoisson):
            usual, most = kind.absolute_max_atoms_per_core, int(SOURCES_PER_MS * tick_ms)
        elif getattr(kind, "default_initial_values", None):
            usual, most = NEURONS_PER_CORE, int(NEURONS_PER_MS * tick_ms)
        else:
            continue
        if most < min(population.size, usual):
            population.set_max_atoms_per_core(max(1, most))
