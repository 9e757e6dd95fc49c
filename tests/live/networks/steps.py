"""A closed loop in lockstep. Usage: steps.py ADDRESS|emulated

An environment answers every step's spikes with an injection that depends on them. Prints what was
seen as one line of JSON; tests/live/test_steps.py runs it twice and says what it must be.
"""

from __future__ import annotations

import hashlib
import json
import sys
from typing import Any

import pyNN.spiNNaker as sim
import trio

import spinnlive
from spinnlive.toolchain import stepped

BOARD = None if sys.argv[1] == "emulated" else sys.argv[1]
STEPS = 60
PART_TICKS = 90
PARTS = (90, 180)

seen: dict[str, Any] = {}
injected: list[tuple[int, list[int]]] = []
received: list[tuple[int, int]] = []

sim.setup(timestep=1.0)
senses = sim.Population(20, sim.external_devices.SpikeInjector(), label="senses")
noise = sim.Population(
    20, sim.SpikeSourcePoisson(rate=50.0), additional_parameters={"seed": 5}, label="noise"
)
cells = sim.Population(60, sim.IF_curr_exp(), label="cells", neurons_per_core=32)
for source, weight, delay in ((senses, 2.5, 1.0), (noise, 1.5, 3.0), (cells, 0.5, 2.0)):
    pairs = [(i, j) for i in range(source.size) for j in range(60) if (7 * i + 13 * j) % 10 < 3]
    synapse = sim.StaticSynapse(weight=weight, delay=delay)
    sim.Projection(source, cells, sim.FromListConnector(pairs), synapse_type=synapse)
sim.external_devices.activate_live_output_for(cells)
cells.record("spikes")
senses.record("spikes")


async def refused(call: Any) -> str:
    """Name the error of a call that must not work."""
    try:
        await call()
    except spinnlive.SpinnliveError as error:
        return type(error).__name__
    return "nothing"


async def loop(live: spinnlive.LiveRun, stream: Any, steps: int, step_ms: float) -> None:
    """Inject what the spikes of the step before say, take a step, read its spikes.

    What the spikes say does not hang on their order within a tick, which is that of their arrival.
    """
    for _ in range(steps):
        begin = live.clock.tick
        latest = sorted(received)[-4:]
        ids = sorted({(3 * neuron + tick) % 20 for tick, neuron in latest} | {begin % 20})
        for each in ids:  # more datagrams than a standing core takes: they are put together
            await live.injector(senses).send([each])
        # where sPyNNaker begins a new part, what is injected counts for the tick before
        injected.append((begin - (begin in PARTS), ids))
        await live.step(step_ms)
        ticks = take(stream)
        if not all(begin <= tick < live.clock.tick for tick in ticks):
            seen["spikes of another step"] = [begin, ticks]


def take(stream: Any) -> list[int]:
    """Take the spikes that have been delivered; give their ticks."""
    batches = stream.take()
    for batch in batches:
        received.extend((batch.tick, int(neuron)) for neuron in batch.neuron_ids)
    return [batch.tick for batch in batches]


async def cancelled_step(live: spinnlive.LiveRun) -> None:
    """Cancel a step when the network has begun to move."""
    async with trio.open_nursery() as nursery:
        with trio.CancelScope() as scope:

            async def cancel() -> None:
                while not live.clock.running:
                    await live.clock.change()
                scope.cancel()

            nursery.start_soon(cancel)
            await live.step(3.0)
        seen["cancelled"] = scope.cancelled_caught
        nursery.cancel_scope.cancel()


async def main() -> None:
    """Step, leave, run freely, step again with another length; cancel a step; be refused."""
    async with spinnlive.open_live(sim, board=BOARD, progress=False) as live:
        stream = live.spikes(cells, buffer=100_000)
        # parts as short as when recordings fill the memory
        genuine = stepped.SteppedRun._parts
        stepped.SteppedRun._parts = lambda self, ticks, room: genuine(self, ticks, PART_TICKS)
        await live.step(3.0)
        await loop(live, stream, STEPS, 3.0)
        seen["after the steps"] = live.clock.tick
        await cancelled_step(live)
        await live.step(3.0)
        take(stream)
        seen["after a cancelled one"] = live.clock.tick
        await live.leave_steps()
        seen["after leaving"] = live.clock.tick
        await live.run(40.0)
        seen["after a run"] = live.clock.tick
        await live.step(2.0)
        stream.take()
        await loop(live, stream, 10, 2.0)
        seen["after shorter steps"] = live.clock.tick
        many = list(range(20)) * 30
        seen["too many spikes"] = await refused(lambda: live.injector(senses).send(many))
        seen["a report between steps"] = await refused(live.report)
        seen["no whole tick"] = await refused(lambda: live.step(0.5))
        await live.step(3.0)
        seen["at the end"] = live.clock.tick
    seen["after closing"] = await refused(lambda: live.step(1.0))


def recorded(population: Any) -> list[tuple[int, int]]:
    """Spikes as the board recorded them."""
    trains = population.get_data("spikes").segments[0].spiketrains
    return sorted(
        (round(float(time)), neuron) for neuron, train in enumerate(trains) for time in train
    )


trio.run(main)
stepped_ticks = seen["after a cancelled one"]
output = [each for each in recorded(cells) if each[0] < stepped_ticks]
wanted = sorted((tick, neuron) for tick, ids in injected for neuron in ids)
seen["spikes"] = len(output)
seen["live equals recorded"] = output == sorted(e for e in received if e[0] < stepped_ticks)
taken = [each for each in recorded(senses) if each[0] < seen["after shorter steps"]]
seen["injected as asked"] = wanted == taken  # what was refused afterwards was taken in part
for name, spikes in (("input", wanted), ("output", recorded(cells))):
    seen[f"hash of {name}"] = hashlib.sha256(repr(spikes).encode()).hexdigest()
sim.end()
print(json.dumps(seen))
