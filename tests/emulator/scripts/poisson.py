"""Poisson sources that often spike more than once in a tick, each onto one neuron that they never make fire."""

import sys

import numpy as np
import pyNN.spiNNaker as sim

SOURCES = 20
WEIGHT = 0.125

sim.setup(timestep=1.0)
source = sim.Population(SOURCES, sim.SpikeSourcePoisson(rate=400.0), label="source")
cells = sim.Population(SOURCES, sim.IF_curr_exp(), label="cells")
source.record("spikes")
cells.record("v")
sim.Projection(source, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=WEIGHT, delay=1.0))
sim.run(100)
spikes = [
    (float(time), index)
    for index, train in enumerate(source.get_data("spikes").segments[0].spiketrains)
    for time in train.magnitude
]
voltages = np.asarray(cells.get_data("v").segments[0].filter(name="v")[0].magnitude)
sim.end()
np.savez(sys.argv[1], spikes=np.array(spikes), voltages=voltages, weight=WEIGHT)
