"""Weights of every kind of projection, read and set mid-run. Usage: weights.py ADDRESS|emulated

Prints what was seen as one line of JSON; tests/live/test_all_weights.py says what it must be.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import pyNN.spiNNaker as sim
import trio

import spinnlive

BOARD = None if sys.argv[1] == "emulated" else sys.argv[1]
N = 24

seen: dict[str, Any] = {name: {} for name in ("changed", "equal PyNN's", "set", "delays kept")}
projections: dict[str, Any] = {}

sim.setup(timestep=1.0)
# some of 24 neurons on three cores, so that rows of several sources and targets are told apart
several = sim.Population(N, sim.SpikeSourcePoisson(rate=60.0), label="several", neurons_per_core=8)
source = sim.Population(N, sim.SpikeSourcePoisson(rate=60.0), label="source")
reward = sim.Population(3, sim.SpikeSourcePoisson(rate=20.0), label="reward")
some = sim.FixedProbabilityConnector(0.4)
far = sim.RandomDistribution("uniform", low=1, high=60)


def target(name: str, model: Any, **how: Any) -> Any:
    """Make cells that fire, for one projection to learn on."""
    cells = sim.Population(N, model, label=name, **how)
    drive = sim.StaticSynapse(weight=0.1, delay=1.0)
    sim.Projection(several, cells, sim.OneToOneConnector(), synapse_type=drive)
    return cells


def stdp(timing: Any, weights: Any, **how: Any) -> Any:
    """Make a rule whose synapses begin in the middle of their range."""
    how = {"weight": 0.5, "delay": 2.0, **how}
    return sim.STDPMechanism(timing_dependence=timing, weight_dependence=weights, **how)


firing = sim.IF_curr_exp(i_offset=1.2)
taus = {"tau_plus": 20.0, "tau_minus": 20.0}
pair = {**taus, "A_plus": 0.05, "A_minus": 0.04}
extra = sim.extra_models


def additive() -> Any:
    """Make the weight rule that most go with."""
    return sim.AdditiveWeightDependence(w_min=0.0, w_max=2.0)


def multiplicative() -> Any:
    """Make the other one."""
    return sim.MultiplicativeWeightDependence(w_min=0.0, w_max=2.0)


RULES = {
    "pair, additive": lambda: (sim.SpikePairRule(**pair), additive()),
    "pair, multiplicative": lambda: (sim.SpikePairRule(**pair), multiplicative()),
    "nearest pair, additive": lambda: (extra.SpikeNearestPairRule(**pair), additive()),
    "nearest pair, multiplicative": lambda: (extra.SpikeNearestPairRule(**pair), multiplicative()),
    "triplet, additive": lambda: (
        extra.PfisterSpikeTriplet(**pair, tau_x=50.0, tau_y=60.0),
        extra.WeightDependenceAdditiveTriplet(w_min=0.0, w_max=2.0, A3_plus=0.05, A3_minus=0.03),
    ),
    "Vogels, additive": lambda: (
        extra.Vogels2011Rule(alpha=0.12, tau=20.0, A_plus=0.05, A_minus=0.05),
        additive(),
    ),
    "recurrent, multiplicative": lambda: (
        extra.RecurrentRule(
            accumulator_depression=-2, accumulator_potentiation=2, A_plus=0.2, A_minus=0.2
        ),
        multiplicative(),
    ),
    "recurrent stochastic, multiplicative": lambda: (
        extra.RecurrentRule(
            accumulator_depression=-2,
            accumulator_potentiation=2,
            dual_fsm=False,
            A_plus=0.2,
            A_minus=0.2,
        ),
        multiplicative(),
    ),
}
for name, rule in RULES.items():
    projections[name] = sim.Projection(
        source, target(name, firing), some, synapse_type=stdp(*rule())
    )

conductance = sim.STDPMechanism(
    timing_dependence=sim.SpikePairRule(**pair),
    weight_dependence=sim.AdditiveWeightDependence(w_min=0.0, w_max=0.05),
    weight=0.01,
    delay=1.0,
)
projections["conductances"] = sim.Projection(
    source, target("gated", sim.IF_cond_exp()), some, synapse_type=conductance
)
projections["inhibition, delays, static"] = sim.Projection(
    source,
    target("inhibited", firing),
    some,
    receptor_type="inhibitory",
    synapse_type=sim.StaticSynapse(weight=0.25, delay=far),
)
wide = target("wide", firing, neurons_per_core=8)
projections["several cores"] = sim.Projection(
    several, wide, some, synapse_type=stdp(sim.SpikePairRule(**pair), additive())
)
projections["several cores, delays"] = sim.Projection(
    several,
    target("wide and far", firing, neurons_per_core=8),
    some,
    synapse_type=stdp(sim.SpikePairRule(**pair), additive(), delay=far),
)
listed = [
    (i, j, ((7 * i + j) % 20 + 1) / 64, float((5 * i + 11 * j) % 90 + 1))
    for i in range(N)
    for j in range(N)
    if (i + 3 * j) % 4 == 0
]
projections["listed, several cores, delays"] = sim.Projection(
    several, target("listed", firing, neurons_per_core=8), sim.FromListConnector(listed)
)
split = target("split", firing, n_synapse_cores=2)
projections["split cores, static, delays"] = sim.Projection(
    several, split, some, synapse_type=sim.StaticSynapse(weight=0.25, delay=5.0)
)
learning_split = target("learning split", firing, n_synapse_cores=1)
projections["split cores, STDP"] = sim.Projection(
    source, learning_split, some, synapse_type=stdp(sim.SpikePairRule(**pair), additive())
)
modulated = target("modulated", firing)
projections["neuromodulated"] = sim.Projection(
    source, modulated, some, synapse_type=stdp(sim.SpikePairRule(**pair), additive())
)
projections["neuromodulation"] = sim.Projection(
    reward,
    modulated,
    sim.AllToAllConnector(),
    synapse_type=extra.Neuromodulation(tau_c=100, tau_d=50, weight=0.1, w_max=2.0),
    receptor_type="reward",
)
rewiring = {
    "partner_selection": sim.RandomSelection(),
    "formation": sim.DistanceDependentFormation(grid=[6, 4], sigma_form_forward=2.0),
    "elimination": sim.RandomByWeightElimination(threshold=0.4, prob_elim_depressed=0.5),
    "initial_weight": 0.3,
    "initial_delay": 2.0,
    "s_max": N,  # as many as could be drawn: with fewer sPyNNaker refuses an unlucky draw
    "f_rew": 1000,
}
projections["rewired, static"] = sim.Projection(
    source,
    target("rewired", firing),
    some,
    synapse_type=sim.StructuralMechanismStatic(**rewiring, weight=0.3, delay=2.0),
)
projections["rewired, STDP"] = sim.Projection(
    source,
    target("rewired and learning", firing),
    some,
    synapse_type=sim.StructuralMechanismSTDP(
        **rewiring,
        timing_dependence=sim.SpikePairRule(**pair),
        weight_dependence=additive(),
        weight=0.5,
        delay=2.0,
    ),
)


async def main() -> None:
    """Run, and read each projection while it does and when it stands; set the weights of most."""
    before: dict[str, Any] = {}
    async with spinnlive.open_live(sim, board=BOARD, progress=False) as live:
        seen["listed weights as listed"] = np.allclose(
            columns(await live.read_weights(projections["listed, several cores, delays"])),
            np.array(sorted(listed)),
            atol=0.001,
        )
        for name, projection in projections.items():
            before[name] = await live.read_weights(projection)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(live.run, 300.0)
            await live.clock.wait_until(50)
            for name, projection in projections.items():
                snapshot = await live.read_weights(projection)
                if not snapshot.tick <= snapshot.tick_after <= 300:
                    seen[f"ticks of {name}"] = [snapshot.tick, snapshot.tick_after]
        # the network stands: what is set is there, whatever the rule
        for name, projection in projections.items():
            snapshot = await live.read_weights(projection)
            seen["changed"][name] = not np.array_equal(columns(snapshot), columns(before[name]))
            # a pair that rewiring has joined twice has one weight in the list for both
            pairs = np.column_stack([snapshot.pre, snapshot.post])
            which = np.unique(pairs, axis=0, return_inverse=True)[1].ravel()
            new = np.round(np.linspace(0.01, 0.04, which.max() + 1), 4)[which]
            rows = np.column_stack([snapshot.pre, snapshot.post, new])
            try:
                await live.set_weights(projection, rows)
            except spinnlive.WeightError:
                seen["set"][name] = "refused"
                continue
            after = await live.read_weights(projection)
            seen["set"][name] = bool(np.abs(after.weights - new).max() < 0.001)
            seen["delays kept"][name] = np.array_equal(after.delays_ms, snapshot.delays_ms)
        # and while it runs: a static projection keeps what it is given, a plastic one goes on
        async with trio.open_nursery() as nursery:
            nursery.start_soon(live.run, 300.0)
            await live.clock.wait_until(350)
            await live.set_weights(projections["inhibition, delays, static"], 0.125)
            await live.set_weights(projections["pair, additive"], 2.0, pre=[3, 5])
        static = await live.read_weights(projections["inhibition, delays, static"])
        seen["static weights set mid-run"] = sorted(set(static.weights.tolist()))
        half = await live.read_weights(projections["pair, additive"], pre=[3, 5], post=range(12))
        seen["a selection"] = [sorted(set(half.pre.tolist())), int(half.post.max()) < 12]
        last = {name: await live.read_weights(each) for name, each in projections.items()}
    for name, projection in projections.items():
        expected = projection.get(["weight", "delay"], "list")
        rows = np.array([list(row) for row in expected], float)
        found = columns(last[name])
        order = np.lexsort((rows[:, 3], rows[:, 2], rows[:, 1], rows[:, 0]))
        ours = np.lexsort((found[:, 3], found[:, 2], found[:, 1], found[:, 0]))
        seen["equal PyNN's"][name] = bool(np.array_equal(rows[order], found[ours]))
    seen["synapses"] = min(len(each.weights) for each in last.values())


def columns(snapshot: spinnlive.WeightSnapshot) -> Any:
    """Give pre, post, weight and delay in columns, as PyNN does."""
    return np.column_stack([snapshot.pre, snapshot.post, snapshot.weights, snapshot.delays_ms])


trio.run(main)
sim.end()
print(json.dumps(seen))
