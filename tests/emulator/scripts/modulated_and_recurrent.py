"""The two plasticity rules that need more than a pair of spikes: neuromodulation, which waits for a reward, and the
recurrent rule, which draws random windows.

Wired as plasticity.py is: synapse i joins neuron i of a source to neuron i of each plastic population, and a strong
static synapse from a driver makes neuron i fire when, and only when, it says so. Neuron i of the reward's and of the
punishment's source gives dopamine to neuron i, and takes it away.
"""

import sys
from itertools import product

import numpy as np
import pyNN.spiNNaker as sim

RUN_MS = 3000
W_MAX, START = 8.0, 4.0
DELAYS_MS = (1, 5, 12)
CORE = 64
"""Neurons on a core: the history of post-synaptic spikes fills its memory."""
random = np.random.default_rng(7)


def poisson_train(rate_hz: float, start: int) -> list[int]:
    """Ticks, in order, at least 4 ms apart: a neuron is refractory, and its input must have decayed."""
    times = np.cumsum(random.exponential(1000 / rate_hz, size=500) + 4).astype(int) + start
    return [int(time) for time in times[times < RUN_MS - 20]]


def rows(trains: list[list[int]]) -> np.ndarray:
    """Of synapse and time, in order."""
    return np.array([(i, time) for i, times in enumerate(trains) for time in times])


# --- neuromodulation: a pairing that leaves a trace of eligibility; 100 ms later a second one, of every kind; a reward
# or a punishment between them or after; and a last spike that brings the weight up to date. No two in one tick: which
# came first would be left to chance
WINDOW_MS = (-60, -15, -4, -1, 0, 2, 3, 10, 30, 60)
REWARDS_AFTER_MS = (-60, 7, 150)
TRAINS = 38
pre, post, reward, punishment, delays = [], [], [], [], []
for delay, arrives_after, rewarded_after in product(DELAYS_MS, WINDOW_MS, REWARDS_AFTER_MS):
    at = 250 + len(pre) * 5
    pre.append([at - 100, at, at + 400])
    fires = [at - 97, at + arrives_after - delay]
    dopamine = at + rewarded_after
    while dopamine in fires:
        dopamine += 1
    post.append(fires)
    reward.append([dopamine] if len(pre) % 3 else [])
    punishment.append([] if len(pre) % 3 else [dopamine])
    delays.append(delay)
for train in range(TRAINS):
    taken: set[int] = set()
    for trains, rate_hz in (
        (pre, 10.0 + train % 4 * 3),
        (post, 5.0 + train % 5),
        (reward, 2.0),
        (punishment, 1.0),
    ):
        trains.append([time for time in poisson_train(rate_hz, start=150) if time not in taken])
        taken.update(trains[-1])
    pre[-1].insert(0, 100)
    post[-1].insert(0, 103)
    delays.append(DELAYS_MS[train % len(DELAYS_MS)])

# --- the recurrent rule: pairings of one interval, over and over; and random trains. Every spike on a core has a tick
# of its own, so that the order in which the core draws its random numbers is known
INTERVALS_MS = (-30, -10, -3, 2, 5, 10, 20, 40)
PAIRINGS = 10
free = np.ones(RUN_MS + 100, dtype=bool)


def take(*times: int) -> bool:
    """Whether these ticks were free; then they are not any more."""
    if min(times) < 20 or max(times) >= RUN_MS - 20 or not all(free[time] for time in times):
        return False
    free[list(times)] = False
    return True


def place(earliest: int, *offsets: int) -> int:
    """The first tick from which ticks with these offsets are free."""
    while not take(*(earliest + offset for offset in offsets)):
        earliest += 1
    return earliest


again_pre, again_post, again_delays, again_intervals = [], [], [], []
for synapse in range(CORE - 24):
    interval, delay = INTERVALS_MS[synapse % len(INTERVALS_MS)], DELAYS_MS[synapse % len(DELAYS_MS)]
    times = [place(120 + 270 * k + 5 * synapse, 0, interval - delay) for k in range(PAIRINGS)]
    again_pre.append(times)
    again_post.append([time + interval - delay for time in times])
    again_delays.append(delay)
    again_intervals.append(interval)
for synapse in range(24):
    again_pre.append([t for t in poisson_train(12.0, start=20) if take(t)])
    again_post.append([t for t in poisson_train(9.0, start=20) if take(t)])
    again_delays.append(DELAYS_MS[synapse % len(DELAYS_MS)])
    again_intervals.append(0)

sim.setup(timestep=1.0)
sim.set_number_of_neurons_per_core(sim.IF_curr_exp, CORE)
sim.set_number_of_neurons_per_core(sim.SpikeSourceArray, CORE)


