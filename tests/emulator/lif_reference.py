"""A float LIF with exponential synapses, integrated exactly over each step: what IF_curr_exp means, by its own maths.

At tick t the inputs that arrive are added to the synaptic current; the recorded voltage is the one before the step; the
current is taken as constant over the step with the mean that the exponential has, then decays.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STEP_MS = 1.0
TAU_M_MS, TAU_SYN_MS = 20.0, 5.0
RESISTANCE_MOHM = 20.0  # tau_m / cm, with cm = 1 nF
REST_MV, RESET_MV, THRESHOLD_MV = -65.0, -65.0, -50.0
REFRACTORY_TICKS = 1  # 0.1 ms, rounded up to a whole step


@dataclass(frozen=True)
class Outcome:
    """Voltages (mV), (ticks, neurons); spikes as rows (tick, neuron); how near any voltage came to threshold."""

    voltages: NDArray[np.float64]
    spikes: NDArray[np.float64]
    closest_mv: float


def simulate(ticks: int, arrivals: NDArray[np.float64]) -> Outcome:
    """``arrivals``: summed weights (nA) that arrive at each tick, of shape (ticks, neurons)."""
    neurons = arrivals.shape[1]
    leak, decay = math.exp(-STEP_MS / TAU_M_MS), math.exp(-STEP_MS / TAU_SYN_MS)
    mean_over_step = TAU_SYN_MS / STEP_MS * (1 - decay)
    v, current = np.full(neurons, REST_MV), np.zeros(neurons)
    refractory = np.zeros(neurons, dtype=int)
    voltages, spikes, closest = np.zeros((ticks, neurons)), [], math.inf
    for tick in range(ticks):
        voltages[tick] = v
        current += arrivals[tick] * mean_over_step
        active = refractory <= 0
        target = REST_MV + RESISTANCE_MOHM * current
        v = np.where(active, target - leak * (target - v), v)
        refractory -= 1
        closest = min(closest, float(np.abs(v - THRESHOLD_MV).min()))
        fired = active & (v >= THRESHOLD_MV)
        spikes += [(float(tick), float(neuron)) for neuron in np.flatnonzero(fired)]
        v[fired] = RESET_MV
        refractory[fired] = REFRACTORY_TICKS
        current *= decay
    return Outcome(voltages, np.array(spikes).reshape(-1, 2), closest)
