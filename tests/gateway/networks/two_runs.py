"""A script as any: a relay with its own source, run twice, and what was recorded looked at."""

import pyNN.spiNNaker as sim

sim.setup(timestep=1.0)
clockwork = sim.Population(2, sim.SpikeSourceArray([[5.0], [90.0, 130.0]]), label="clockwork")
relay = sim.Population(2, sim.IF_curr_exp(tau_syn_E=0.3), label="relay")
sim.Projection(
    clockwork,
    relay,
    sim.OneToOneConnector(),
    synapse_type=sim.StaticSynapse(weight=80.0, delay=1.0),
)
relay.record("spikes")
sim.external_devices.activate_live_output_for(relay)
for _ in range(2):
    sim.run(100)
    trains = relay.get_data("spikes").segments[0].spiketrains
    print([len(train) for train in trains], flush=True)
    input()  # the test says when to go on
sim.end()
print("ended")
