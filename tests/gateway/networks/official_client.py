"""The official live client in a process of its own, as its users write it. Prints JSON when told to end.

It prints the port at which it listens; sends 40 spikes, each after the one before came back; and ends with
its standard input.
"""

import json
import sys
import threading

from spynnaker.pyNN.connections import SpynnakerLiveSpikesConnection

ROUNDS = 40
received: list[tuple[int, int]] = []
arrived = threading.Semaphore(0)


def receive(label: str, time: int, neuron_ids: list[int]) -> None:
    """Note what came."""
    received.extend((time, neuron_id) for neuron_id in neuron_ids)
    arrived.release(len(neuron_ids))


def inject(label: str, connection: SpynnakerLiveSpikesConnection) -> None:
    """Send one after the other."""
    for number in range(ROUNDS):
        connection.send_spike(label, number % 5)
        if not arrived.acquire(timeout=60):
            break


client = SpynnakerLiveSpikesConnection(
    receive_labels=["reflex"], send_labels=["touch"], local_port=None
)
client.add_receive_callback("reflex", receive)
client.add_start_resume_callback("touch", inject)
print(client.local_port, flush=True)
sys.stdin.read()
client.close()
print(json.dumps(sorted(received)))
