"""Steps that end badly. Usage: dying.py ADDRESS|emulated

It needs an emulated board, whose cores can be killed. Prints what came out as one line of JSON;
tests/live/test_steps.py says what it must be.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pyNN.spiNNaker as sim
import trio

import spinnlive
from spinnlive import wire
from spinnlive.boards.emulated import EmulatedBoard
from spinnlive.boards.scp import open_scp

seen: dict[str, Any] = {}


def define() -> None:
    """Define a population that fires by itself."""
    sim.setup(timestep=1.0)
    busy = sim.Population(8, sim.IF_curr_exp(i_offset=2.0), label="busy")
    sim.external_devices.activate_live_output_for(busy)


async def kill_core(board: EmulatedBoard, *, report: bool) -> None:
    """Kill the core that runs IF_curr_exp; let it report a run-time error, as a real one would."""
    async with open_scp(board.address) as scp:
        for chip in ((x, y) for x in range(2) for y in range(2)):
            for core in range(1, 18):
                block = 0xE5007000 + 128 * core
                if (await scp.read(*chip, block + 72, 11)) == b"IF_curr_exp":
                    await board.fault(f"kill core {chip[0]},{chip[1]},{core}")
                    if report:
                        await scp.write(*chip, block + 44, bytes([10]))
                        await scp.write(
                            *chip, block + 46, bytes([wire.CpuState.RUN_TIME_EXCEPTION])
                        )
                    return


async def run_into(name: str, board: EmulatedBoard, trouble: Any) -> None:
    """Take steps until the trouble ends them; note the error."""
    define()
    try:
        async with spinnlive.open_live(sim, board=board, progress=False) as live:
            await live.step(5.0)
            await trouble()
            await live.step(5.0)
    except Exception as error:
        seen[name] = [type(error).__name__, str(error)]
    else:
        seen[name] = ["nothing", ""]
    sim.end()


async def main() -> None:
    """Run into one trouble after the other."""
    for name, report in (("run-time error", True), ("dead core", False)):
        async with EmulatedBoard() as board:
            await run_into(name, board, partial(kill_core, board, report=report))


trio.run(main)
print(json.dumps(seen))
