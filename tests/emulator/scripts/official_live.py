"""The official live client on a network of its own: injects spikes and receives those that they cause."""

import json
import sys
import threading
from pathlib import Path

import pyNN.spiNNaker as sim

NEURONS = 5
ROUNDS = 40

sim.setup(timestep=1.0)
connection = sim.external_devices.SpynnakerLiveSpikesConnection(
    receive_labels=["cells"], send_labels=["injector"], local_port=None
)
port = connection.local_port
injector = sim.Population(
    NEURONS, sim.external_devices.SpikeInjector(database_notify_port_num=port), label="injector"
)
cells = sim.Population(NEURONS, sim.IF_curr_exp(tau_syn_E=0.3), label="cells")
sim.Projection(
    injector, cells, sim.OneToOneConnector(), synapse_type=sim.StaticSynapse(weight=80.0, delay=1.0)
)
cells.record("spikes")

received: list[tuple[int, int]] = []
arrived = threading.Semaphore(0)
sent: list[int] = []


def receive(label: str, time: int, neuron_ids: list[int]) -> None:
    received.extend((time, neuron_id) for neuron_id in neuron_ids)
    arrived.release(len(neuron_ids))


def inject(label: str, connection: sim.external_devices.SpynnakerLiveSpikesConnection) -> None:
    for number in range(ROUNDS):
        connection.send_spike(label, number % NEURONS)
        sent.append(number % NEURONS)
        if not arrived.acquire(timeout=20):
            break
    sim.external_devices.request_stop()


connection.add_receive_callback("cells", receive)
connection.add_start_resume_callback("injector", inject)
sim.external_devices.activate_live_output_for(cells, database_notify_port_num=port)
sim.external_devices.run_forever()
trains = cells.get_data("spikes").segments[0].spiketrains
recorded = sorted(
    (round(float(time)), index) for index, train in enumerate(trains) for time in train.magnitude
)
sim.end()
connection.close()
outcome = {"sent": sent, "received": received, "recorded": recorded}
Path(sys.argv[1]).write_text(json.dumps(outcome))