def source(trains: list[list[int]]) -> sim.Population:
    return sim.Population(len(trains), sim.SpikeSourceArray(spike_times=trains))


def driver(fires: list[list[int]]) -> sim.Population:
    """One tick from a spike of the driver to one of the neuron."""
    return source([[time - 1 for time in times] for times in fires])


def plastic(
    label: str,
    drives: sim.Population,
    sends: sim.Population,
    delays_ms: list[int],
    timing: object,
    weights: object,
) -> tuple[sim.Population, sim.Projection]:
    """The plastic synapses are on the other receptor, and weak, so that they do not make anything fire."""
    cells = sim.Population(sends.size, sim.IF_curr_exp(tau_syn_E=0.3, tau_syn_I=0.3), label=label)
    cells.record("spikes")
    sim.Projection(
        drives, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=100.0, delay=1.0)
    )
    projection = sim.Projection(
        sends,
        cells,
        sim.FromListConnector([(i, i, START, float(d)) for i, d in enumerate(delays_ms)]),
        sim.STDPMechanism(timing_dependence=timing, weight_dependence=weights),
        receptor_type="inhibitory",
    )
    return cells, projection


made = {}
sends, drives = source(pre), driver(post)
rewards, punishments = source(reward), source(punishment)
taus = {"tau_plus": 20.0, "tau_minus": 30.0}


def additive() -> object:
    return sim.AdditiveWeightDependence(w_min=0.0, w_max=W_MAX)


def multiplicative() -> object:
    return sim.MultiplicativeWeightDependence(w_min=0.0, w_max=W_MAX)


# rule, weights, decay of eligibility and of dopamine (ms), dopamine in one reward
modulated = {
    "pair, additive": (
        sim.SpikePairRule(**taus, A_plus=1.0, A_minus=0.75),
        additive(),
        (1000.0, 200.0, 0.03125),
    ),
    "pair, additive, fast": (
        sim.SpikePairRule(**taus, A_plus=1.0, A_minus=0.75),
        additive(),
        (100.0, 40.0, 0.125),
    ),
    "pair, multiplicative": (
        sim.SpikePairRule(**taus, A_plus=0.125, A_minus=0.25),
        multiplicative(),
        (400.0, 80.0, 0.0625),
    ),
    "Vogels, additive": (
        sim.extra_models.Vogels2011Rule(alpha=0.03125, tau=20.0, A_plus=1.0, A_minus=1.0),
        additive(),
        (1000.0, 80.0, 0.015625),
    ),
}
for name, (timing, weights, (tau_c, tau_d, amount)) in modulated.items():
    made[name] = plastic(name, drives, sends, delays, timing, weights)
    for dopamine, receptor in ((rewards, "reward"), (punishments, "punishment")):
        sim.Projection(
            dopamine,
            made[name][0],
            sim.OneToOneConnector(),
            sim.extra_models.Neuromodulation(weight=amount, tau_c=tau_c, tau_d=tau_d, w_max=W_MAX),
            receptor_type=receptor,
        )

# kind of state machine, limits of the accumulator, mean windows (ms)
again_sends, again_drives = source(again_pre), driver(again_post)
recurrent = {
    "recurrent, two windows": (True, -2, 3, 20.0, 30.0),
    "recurrent, one window": (False, -2, 3, 20.0, 30.0),
    "recurrent, strengthened only": (True, -1, 1, 20.0, 0.1),
    "recurrent, weakened only": (True, -1, 1, 0.1, 30.0),
}
for name, (dual, down, up, pre_ms, post_ms) in recurrent.items():
    rule = sim.extra_models.RecurrentRule(
        accumulator_depression=down,
        accumulator_potentiation=up,
        mean_pre_window=pre_ms,
        mean_post_window=post_ms,
        dual_fsm=dual,
        A_plus=0.125,
        A_minus=0.125,
    )
    made[name] = plastic(name, again_drives, again_sends, again_delays, rule, multiplicative())
sim.run(RUN_MS)

results = {}
for name, (cells, projection) in made.items():
    table = projection.get(["weight"], "list")
    results[name + ": weights"] = np.array([row[2] for row in sorted(table)])
    trains = cells.get_data("spikes").segments[0].spiketrains
    results[name + ": post"] = rows([[round(float(t)) for t in train] for train in trains])
sim.end()
np.savez(
    sys.argv[1],
    pre=rows(pre),
    post=rows(post),
    reward=rows(reward),
    punishment=rows(punishment),
    delays=np.array(delays),
    again_pre=rows(again_pre),
    again_post=rows(again_post),
    again_delays=np.array(again_delays),
    again_intervals=np.array(again_intervals),
    **results,
)
