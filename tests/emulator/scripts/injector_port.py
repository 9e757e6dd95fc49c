"""A plain sPyNNaker script: a SpikeInjector that listens on a UDP port of its own, fed without sPyNNaker's help."""

import socket
import sys
import threading

import pyNN.spiNNaker as sim
from spinnman.messages.eieio import EIEIOType
from spinnman.messages.eieio.data_messages import EIEIODataMessage, KeyDataElement

PORT = 12346

sim.setup(timestep=1.0)
injector = sim.Population(
    5, sim.external_devices.SpikeInjector(), additional_parameters={"port": PORT}, label="injector"
)
injector.record("spikes")
cells = sim.Population(5, sim.IF_curr_exp(), label="cells")
sim.Projection(injector, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=5.0))

message = EIEIODataMessage.create(EIEIOType.KEY_16_BIT)
message.add_element(KeyDataElement(3))
over = threading.Event()


def feed() -> None:
    """Send a spike of neuron 3 again and again: nobody tells when the run begins."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        while not over.wait(0.01):
            sender.sendto(message.bytestring, (sys.argv[1], PORT))


feeder = threading.Thread(target=feed)
feeder.start()
sim.run(500)
over.set()
feeder.join()
print("neurons", {int(neuron) for neuron, _ in injector.spinnaker_get_data("spikes")})
sim.end()
