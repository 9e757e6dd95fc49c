"""A plain sPyNNaker script, as anybody would write it for a board: spikes into LIF neurons, spikes and voltages out."""

import sys

import numpy as np
import pyNN.spiNNaker as sim

NEURONS = 40
RUN_MS = 150

sim.setup(timestep=1.0)
times = [[5 + i % 7, 12 + i % 5, 30, 31, 40 + i % 11, 90] for i in range(NEURONS)]
source = sim.Population(NEURONS, sim.SpikeSourceArray(spike_times=times), label="source")
cells = sim.Population(NEURONS, sim.IF_curr_exp(), label="cells")
weights = np.linspace(0.5, 4.49, NEURONS)
connections = [(i, i, weights[i], 1.0 + i % 3) for i in range(NEURONS)]
sim.Projection(source, cells, sim.FromListConnector(connections))
cells.record(["spikes", "v"])
sim.run(RUN_MS)
segment = cells.get_data().segments[0]
voltages = np.asarray(segment.filter(name="v")[0].magnitude)
spikes = [
    (float(time), index)
    for index, train in enumerate(segment.spiketrains)
    for time in train.magnitude
]
sim.end()
np.savez(
    sys.argv[1], voltages=voltages, spikes=np.array(sorted(spikes)).reshape(-1, 2), weights=weights
)
