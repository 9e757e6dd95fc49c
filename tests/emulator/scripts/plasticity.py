"""The plasticity rules of pairs and triplets on the same spikes: single pairings over the whole window, random trains.

Synapse i joins neuron i of the source to neuron i of each plastic population; a strong static synapse from a second
source makes neuron i fire when, and only when, it says so. The plastic synapses are on the other receptor, and weak, so
that they do not make anything fire.
"""

import sys

import numpy as np
import pyNN.spiNNaker as sim

RUN_MS = 5000
W_MAX, START = 8.0, 4.0
FIRST_PAIR_MS, UPDATE_AFTER_MS = 300, 400  # well beyond the window, to bring the weights up to date
DELAYS_MS = (1, 5, 10, 15)
# the last is beyond what a core holds: a delay extension takes part of it
LONG_DELAYS_MS = (20, 40, 80, 140)
WINDOW_MS = (*range(-80, -20, 8), *range(-20, 21), *range(24, 81, 8))
TRAINS = 28


def poisson_train(random: np.random.Generator, rate_hz: float) -> list[int]:
    """Ticks, in order, at least 4 ms apart (of one neuron: it is refractory, and its input must have decayed)."""
    gaps = random.exponential(1000 / rate_hz, size=500) + 4
    times = np.cumsum(gaps).astype(int) + 20
    return [int(time) for time in times[times < RUN_MS - 20]]


pre, post, delays = [], [], []
for delay in DELAYS_MS:
    for arrives_after in WINDOW_MS:
        at = FIRST_PAIR_MS + len(pre)  # each at its own time, to spread the load
        pre.append([at, at + UPDATE_AFTER_MS])
        post.append([at + arrives_after - delay])
        delays.append(delay)
random = np.random.default_rng(20)
for train in range(TRAINS):
    pre.append(poisson_train(random, 8.0 + train % 4 * 4))
    post.append(poisson_train(random, 6.0 + train % 5 * 2))
    delays.append(DELAYS_MS[train % len(DELAYS_MS)])
synapses = len(pre)

sim.setup(timestep=1.0)
# the history of post-synaptic spikes fills a core's memory
sim.set_number_of_neurons_per_core(sim.IF_curr_exp, 64)
# and that of spikes on their way, the memory of a delay extension
sim.set_number_of_neurons_per_core(sim.SpikeSourceArray, 64)
source = sim.Population(synapses, sim.SpikeSourceArray(spike_times=pre))
# one tick from a spike of the driver to one of the neuron
driver = sim.Population(
    synapses, sim.SpikeSourceArray(spike_times=[[t - 1 for t in times] for times in post])
)
taus = {"tau_plus": 20.0, "tau_minus": 30.0}
additive = sim.AdditiveWeightDependence(w_min=0.0, w_max=W_MAX)
mechanisms = {
    "pair, additive": (sim.SpikePairRule(**taus, A_plus=1.0, A_minus=0.75), additive),
    "pair, multiplicative": (
        sim.SpikePairRule(**taus, A_plus=0.25, A_minus=0.1875),
        sim.MultiplicativeWeightDependence(w_min=0.0, w_max=W_MAX),
    ),
    "nearest pair, additive": (
        sim.extra_models.SpikeNearestPairRule(**taus, A_plus=1.0, A_minus=0.75),
        sim.AdditiveWeightDependence(w_min=0.0, w_max=W_MAX),
    ),
    "nearest pair, multiplicative": (
        sim.extra_models.SpikeNearestPairRule(**taus, A_plus=0.25, A_minus=0.1875),
        sim.MultiplicativeWeightDependence(w_min=0.0, w_max=W_MAX),
    ),
    "Vogels, additive": (
        sim.extra_models.Vogels2011Rule(alpha=0.25, tau=20.0, A_plus=0.25, A_minus=0.25),
        sim.AdditiveWeightDependence(w_min=0.0, w_max=W_MAX),
    ),
    "triplet, additive": (
        sim.extra_models.PfisterSpikeTriplet(
            **taus, tau_x=50.0, tau_y=70.0, A_plus=0.0625, A_minus=0.0625
        ),
        sim.extra_models.WeightDependenceAdditiveTriplet(
            w_min=0.0, w_max=W_MAX, A3_plus=0.125, A3_minus=0.03125
        ),
    ),
}
# the same rule where synapses have a core of their own, and where they are far from the neuron
mechanisms["pair, additive, split"] = mechanisms["pair, additive"]
mechanisms["pair, additive, long delays"] = mechanisms["pair, additive"]
long_delays = [LONG_DELAYS_MS[DELAYS_MS.index(delay)] for delay in delays]
populations, projections = {}, {}
for name, (timing, weights) in mechanisms.items():
    cores = {"n_synapse_cores": 1} if name.endswith("split") else {}
    cells = sim.Population(
        synapses, sim.IF_curr_exp(tau_syn_E=0.3, tau_syn_I=0.3), label=name, **cores
    )
    delays_here = long_delays if name.endswith("long delays") else delays
    connections = [(i, i, START, float(delay)) for i, delay in enumerate(delays_here)]
    cells.record("spikes")
    sim.Projection(
        driver, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=100.0, delay=1.0)
    )
    populations[name] = cells
    projections[name] = sim.Projection(
        source,
        cells,
        sim.FromListConnector(connections),
        sim.STDPMechanism(timing_dependence=timing, weight_dependence=weights),
        receptor_type="inhibitory",
    )
sim.run(RUN_MS)


def rows(trains: list[list[int]]) -> np.ndarray:
    """Of synapse and time, in order."""
    return np.array([(i, time) for i, times in enumerate(trains) for time in times])


results = {}
for name, projection in projections.items():
    table = projection.get(["weight"], "list")
    results[name + ": weights"] = np.array([row[2] for row in sorted(table)])
    trains = populations[name].get_data("spikes").segments[0].spiketrains
    results[name + ": post"] = rows([[round(float(t)) for t in train] for train in trains])
sim.end()
np.savez(
    sys.argv[1],
    pre=rows(pre),
    post=rows(post),
    delays=np.array(delays),
    long_delays=np.array(long_delays),
    **results,
)
