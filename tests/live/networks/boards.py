"""A network over three boards in one machine. The machine is the one of ./spynnaker.cfg.

An injector, and two populations with live output, each on a board of its own: so there are two
gatherers, and everything that goes in or out takes its own board's Ethernet. Prints what was seen as
one line of JSON; tests/live/test_boards.py says what it must be.
"""

from __future__ import annotations

import json
from typing import Any

import pyNN.spiNNaker as sim
import trio

import spinnlive

ETHERNETS = (0, 0), (4, 8), (8, 4)

RELAY_NA = 80.0
"""With a short synaptic time constant: exactly one spike for each that comes in (nA)."""

FAST = {"tau_syn_E": 0.3, "tau_refrac": 0.0}

seen: dict[str, Any] = {}

sim.setup(timestep=1.0, n_boards_required=3)
senses = sim.Population(10, sim.external_devices.SpikeInjector(), label="senses")
near = sim.Population(10, sim.IF_curr_exp(**FAST), label="near")
far = sim.Population(10, sim.IF_curr_exp(**FAST), label="far")
for population, (x, y) in zip((near, far, senses), ETHERNETS, strict=True):
    population.add_placement_constraint(x=x + 1, y=y + 1)
relay = sim.StaticSynapse(weight=RELAY_NA, delay=1.0)
to_near, to_far = (
    sim.Projection(senses, population, sim.OneToOneConnector(), synapse_type=relay)
    for population in (near, far)
)
for population in (near, far):
    sim.external_devices.activate_live_output_for(population)
    population.record("spikes")


async def loop(live: spinnlive.LiveRun) -> None:
    """Inject while the network runs, and wait for the answer of both boards each time."""
    merged: list[tuple[int, str, list[int]]] = []
    async with trio.open_nursery() as nursery, live.spikes(near, far) as stream:
        nursery.start_soon(live.run)
        for number in range(20):
            await live.injector(senses).send([number % 10])
            for _ in range(2):
                batch = await anext(stream)
                merged.append((batch.tick, batch.label, batch.neuron_ids.tolist()))
        nursery.cancel_scope.cancel()
    seen["merged"] = merged


async def steps(live: spinnlive.LiveRun) -> None:
    """Take steps, with injection between them."""
    async with live.spikes(near, far) as stream:
        await live.step(5.0)
        begin = live.clock.tick
        for ids in ([3, 4], [5]):
            await live.injector(senses).send(ids)
            await live.step(5.0)
        seen["steps"] = [
            (batch.tick - begin, batch.label, batch.neuron_ids.tolist()) for batch in stream.take()
        ]
    await live.leave_steps()


async def main() -> None:
    """Do it all in one live run."""
    async with spinnlive.open_live(sim, progress=False) as live:
        seen["weights"] = (await live.read_weights(to_far)).weights.tolist()
        await loop(live)
        await live.run(20.0)
        seen["stands at its watermark"] = live.watermark == live.clock.tick
        await live.set_weights(to_far, 0.0, pre=range(4, 10))
        seen["weights set"] = (await live.read_weights(to_far)).weights.tolist()
        await steps(live)
        report = await live.report()
        seen["gatherers"] = [(each.x, each.y, each.board) for each in report.gatherers]
        seen["missed"] = [each.missed_ticks for each in report.gatherers]
        seen["complete"] = report.complete
        seen["delivered"] = {
            each.label: (each.delivered, each.late, each.recorded, each.lost)
            for each in report.populations
        }


trio.run(main)
seen["weights of sPyNNaker"] = [float(weight) for *_, weight in to_far.get("weight", format="list")]
sim.end()
print(json.dumps(seen))
