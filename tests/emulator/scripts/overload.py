"""Give cores more spikes than they can process in a tick, and tell how many they did: what sPyNNaker's cores count.

Each source neuron spikes in every tick, and each spike reaches every neuron of the target population. Arguments: where
to write the counts (JSON), and one word for each case: ``split`` or ``combined`` cores, ``static`` or ``plastic``
synapses, source neurons, target neurons, joined by colons.
"""

import json
import sys
from pathlib import Path

import pyNN.spiNNaker as sim
from spinn_front_end_common.interface.provenance import ProvenanceReader
from spinn_utilities.config_holder import set_config

FIRST_MS, TICKS = 20, 40


def counts(cores: str, synapses: str, sources: int, targets: int) -> dict[str, int]:
    """What the core that processes the synapses counted."""
    sim.setup(timestep=1.0)
    for option in ("read_placements_provenance_data", "write_provenance"):
        set_config("Reports", option, "True")
    sim.set_number_of_neurons_per_core(sim.IF_curr_exp, 256)
    times = list(range(FIRST_MS, FIRST_MS + TICKS))
    source = sim.Population(sources, sim.SpikeSourceArray(spike_times=[times] * sources))
    split = {"n_synapse_cores": 1} if cores == "split" else {"n_synapse_cores": 0}
    target = sim.Population(targets, sim.IF_curr_exp(), **split)
    kind = sim.StaticSynapse(weight=0.0, delay=1.0)
    if synapses == "plastic":
        kind = sim.STDPMechanism(
            timing_dependence=sim.SpikePairRule(),
            weight_dependence=sim.AdditiveWeightDependence(),
            weight=0.0,
            delay=1.0,
        )
    sim.Projection(source, target, sim.AllToAllConnector(), kind)
    sim.run(FIRST_MS + TICKS + 20)
    with ProvenanceReader() as reader:
        rows = reader.run_query(
            "SELECT description, MAX(the_value) FROM core_provenance GROUP BY description"
        )
    sim.end()
    return {str(name): int(str(value)) for name, value in rows}


results = {}
for case in sys.argv[2:]:
    cores, synapses, sources, targets = case.split(":")
    results[case] = counts(cores, synapses, int(sources), int(targets))
Path(sys.argv[1]).write_text(json.dumps(results))
