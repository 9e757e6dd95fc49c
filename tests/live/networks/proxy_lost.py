"""A live run whose proxy to the boards goes away while the network runs.

Asks for that by making the file ``hang-up`` here. Prints the error as one line of JSON;
tests/live/test_boards.py says what it must be.
"""

from __future__ import annotations

import json
from typing import Any

import trio

import spinnlive

# isort: split
import pyNN.spiNNaker as sim

seen: dict[str, Any] = {}

sim.setup(timestep=1.0)
cells = sim.Population(1, sim.IF_curr_exp(i_offset=10.0), label="cells")
sim.external_devices.activate_live_output_for(cells)


async def main() -> None:
    """Have spikes come, then no more."""
    hang_up = trio.Path("hang-up")
    async with spinnlive.open_live(sim, progress=False) as live, trio.open_nursery() as nursery:
        nursery.start_soon(live.run)
        async for batch in live.spikes(cells):
            seen.setdefault("spikes", batch.neuron_ids.tolist())
            await hang_up.touch()


try:
    trio.run(main)
except* spinnlive.BoardLost as lost:
    seen["lost"] = [str(each) for each in lost.exceptions]
print(json.dumps(seen))
