"""``passing``: one run with everything that can go wrong and pass, then a core that dies.
``frozen``: a board that freezes for ever. Usage: faults.py passing|frozen FOLDER

Prints what was seen as one line of JSON; tests/live/test_faults.py says what it must be.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyNN.spiNNaker as sim
import trio

import spinnlive
from spinnlive.boards.emulated import EmulatedBoard
from spinnlive.recording.reader import RecordingFile
from spinnlive.testing import suffering

PHASE_TICKS = 150
PHASES: dict[str, tuple[str, ...]] = {
    "well": (),
    "1 % lost": ("lose out 1", "lose in 1"),
    "20 % lost": ("lose out 20", "lose in 20"),
    "doubled": ("duplicate out 20", "duplicate in 20"),
    "out of order": ("reorder out 20", "reorder in 20"),
    "everything": ("lose out 5", "lose in 5", "duplicate out 10", "reorder out 10"),
    "well again": (),
}
FOLDER = Path(sys.argv[2])
seen: dict[str, Any] = {}


def define() -> tuple[Any, Any, Any]:
    """Define an injector with its reflex, and a population that fires in every tick."""
    sim.setup(timestep=1.0)
    touch = sim.Population(8, sim.external_devices.SpikeInjector(), label="touch")
    reflex = sim.Population(8, sim.IF_curr_exp(tau_syn_E=0.3), label="reflex")
    one_spike = sim.StaticSynapse(weight=80.0, delay=1.0)
    sim.Projection(touch, reflex, sim.OneToOneConnector(), synapse_type=one_spike)
    busy = sim.Population(8, sim.IF_curr_exp(i_offset=1000.0, tau_refrac=0.0), label="busy")
    for population in (reflex, busy):
        sim.external_devices.activate_live_output_for(population)
        population.record("spikes")
    return touch, reflex, busy


Act = Callable[[spinnlive.LiveRun], Awaitable[None]]


async def troubled(board: EmulatedBoard, live: spinnlive.LiveRun, touch: Any) -> None:
    """Let one thing after the other go wrong while the network runs; note the ticks of each."""
    hand = live.injector(touch)
    for name, faults in PHASES.items():
        async with suffering(board, *faults):
            first = live.clock.tick
            for neuron in range(8):
                await hand.send([neuron])
            await live.clock.wait_until(first + PHASE_TICKS)
            active = await board.faults()
        # what is still on its way belongs to nobody
        seen[name] = [first + 1, live.clock.tick, sum(fault.done for fault in active)]
        await live.clock.wait_until(live.clock.tick + 20)
    first = live.clock.tick
    await board.freeze(2.0)
    await live.clock.wait_until(first + 100)
    seen["frozen for 2 s"] = live.clock.tick - first
    with trio.move_on_after(1):
        while True:
            await hand.send(np.arange(2000) % 8)
    await live.clock.wait_until(live.clock.tick + 200)
    first = live.clock.tick
    await hand.send([5])
    await live.clock.wait_until(first + PHASE_TICKS)
    seen["after the flood"] = [first, live.clock.tick]


async def kill_core(board: EmulatedBoard, live: spinnlive.LiveRun, chips: int) -> None:
    """Let the core of "busy" die: the one whose software is IF_curr_exp and that has been up."""
    for x in range(2):
        for y in range(2):
            for core in (await board.look_at_chip(x, y)).cores:
                if core.name == "IF_curr_exp" and core.running:
                    await board.fault(f"kill core {x},{y},{core.physical}")
                    return


async def passing() -> None:
    """Have it all, then lose a core."""
    touch, reflex, busy = define()
    received: dict[str, list[tuple[int, int]]] = {"reflex": [], "busy": []}
    path = FOLDER / "run.mcap"
    async with EmulatedBoard() as board:
        never_read = None
        try:
            async with (
                spinnlive.open_live(sim, board=board, progress=False, record=path) as live,
                trio.open_nursery() as nursery,
            ):
                never_read = live.spikes(busy, buffer=16)

                async def watch(population: Any) -> None:
                    async for batch in live.spikes(population, buffer=1 << 20):
                        ids = batch.neuron_ids.tolist()
                        received[batch.label] += [(batch.tick, neuron) for neuron in ids]

                async def trouble() -> None:
                    await live.clock.wait_until(50)
                    await troubled(board, live, touch)
                    await kill_core(board, live, 4)

                nursery.start_soon(watch, reflex)
                nursery.start_soon(watch, busy)
                nursery.start_soon(trouble)
                await live.run()
        except spinnlive.DeadCore as error:
            seen["dead core"] = str(error)
        assert never_read is not None
        seen["never read"] = never_read.statistics().peak_buffer, never_read.statistics().dropped
        seen["received"] = received
        file = RecordingFile(path)
        recorded: dict[str, list[tuple[int, int]]] = {"reflex": [], "busy": []}
        for entry in file.entries():
            if entry.kind == "spikes":
                spikes = entry.value
                for tick, number, neuron in zip(
                    spikes.ticks.tolist(),
                    spikes.populations.tolist(),
                    spikes.neurons.tolist(),
                    strict=True,
                ):
                    label = file.facts.labels[number]
                    if label in recorded:
                        recorded[label].append((tick, neuron))
            elif entry.kind == "ending":
                seen["recorded ending"] = entry.value.error
        # what a reader had not yet taken when the run ended is in the recording
        seen["recording has what was received"] = all(
            recorded[label][: len(spikes)] == spikes for label, spikes in received.items()
        )
        seen["recording whole"] = file.whole


async def frozen() -> None:
    """Let the board freeze for ever."""
    _, _, busy = define()
    count = 0
    async with EmulatedBoard() as board:
        try:
            async with (
                spinnlive.open_live(sim, board=board, progress=False) as live,
                trio.open_nursery() as nursery,
            ):

                async def watch() -> None:
                    nonlocal count
                    async for _ in live.spikes(busy):
                        count += 1

                async def trouble() -> None:
                    await live.clock.wait_until(50)
                    await board.freeze()

                nursery.start_soon(watch)
                nursery.start_soon(trouble)
                await live.run()
        except spinnlive.BoardLost:
            seen["frozen for ever"] = count


trio.run({"passing": passing, "frozen": frozen}[sys.argv[1]])
print(json.dumps(seen))
