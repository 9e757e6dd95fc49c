"""A reflex to serve: what is injected into `touch` makes `reflex` fire."""

import pyNN.spiNNaker as sim

sim.setup(timestep=1.0)
touch = sim.Population(5, sim.external_devices.SpikeInjector(), label="touch")
reflex = sim.Population(5, sim.IF_curr_exp(tau_syn_E=0.3), label="reflex")
sim.Projection(
    touch,
    reflex,
    sim.OneToOneConnector(),
    synapse_type=sim.StaticSynapse(weight=80.0, delay=1.0),
    label="knee",
)
reflex.record("spikes")
sim.external_devices.activate_live_output_for(reflex)
