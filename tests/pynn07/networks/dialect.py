"""One network in PyNN 0.7's dialect that uses all of it; prints what it saw as JSON."""

import json
import sys
from pathlib import Path

import numpy as np
import pyNN.spiNNaker as p
import pyNN.spinnaker as early
from pyNN.errors import InvalidDimensionsError, NonExistentParameterError, RecordingError
from pyNN.random import NumpyRNG, RandomDistribution

from spinnlive import RunStateError, UsageError

folder = Path(sys.argv[1])
seen = {"one module": early is p, "errors": []}


def expect(error, call):
    try:
        call()
    except error as caught:
        seen["errors"].append(type(caught).__name__)
    else:
        seen["errors"].append(f"no {error.__name__}")


def uniform(low, high, seed):
    return RandomDistribution("uniform", [low, high], rng=NumpyRNG(seed))


expect(Exception, lambda: p.setup(timestep=1.0, mindelay=1.0))
expect(Exception, lambda: p.setup(timestep=1.0, min_delay=5.0, max_delay=2.0))
seen["setup"] = p.setup(timestep=1.0, min_delay=1.0, max_delay=20.0)
N = 6
times = [[float(2 + i), float(20 + i)] for i in range(N)]
source = p.Population(N, p.SpikeSourceArray, {"spike_times": times}, None, "source")
cells = p.Population((2, 3), p.IF_curr_exp, {"tau_refrac": 2.0}, label="cells")
conduct = p.Population(N, p.IF_cond_exp, label="conduct")
noise = p.create(p.SpikeSourcePoisson, {"rate": 50.0, "start": 0.0, "duration": 1e10}, N)
late = p.Population(300, p.IF_curr_exp, {}, label="late")
p.set_number_of_neurons_per_core("IF_curr_exp", 100)
p.set_number_of_neurons_per_core(p.SpikeSourceArray, 50)
expect(Exception, lambda: p.set_number_of_neurons_per_core("IF_no_such", 100))
expect(Exception, lambda: p.set_number_of_neurons_per_core(p.SpikeSourcePoisson, 5000))
expect(NonExistentParameterError, lambda: p.Population(1, p.IF_curr_exp, {"tau": 1.0}))
expect(AssertionError, lambda: p.Population((1, 1, 1, 1), p.IF_curr_exp, {}))
expect(RecordingError, source.record_v)
expect(InvalidDimensionsError, lambda: cells.tset("i_offset", [1.0]))

source.record(to_file=str(folder / "source.spikes"))
cells.record()
cells.record_v()
cells.record_gsyn()
conduct.record("spikes")  # today's, in between
p.record_v(conduct, str(folder / "conduct.v"))
noise.record(True)
late[10:12].record_v()

cells.initialize("v", uniform(-65.0, -60.0, 1))
conduct.randomInit(uniform(-66.0, -64.0, 2))
p.initialize(late, "v", -60.0)
cells.tset("i_offset", np.linspace(0.0, 2.0, N))
cells.rset("tau_m", uniform(18.0, 22.0, 3))
cells.set("cm", 0.9)
cells.set({"v_thresh": -51.0, "tau_syn_E": 4.0})
p.set(late, "tau_m", 10.0)

