"""A live run behind the proxy of a spalloc service, the one of ./spynnaker.cfg.

Spikes in and out, weights read and set, steps. Prints what was seen as one line of JSON;
tests/live/test_boards.py says what it must be.
"""

from __future__ import annotations

import json
from typing import Any

import pyNN.spiNNaker as sim
import trio

import spinnlive

RELAY_NA = 80.0
"""With a short synaptic time constant: exactly one spike for each that comes in (nA)."""

seen: dict[str, Any] = {}

sim.setup(timestep=1.0)
senses = sim.Population(10, sim.external_devices.SpikeInjector(), label="senses")
cells = sim.Population(10, sim.IF_curr_exp(tau_syn_E=0.3, tau_refrac=0.0), label="cells")
relay = sim.Projection(
    senses,
    cells,
    sim.OneToOneConnector(),
    synapse_type=sim.StaticSynapse(weight=RELAY_NA, delay=1.0),
)
sim.external_devices.activate_live_output_for(cells)
cells.record("spikes")


async def loop(live: spinnlive.LiveRun) -> None:
    """Inject while the network runs, and wait for the answer each time."""
    answers: list[list[int]] = []
    async with trio.open_nursery() as nursery, live.spikes(cells) as stream:
        nursery.start_soon(live.run)
        for number in range(10):
            await live.injector(senses).send([number])
            answers.append((await anext(stream)).neuron_ids.tolist())
        nursery.cancel_scope.cancel()
    seen["answers"] = answers


async def main() -> None:
    """Do it all in one live run."""
    async with spinnlive.open_live(sim, progress=False) as live:
        seen["board"] = live.address
        seen["weights"] = (await live.read_weights(relay)).weights.tolist()
        await loop(live)
        await live.set_weights(relay, 0.0, pre=[1])
        async with live.spikes(cells) as stream:
            await live.step(5.0)
            begin = live.clock.tick
            await live.injector(senses).send([0, 1, 2])
            await live.step(5.0)
            seen["step"] = [
                (batch.tick - begin, batch.neuron_ids.tolist()) for batch in stream.take()
            ]
        await live.leave_steps()
        report = await live.report()
        seen["complete"] = report.complete
        seen["delivered"] = report.populations[0].delivered


trio.run(main)
seen["recorded"] = sum(len(train) for train in cells.get_data("spikes").segments[0].spiketrains)
sim.end()
print(json.dumps(seen))
