"""Steps per second: ours, and the official way (`continue_simulation`, then asking for the cores' states).

The same network in both, on the same board, one process after the other, in turns: 20 injected and 100 LIF neurons with
live output, five spikes injected before each step. `make bench` runs it; figures are for the machine it ran on.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import threading
import time
from typing import Any

import numpy as np
import trio
from taking_turns import conditions, in_turns

LENGTHS_MS = (1.0, 10.0)
STEPS = 200
WARM_UP = 10


def define_network(sim: Any, port: int | None) -> tuple[Any, Any]:
    """20 injected neurons, 100 that they excite, and that excite each other."""
    live = {} if port is None else {"database_notify_port_num": port}
    source = sim.Population(20, sim.external_devices.SpikeInjector(**live), label="in")
    cells = sim.Population(100, sim.IF_curr_exp(), label="out")
    for pre, size, weight, delay in ((source, 20, 1.5, 1.0), (cells, 100, 0.5, 2.0)):
        pairs = [(i, j) for i in range(size) for j in range(100) if (7 * i + 13 * j) % 10 < 3]
        synapse = sim.StaticSynapse(weight=weight, delay=delay)
        sim.Projection(pre, cells, sim.FromListConnector(pairs), synapse_type=synapse)
    sim.external_devices.activate_live_output_for(cells, **live)
    return source, cells


def measure_ours(address: str, step_ms: float) -> list[float]:
    """Seconds for each step, with the injection before it and reading its spikes after it."""
    import pyNN.spiNNaker as sim

    import spinnlive

    sim.setup(timestep=1.0)
    source, cells = define_network(sim, None)
    draw = random.Random(7)
    took: list[float] = []

    async def main() -> None:
        async with spinnlive.open_live(sim, board=address, progress=False) as live:
            spikes = live.spikes(cells, buffer=10_000)
            await live.step(step_ms)
            for _ in range(WARM_UP + STEPS):
                start = time.monotonic()
                await live.injector(source).send(draw.sample(range(20), 5))
                await live.step(step_ms)
                spikes.take()
                took.append(time.monotonic() - start)

    trio.run(main)
    sim.end()
    return took[WARM_UP:]


def measure_official(step_ms: float) -> list[float]:
    """The same through `run_forever(sync_time)` and `continue_simulation()`; the cores' states are asked for by count,
    as sPyNNaker itself asks."""
    import pyNN.spiNNaker as sim
    from spinn_front_end_common.data import FecDataView
    from spinnman.model.enums import CPUState, ExecutableType

    sim.setup(timestep=1.0)
    connection = sim.external_devices.SpynnakerLiveSpikesConnection(
        receive_labels=["out"], send_labels=["in"], local_port=None
    )
    define_network(sim, connection.local_port)
    draw = random.Random(7)
    took: list[float] = []
    over = threading.Event()

    def wait_for(state: Any, cores: int) -> None:
        board = FecDataView.get_transceiver()
        while board.get_core_state_count(FecDataView.get_app_id(), state) < cores:
            time.sleep(0.0005)

    def step(label: str, sender: Any) -> None:
        cores = len(FecDataView.get_cores_for_type(ExecutableType.USES_SIMULATION_INTERFACE))
        states = (CPUState.SYNC1, CPUState.SYNC0)
        wait_for(states[0], cores)
        for number in range(WARM_UP + STEPS):
            start = time.monotonic()
            sender.send_spikes(label, draw.sample(range(20), 5))
            sim.external_devices.continue_simulation()
            wait_for(states[(number + 1) % 2], cores)
            took.append(time.monotonic() - start)
        over.set()

    connection.add_receive_callback("out", lambda label, tick, neurons: None)
    connection.add_start_resume_callback("in", step)
    runner = threading.Thread(
        target=lambda: sim.external_devices.run_forever(sync_time=step_ms), daemon=True
    )
    runner.start()
    over.wait()
    # the official way has no clean end for cores that stand: what was measured is all that is wanted
    return took[WARM_UP:]


def main() -> None:
    """Compare both, or with ``--client`` measure one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--client", choices=["spinnlive", "official"])
    parser.add_argument("--address", default="")
    parser.add_argument("--step", type=float, default=1.0)
    arguments = parser.parse_args()
    if arguments.client is None:
        print(f"Steps per second, {STEPS} steps, {conditions()}:")
        for step_ms in LENGTHS_MS:
            found = trio.run(in_turns, __file__, ["--step", str(step_ms)])
            for client, took in found.items():
                print(
                    f"  {step_ms:4g} ms  {client:<10} {len(took) / sum(took):5.0f} steps/s   p50 "
                    f"{1e3 * np.percentile(took, 50):6.2f}  p99 {1e3 * np.percentile(took, 99):6.2f} ms a step"
                )
    elif arguments.client == "spinnlive":
        print(json.dumps(measure_ours(arguments.address, arguments.step)), flush=True)
    else:
        print(json.dumps(measure_official(arguments.step)), flush=True)
        sys.stdout.flush()
        import os

        os._exit(0)


if __name__ == "__main__":
    main()
