"""A network driven from the host in every way, in one process. Usage: driven.py ADDRESS|emulated

Prints what was seen as one line of JSON; tests/live/test_driven.py says what it must be.
"""

from __future__ import annotations

import itertools
import json
import sys
from typing import Any

import numpy as np
import pyNN.spiNNaker as sim
import trio

import spinnlive

BOARD = None if sys.argv[1] == "emulated" else sys.argv[1]
NEURONS = 200
FLOOD = 20_000
seen: dict[str, Any] = {}

sim.setup(timestep=1.0)
touch = sim.Population(
    NEURONS, sim.external_devices.SpikeInjector(), label="touch", neurons_per_core=128
)
noise = sim.Population(
    20, sim.SpikeSourcePoisson(rate=0.0), label="noise", additional_parameters={"max_rate": 500.0}
)
sim.external_devices.add_poisson_live_rate_control(noise)
cells = sim.Population(NEURONS, sim.IF_curr_exp(), label="cells")
weak = sim.StaticSynapse(weight=0.01, delay=1.0)
sim.Projection(touch, cells, sim.OneToOneConnector(), synapse_type=weak)
sim.Projection(noise, cells, sim.FixedProbabilityConnector(0.5), synapse_type=weak)
for population in (touch, noise):
    population.record("spikes")


def recorded(population: Any) -> list[tuple[int, int]]:
    """Give (tick, neuron) of every spike."""
    trains = population.get_data("spikes").segments[-1].spiketrains
    return sorted(
        (round(float(time)), neuron) for neuron, train in enumerate(trains) for time in train
    )


async def drive(live: spinnlive.LiveRun) -> None:
    """Spikes now, in their tick, as trains, in a flood; rates; the clock stream."""
    injector, rates, clock = live.injector(touch), live.rates(noise), live.clock
    await injector.send([7, 199], at=100)
    await injector.play([0.0, 20.0, 20.0], [1, 2, 3], start=150)
    await clock.sleep_until(300)
    for hz in range(10):  # as fast as it goes: too fast for the core without flow control
        await rates.set(hz)
    await rates.set(200.0)
    await clock.sleep_until(500)
    await rates.set([400.0, 0.0], [0, 1])
    await clock.sleep_until(700)
    await rates.set(0.0)
    # neurons 10 to 109, so that cores of both halves are flooded
    await injector.send(10 + np.arange(FLOOD) % 150)
    counts = injector.statistics()
    seen["sent"], seen["waiting"] = counts.sent, counts.waiting
    seen["flooded until"] = clock.tick


async def main() -> None:
    """Run once with everything, then with a stall policy that nobody can keep."""
    ticks: list[spinnlive.ClockTick] = []
    paces: list[spinnlive.Pace] = []
    async with spinnlive.open_live(sim, board=BOARD, progress=False) as live:

        async def follow() -> None:
            async for tick in live.ticks(every=100.0):
                ticks.append(tick)

        async def look() -> None:
            async for pace in live.telemetry(every=50.0):
                paces.append(pace)

        stalls: list[spinnlive.Stalled] = []

        async def brake(stalled: spinnlive.Stalled) -> None:
            stalls.append(stalled)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(follow)
            nursery.start_soon(look)
            nursery.start_soon(drive, live)
            await live.run(2000.0)
            nursery.cancel_scope.cancel()
        try:
            await live.run(500.0, stall=spinnlive.Stall(1e-6, then="stop", call=brake))
            seen["stall"] = "nothing"
        except spinnlive.FellBehind as error:
            seen["stall"] = str(error)
        seen["stalled"] = [stalled.behind_ms > 0 for stalled in stalls]
        seen["stopped at"] = live.clock.tick
        await live.run(10.0)
        seen["went on to"] = live.clock.tick
        try:
            live.rates(cells)
        except spinnlive.NoRateControl as error:
            seen["no rates"] = str(error)
    seen["ticks"] = [tick.tick for tick in ticks]
    seen["tick times"] = [tick.time_ms for tick in ticks]
    seen["factors asked"] = sorted({pace.asked for pace in paces})
    seen["telemetry in order"] = all(
        before.host_s < after.host_s for before, after in itertools.pairwise(paces)
    )


trio.run(main)
spikes = recorded(touch)
seen["recorded"] = len(spikes)
seen["in order of time"] = [neuron for _, neuron in spikes if neuron in (7, 199, 1, 2, 3)]
counts = np.zeros((3, 20), int)
for tick, neuron in recorded(noise):
    phase = 0 if tick < 300 else 1 if tick < 500 else 2
    counts[phase, neuron] += 1
seen["noise"] = counts.sum(axis=1).tolist()
seen["faster and silent"] = counts[2, :2].tolist()
sim.end()
print(json.dumps(seen))
