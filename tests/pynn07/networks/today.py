"""A network in today's dialect: through our module, or through sPyNNaker's own ('genuine')."""

import json
import sys

import numpy as np

if sys.argv[1] == "genuine":
    import spynnaker.pyNN as sim
else:
    import pyNN.spiNNaker as sim

sim.setup(timestep=1.0, time_scale_factor=2)
sim.set_number_of_neurons_per_core(sim.IF_curr_exp, 50)
source = sim.Population(5, sim.SpikeSourceArray(spike_times=[[5 * i] for i in range(5)]), label="s")
cells = sim.Population(5, sim.IF_curr_exp(tau_m=15.0), label="c", initial_values={"v": -62.0})
cells.set(cm=0.8)
cells.initialize(v=-61.0)
cells.record(["spikes", "v"])
fixed = sim.Projection(
    source, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=4.0, delay=2.0)
)
rule = sim.STDPMechanism(
    timing_dependence=sim.SpikePairRule(tau_plus=20.0, tau_minus=20.0, A_plus=0.5, A_minus=0.25),
    weight_dependence=sim.AdditiveWeightDependence(w_min=0.0, w_max=5.0),
    weight=2.0,
    delay=1.0,
)
plastic = sim.Projection(
    source, cells, sim.AllToAllConnector(), synapse_type=rule, receptor_type="excitatory", label="p"
)
returned = sim.run(60)
segment = cells.get_data().segments[0]
seen = {
    "returned": returned,
    "v": np.asarray(segment.filter(name="v")[0].magnitude).tolist(),
    "spikes": [train.magnitude.tolist() for train in segment.spiketrains],
    "fixed": [list(map(float, each)) for each in fixed.get(["weight", "delay"], "list")],
    "plastic": np.asarray(plastic.get("weight", "array"), dtype=float).tolist(),
    "a plus": rule.weight_dependence.A_plus,
    "kinds": [
        isinstance(cells, sim.Population),
        isinstance(cells[1:3], sim.PopulationView),
        isinstance(fixed, sim.SpiNNakerProjection),
        isinstance(rule, sim.STDPMechanism),
    ],
}
sim.end()
print(json.dumps(seen, default=lambda value: value.item()))
