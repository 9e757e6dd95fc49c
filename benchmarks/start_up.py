"""Start-up: from the first import to the first live spike, on a board that is booted.

Ours beside plain sPyNNaker, with its defaults and without its advanced monitors; each in its own process, in turns.
By the wall's clock, and by the CPU time of the process: importing takes both (docs/start-up.md); what loading takes
beyond its CPU time is waiting for the board.
`make bench` runs it; figures are for the machine it ran on.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from typing import Any

import numpy as np
import trio
from taking_turns import LEAN, conditions, in_turns


class Marks:
    """What has been reached, after how many seconds: the wall's, and of the process's CPU."""

    def __init__(self) -> None:
        self.reached: dict[str, tuple[float, float]] = {}
        self._begin = time.monotonic(), time.process_time()

    def mark(self, name: str) -> None:
        """This has been reached."""
        wall, cpu = self._begin
        self.reached[name] = time.monotonic() - wall, time.process_time() - cpu


def define_network(sim: Any, port: int | None) -> Any:
    """Five injected neurons and five LIF neurons, one of which fires by itself from the first ticks on."""
    live = {} if port is None else {"database_notify_port_num": port}
    source = sim.Population(5, sim.external_devices.SpikeInjector(**live), label="in")
    cells = sim.Population(5, sim.IF_curr_exp(i_offset=10.0), label="out")
    synapse = sim.StaticSynapse(weight=5.0, delay=1.0)
    sim.Projection(source, cells, sim.OneToOneConnector(), synapse_type=synapse)
    sim.external_devices.activate_live_output_for(cells, **live)
    return cells


def measure_ours(address: str) -> list[dict[str, tuple[float, float]]]:
    """Seconds from the first import to: imports done, network loaded, first live spike."""
    marks = Marks()
    import spinnlive  # first, so that sPyNNaker's import is a light one

    # isort: split
    import pyNN.spiNNaker as sim

    marks.mark("imports")
    sim.setup(timestep=1.0)
    cells = define_network(sim, None)

    async def main() -> None:
        async with (
            spinnlive.open_live(sim, board=address, progress=False) as live,
            trio.open_nursery() as nursery,
        ):
            marks.mark("loaded")
            spikes = live.spikes(cells)
            nursery.start_soon(live.run)
            await anext(spikes)
            marks.mark("first live spike")
            nursery.cancel_scope.cancel()

    trio.run(main)
    sim.end()
    return [marks.reached]


def measure_official() -> list[dict[str, tuple[float, float]]]:
    """The same through `SpynnakerLiveSpikesConnection`."""
    marks = Marks()
    import pyNN.spiNNaker as sim

    marks.mark("imports")
    sim.setup(timestep=1.0)
    connection = sim.external_devices.SpynnakerLiveSpikesConnection(
        receive_labels=["out"], send_labels=["in"], local_port=None
    )
    define_network(sim, connection.local_port)
    came = threading.Event()

    def receive(label: str, tick: int, neurons: list[int]) -> None:
        if not came.is_set():
            marks.mark("first live spike")
            came.set()

    def stop(label: str, sender: Any) -> None:
        came.wait()
        sim.external_devices.request_stop()

    connection.add_receive_callback("out", receive)
    connection.add_start_resume_callback("in", stop)
    sim.external_devices.run_forever()
    sim.end()
    connection.close()
    return [marks.reached]


def main() -> None:
    """Compare, or with ``--client`` measure one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--client", choices=["spinnlive", "official"])
    parser.add_argument("--address", default="")
    arguments = parser.parse_args()
    if arguments.client == "spinnlive":
        print(json.dumps(measure_ours(arguments.address)))
    elif arguments.client == "official":
        print(json.dumps(measure_official()))
    else:
        print(
            f"Seconds from the first import to the first live spike, 5 + 5 neurons, {conditions()}:"
        )
        for what, settings in (("sPyNNaker's defaults", ""), ("advanced monitors off", LEAN)):
            found = trio.run(lambda more=settings: in_turns(__file__, [], settings=more, turns=3))
            for client, marks in found.items():
                name = "spinnlive" if client == "spinnlive" else f"official, {what}"
                parts = ", ".join(
                    f"{part} after {wall:.1f} ({cpu:.1f} of CPU)"
                    for part in marks[0]
                    for wall, cpu in [np.median([each[part] for each in marks], axis=0)]
                )
                print(f"  {name:<32} {parts}   ({len(marks)} starts, medians)")


if __name__ == "__main__":
    main()