one = p.OneToOneConnector(weights=np.arange(1, N + 1) * 2.0, delays=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
projections = {
    "arrays": p.Projection(source, cells, one, target="excitatory"),
    "the same connector": p.Projection(source, conduct, one),
    "expression": p.Projection(
        source,
        cells,
        p.AllToAllConnector(weights="0.1 * d", delays=uniform(1.0, 4.0, 4)),
        target="inhibitory",
    ),
    "function": p.Projection(source, cells, p.AllToAllConnector(weights=lambda d: 0.5, delays=2.0)),
    "negative": p.Projection(
        cells,
        cells,
        p.FixedProbabilityConnector(1.0, weights=-0.25, delays=2.0, allow_self_connections=False),
        target="inhibitory",
    ),
    "list": p.Projection(
        cells, conduct, p.FromListConnector([(3, 2, 0.5, 3.0), (0, 1, 0.25, 2.0), (0, 1, 0.5, 4.0)])
    ),
    "positional": p.Projection(
        noise,
        cells,
        p.FixedProbabilityConnector(1.0, uniform(0.25, 0.5, 5), 3.0),
        None,
        "excitatory",
    ),
    "distance": p.Projection(
        cells,
        cells,
        p.DistanceDependentProbabilityConnector("d < 1.1", weights=0.5, delays="1 + d"),
    ),
    "total": p.Projection(noise, cells, p.MultapseConnector(7, weights=0.5)),
    "to each": p.Projection(noise, cells, p.FixedNumberPreConnector(2, weights=0.5, delays=1.0)),
    "connect": p.connect(source, conduct, weight=0.5, delay=2.0, synapse_type="inhibitory"),
}
plastic = p.SynapseDynamics(
    slow=p.STDPMechanism(
        timing_dependence=p.SpikePairRule(tau_plus=20.0, tau_minus=20.0),
        weight_dependence=p.AdditiveWeightDependence(w_max=5.0, A_plus=0.5, A_minus=0.25),
    )
)
expect(NotImplementedError, lambda: p.SynapseDynamics(fast=plastic))
learning = p.Projection(
    source, late, p.AllToAllConnector(weights=1.5, delays=5.0), synapse_dynamics=plastic
)
learning_more = p.Projection(
    noise, late, p.OneToOneConnector(weights=2.5, delays=1.0), synapse_dynamics=plastic
)
expect(RunStateError, learning.getWeights)
expect(
    UsageError,
    lambda: p.Projection(source, cells, one, synapse_type=p.StaticSynapse(weight=1.0)),
)
p.run(30)
p.run(30)


def oracle(population, variable, width):
    """What today's sPyNNaker says, by neuron, then by time."""
    rows = np.asarray(population.spinnaker_get_data(variable), dtype=float).reshape(-1, width)
    return rows[np.lexsort((rows[:, 1], rows[:, 0]))]


spikes, v, gsyn = cells.getSpikes(), cells.get_v(), cells.get_gsyn()
seen["shapes"] = [spikes.shape[1], v.shape, gsyn.shape, conduct.getSpikes().shape[1]]
seen["types"] = sorted({str(rows.dtype) for rows in (spikes, v, gsyn)})
seen["spikes of"] = [len(source.getSpikes()), len(spikes), len(noise.getSpikes())]
seen["as today"] = [
    np.array_equal(spikes, np.asarray(cells.spinnaker_get_data("spikes"), dtype=float)),
    np.array_equal(v, np.asarray(cells.spinnaker_get_data("v"), dtype=float)),
    np.array_equal(spikes, oracle(cells, "spikes", 2)),
    np.array_equal(v, oracle(cells, "v", 3)),
    np.array_equal(gsyn[:, :3], oracle(cells, "gsyn_exc", 3)),
    np.array_equal(gsyn[:, [0, 1, 3]], oracle(cells, "gsyn_inh", 3)),
]
seen["source spikes"] = source.getSpikes()[:4].tolist()
seen["times of neuron 2"] = v[v[:, 0] == 2][:, 1].tolist() == [float(t) for t in range(60)]
seen["initial v"] = [float(v[v[:, 1] == 0, 2].min()), float(v[v[:, 1] == 0, 2].max())]
seen["view"] = [list(late[10:12].get_v().shape), sorted(set(late.get_v()[:, 0]))]
seen["v of late"] = float(late.get_v()[0, 2])
counts = cells.get_spike_counts()
seen["counts"] = sum(counts.values()) == len(spikes)
seen["mean"] = cells.meanSpikeCount() == len(spikes) / N
seen["i_offset"] = [float(each) for each in cells.get("i_offset")]
seen["tau_m"] = [float(each) for each in cells.get("tau_m")]
seen["set"] = [float(cells.get(name)[0]) for name in ("cm", "v_thresh", "tau_syn_E", "tau_refrac")]
expect(KeyError, source.get_v)

seen["weights"] = {label: each.getWeights().tolist() for label, each in projections.items()}
seen["delays"] = {label: each.getDelays().tolist() for label, each in projections.items()}
seen["arrays agree"] = all(
    np.allclose(np.nansum(each.getWeights(format="array")), each.getWeights("list").sum())
    for each in projections.values()
)
seen["plastic"] = [learning.getWeights().shape, learning_more.getWeights().shape]
seen["plastic range"] = [float(learning.getWeights().min()), float(learning.getWeights().max())]
seen["plastic delays"] = [sorted(set(each.getDelays())) for each in (learning, learning_more)]
seen["a plus"] = [float(learning.getSynapseDynamics(name)[0]) for name in ("A_plus", "A_minus")]
listed = projections["list"]
array = listed.getWeights(format="array")
seen["array"] = [array.shape, float(array[0, 1]), bool(np.isnan(array[0, 0])), float(array[3, 2])]
seen["length"] = [len(listed), listed.size(), bool(listed), isinstance(listed, p.Projection)]
seen["connection"] = [listed[0].pre, listed[0].post, listed[0].weight, listed[0].delay]
seen["histogram"] = [each.tolist() for each in projections["arrays"].weightHistogram(nbins=2)]
expect(NotImplementedError, lambda: listed.setWeights(1.0))
listed.saveConnections(str(folder / "list.connections"))
projections["arrays"].printWeights(str(folder / "weights"), format="array")
cells.printSpikes(str(folder / "cells.spikes"))
cells.printSpikes(str(folder / "cells.own"), compatible_output=False)
cells.print_v(str(folder / "new" / "cells.v"))
cells.print_gsyn(str(folder / "cells.gsyn"))
again = p.FromFileConnector(str(folder / "list.connections"))
seen["from file"] = np.asarray(again.conn_list)[:, :2].tolist()
seen["first v"] = [float(v[0, 2]), float(gsyn[0, 2]), float(gsyn[0, 3])]
seen["time"] = [p.get_current_time(), p.get_time_step(), p.get_min_delay(), p.get_max_delay()]
seen["rank"] = [p.rank(), p.num_processes()]
p.reset()
seen["time after reset"] = p.get_current_time()
p.end()
print(json.dumps(seen, default=lambda value: value.item()))
