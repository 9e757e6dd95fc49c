"""A live run of ours, while an official client in another process takes part. Usage: ... ADDRESS|emulated PORT

Prints JSON: the spikes that we received and those that the board recorded.
"""

import json
import sys

import pyNN.spiNNaker as sim
import trio

import spinnlive

BOARD = None if sys.argv[1] == "emulated" else sys.argv[1]
ROUNDS = 40

sim.setup(timestep=1.0)
port = int(sys.argv[2])  # of the client; 19999, where it is unless told otherwise, may be in use
injector = sim.external_devices.SpikeInjector(database_notify_port_num=port)
touch = sim.Population(5, injector, label="touch")
reflex = sim.Population(5, sim.IF_curr_exp(tau_syn_E=0.3), label="reflex")
sim.Projection(
    touch, reflex, sim.OneToOneConnector(), synapse_type=sim.StaticSynapse(weight=80.0, delay=1.0)
)
reflex.record("spikes")
sim.external_devices.activate_live_output_for(reflex, database_notify_port_num=port)
received: list[tuple[int, int]] = []


async def main() -> None:
    """Run until the official client's spikes have come, then send as many ourselves."""
    async with spinnlive.open_live(sim, board=BOARD, progress=False) as live:
        spikes = live.spikes(reflex)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(live.run)

            async def take(number: int) -> None:
                while len(received) < number:
                    batch = await anext(spikes)
                    received.extend((batch.tick, int(each)) for each in batch.neuron_ids)

            await take(ROUNDS)  # the official client's
            for number in range(ROUNDS):
                await live.injector(touch).send([number % 5])
                await take(ROUNDS + number + 1)
            nursery.cancel_scope.cancel()


trio.run(main)
trains = reflex.get_data("spikes").segments[0].spiketrains
recorded = sorted((round(float(time)), n) for n, train in enumerate(trains) for time in train)
sim.end()
print(json.dumps({"received": sorted(received), "recorded": recorded}))
