"""Reading 100 x 100 plastic synapses while the network runs: how long it takes, and that it changes no spike.

The same seeded network runs twice, each time in a process of its own on a fresh board: once it is read as fast as it
goes, once it is left alone. `make bench` runs it; figures are for the machine it ran on.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time

import numpy as np
import trio
from taking_turns import LEAN, conditions, run_client

NEURONS = 100
RUN_MS = 3000.0


def measure(address: str, read: bool) -> list[object]:
    """Give the hash of all spikes, their number, and how long each reading took (s, and s of CPU time)."""
    import pyNN.spiNNaker as sim

    import spinnlive

    sim.setup(timestep=1.0)
    seed = {"seed": 11}
    source = sim.Population(
        NEURONS, sim.SpikeSourcePoisson(rate=20.0), additional_parameters=seed, label="source"
    )
    cells = sim.Population(NEURONS, sim.IF_curr_exp(i_offset=0.7), label="cells")
    rule = sim.STDPMechanism(
        timing_dependence=sim.SpikePairRule(A_plus=0.01, A_minus=0.012),
        weight_dependence=sim.AdditiveWeightDependence(w_max=0.5),
        weight=0.1,
        delay=1.0,
    )
    plastic = sim.Projection(source, cells, sim.AllToAllConnector(), synapse_type=rule)
    cells.record("spikes")
    took: list[list[float]] = []

    async def main() -> None:
        async with (
            spinnlive.open_live(sim, board=address, progress=False) as live,
            trio.open_nursery() as nursery,
        ):

            async def watch() -> None:
                reader = live.weight_reader(plastic)
                await reader.read()  # also what does not change, once
                while True:
                    await live.clock.wait_until(live.clock.tick + 20)
                    start, busy = time.monotonic(), time.process_time()
                    await reader.read()
                    took.append([time.monotonic() - start, time.process_time() - busy])

            if read:
                nursery.start_soon(watch)
            await live.run(RUN_MS)
            nursery.cancel_scope.cancel()

    trio.run(main)
    trains = cells.get_data("spikes").segments[0].spiketrains
    spikes = [(float(t), neuron) for neuron, train in enumerate(trains) for t in train]
    digest = hashlib.sha256(repr(spikes).encode()).hexdigest()[:16]
    start = time.monotonic()
    plastic.get("weight", "array")
    official = time.monotonic() - start
    sim.end()
    return [digest, len(spikes), took, official]


async def compare() -> None:
    """Run with and without reading and print what came out."""
    from spinnlive.boards.emulated import EmulatedBoard

    print(f"{NEURONS} x {NEURONS} STDP synapses read while running, {conditions()}:")
    digests = []
    for read in ("yes", "no"):
        async with EmulatedBoard() as board:
            digest, spikes, took, official = await trio.to_thread.run_sync(
                run_client, __file__, "spinnlive", board.address, ["--read", read], LEAN
            )
        digests.append(digest)
        if took:
            wall, busy = 1e3 * np.array(took).T
            p50, p99 = np.percentile(wall, [50, 99])
            print(
                f"  {len(took)} snapshots   p50 {p50:.1f}  p99 {p99:.1f}  least {min(wall):.1f} ms; "
                f"CPU time of this process p50 {np.median(busy):.1f} ms"
            )
            print(f"  sPyNNaker's get() after the run, same board: {1e3 * official:.0f} ms")
    same = "the same" if digests[0] == digests[1] else "NOT the same"
    print(f"  {spikes} spikes, {same} with and without reading")


def main() -> None:
    """Compare, or with ``--client`` measure once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--client")
    parser.add_argument("--address", default="")
    parser.add_argument("--read", choices=["yes", "no"], default="yes")
    arguments = parser.parse_args()
    if arguments.client is None:
        trio.run(compare)
    else:
        print(json.dumps(measure(arguments.address, arguments.read == "yes")))


if __name__ == "__main__":
    main()
