"""A core that fails, then a board that goes away. Usage: failures.py ADDRESS|emulated

Prints what came out as one line of JSON; tests/live/test_end_to_end.py says what it must be. The
second part needs an emulated board, which can be taken away.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import pyNN.spiNNaker as sim
import trio

import spinnlive
from spinnlive import wire
from spinnlive.boards.emulated import EmulatedBoard
from spinnlive.boards.scp import open_scp

seen: dict[str, Any] = {}


def define() -> Any:
    """Define a population that fires by itself."""
    sim.setup(timestep=1.0)
    busy = sim.Population(8, sim.IF_curr_exp(i_offset=2.0), label="busy")
    sim.external_devices.activate_live_output_for(busy)
    busy.record("spikes")
    return busy


async def break_core(address: str) -> None:
    """Put the state of a run-time error into the block of the first core that runs IF_curr_exp."""
    async with open_scp(address) as scp:
        for chip in ((x, y) for x in range(2) for y in range(2)):
            for core in range(1, 18):
                block = 0xE5007000 + 128 * core
                if (await scp.read(*chip, block + 72, 11)) == b"IF_curr_exp":
                    await scp.write(*chip, block + 44, bytes([10]))
                    await scp.write(*chip, block + 46, bytes([wire.CpuState.RUN_TIME_EXCEPTION]))
                    return


async def run_into(name: str, board: Any, duration: float | None, trouble: Any) -> None:
    """Run until the trouble ends it; note the error and how much was received before."""
    busy = define()
    received = []
    try:
        async with (
            spinnlive.open_live(sim, board=board, progress=False) as live,
            trio.open_nursery() as nursery,
        ):

            async def watch() -> None:
                async for batch in live.spikes(busy):
                    received.append(batch)

            async def make_trouble() -> None:
                await live.clock.wait_until(200)
                await trouble(live.address)

            nursery.start_soon(watch)
            nursery.start_soon(make_trouble)
            await live.run(duration)
    except Exception as error:
        seen[name] = [type(error).__name__, str(error), len(received)]
    else:
        seen[name] = ["nothing"]
    if name != "lost board":
        trains = busy.get_data("spikes").segments[0].spiketrains
        seen[f"{name}: recorded"] = sum(len(train) for train in trains)
        sim.end()


async def main() -> None:
    """Run into one trouble after the other."""
    where = None if sys.argv[1] == "emulated" else sys.argv[1]
    await run_into("core in a finite run", where, 60_000.0, break_core)
    await run_into("core in an endless run", where, None, break_core)
    if where is None:
        async with EmulatedBoard() as board:

            async def take_away(_: str) -> None:
                await board.__aexit__(None, None, None)

            await run_into("lost board", board, 60_000.0, take_away)


trio.run(main)
print(json.dumps(seen))
