"""Runs that are paused. Usage: pauses.py ADDRESS|emulated

The cells are driven by a constant current, so each fires with a period of its own, whatever happens
around it: a tick more or less shows. Prints what was seen as one line of JSON;
tests/live/test_pausing.py says what it must be.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import pyNN.spiNNaker as sim
import trio

import spinnlive

BOARD = None if sys.argv[1] == "emulated" else sys.argv[1]
EVERY = 20.0
LENGTH = 300.0

seen: dict[str, Any] = {"pauses": [], "injected": []}
received: list[tuple[int, int]] = []

sim.setup(timestep=1.0)
touch = sim.Population(4, sim.external_devices.SpikeInjector(), label="touch")
cells = sim.Population(
    24,
    sim.IF_curr_exp(i_offset=[1.2 + 0.1 * n for n in range(24)]),
    label="cells",
    neurons_per_core=8,
)
felt = sim.Population(4, sim.IF_curr_exp(tau_syn_E=0.3, tau_refrac=0.1), label="felt")
strong = sim.StaticSynapse(weight=80.0, delay=1.0)
sim.Projection(touch, felt, sim.OneToOneConnector(), synapse_type=strong)
each_tick = sim.Population(1, sim.SpikeSourceArray([[float(t) for t in range(1000)]]), label="each")
each_tick.record("spikes")
for population in (cells, felt):
    sim.external_devices.activate_live_output_for(population)
    population.record("spikes")
touch.record("spikes")


def periods(spikes: list[tuple[int, int]], begin: int, end: int) -> list[list[int]]:
    """Give the different intervals between spikes of each cell."""
    found = []
    for cell in range(24):
        ticks = [tick for tick, neuron in spikes if neuron == cell and begin <= tick < end]
        found.append(sorted(set(np.diff(ticks).tolist())))
    return found


async def exact(live: spinnlive.LiveRun, stream: Any) -> None:
    """Pause twice in a run that is pausable every few ticks."""

    async def pause() -> None:
        for number, at in enumerate((50, 170)):
            await live.clock.wait_until(at)
            await live.pause()
            before = live.clock.tick
            delivered = stream.take()
            received.extend((b.tick, int(n)) for b in delivered for n in b.neuron_ids)
            await live.injector(touch).send([number])
            await trio.sleep(0.05)
            seen["pauses"].append(
                [before, live.clock.tick - before, live.watermark - before, live.paused]
            )
            seen["injected"].append(before)
            await live.resume()
            seen["running"] = live.clock.running

    async with trio.open_nursery() as nursery:
        nursery.start_soon(pause)
        await live.run(LENGTH, pausable_every=EVERY)
    seen["after the exact run"] = live.clock.tick
    await live.leave_steps()


async def plain(live: spinnlive.LiveRun) -> None:
    """Pause where sPyNNaker stops, and change a parameter meanwhile."""

    async def pause() -> None:
        await live.clock.wait_until(live.clock.tick + 60)
        await live.pause()
        seen["sPyNNaker's tick"] = sim.get_current_time() == live.clock.time_ms
        tick, length = live.clock.tick, len(felt_ticks)
        seen["lost in between"] = [each.lost for each in (await live.report()).populations]
        felt.set(i_offset=5.0)
        async with trio.open_nursery() as inner:
            inner.start_soon(live.injector(touch).send, [3])
            await trio.sleep(0.05)
            seen["stood"] = [live.clock.tick - tick, len(felt_ticks) - length]
            await live.resume()

    felt_ticks: list[int] = []

    async def feel() -> None:
        async for batch in live.spikes(felt):
            felt_ticks.extend([batch.tick] * len(batch.neuron_ids))

    begin = live.clock.tick
    async with trio.open_nursery() as nursery:
        nursery.start_soon(feel)
        async with trio.open_nursery() as inner:
            inner.start_soon(pause)
            await live.run(200.0)
        nursery.cancel_scope.cancel()
    seen["length of the plain run"] = live.clock.tick - begin
    seen["felt after it was set"] = len(felt_ticks) > 4


async def main() -> None:
    """Pause in both kinds of runs, and with none under way."""
    async with spinnlive.open_live(sim, board=BOARD, progress=False) as live:
        try:
            await live.pause()
        except spinnlive.RunStateError as error:
            seen["without a run"] = str(error)
        stream = live.spikes(cells, buffer=100_000)
        await live.run(10.0)
        await exact(live, stream)
        seen["exact end"] = live.clock.tick
        received.extend((b.tick, int(n)) for b in stream.take() for n in b.neuron_ids)
        await plain(live)
        seen["end"] = live.clock.tick
        report = await live.report()
        seen["lost"] = [each.lost for each in report.populations]


def recorded(population: Any) -> list[tuple[int, int]]:
    """Spikes as the board recorded them."""
    trains = population.get_data("spikes").segments[0].spiketrains
    return sorted(
        (round(float(time)), neuron) for neuron, train in enumerate(trains) for time in train
    )


trio.run(main)
end = seen["after the exact run"]
board = [each for each in recorded(cells) if each[0] < end]
seen["live equals recorded"] = board == sorted(each for each in received if each[0] < end)
# the first interval of each is longer: the cells begin at rest
seen["periods"] = [len(each) for each in periods(board, 60, end)]
seen["injected at"] = [tick for tick, neuron in recorded(touch) if neuron < 2]
# how far the network has come is asked only when its cores stand, or a tick is done twice
ticks = [tick for tick, _ in recorded(each_tick)]
seen["each tick once"] = ticks == list(range(seen["end"]))
sim.end()
print(json.dumps(seen))
