"""Send ceiling: how many spikes a second one call gets into a board, none lost; ours beside the official client's.

Both send the same spikes into the same network in one call, each core counts what reached it, and the call is timed on
the host. Every spike goes on to cells that it reaches with a synapse of no weight to speak of.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import trio
from side_by_side import conditions, run_benchmark, run_client

NEURONS = 127
"""As many as fit a datagram."""

TURNS = 2
"""How often each client has its turn."""

OFFICIAL_SHARE = 20
"""The official client is given this much less to send: it waits 0.1 s after each 762 spikes."""

SENT_ON = "Send_multicast_packets"
"""What sPyNNaker calls an injector's own count of the events that it sent on (provenance)."""


def define_network(sim: Any, port: int | None) -> Any:
    """An injector of one core whose spikes go to one LIF neuron each."""
    live = {} if port is None else {"database_notify_port_num": port}
    source = sim.Population(NEURONS, sim.external_devices.SpikeInjector(**live), label="in")
    cells = sim.Population(NEURONS, sim.IF_curr_exp(), label="out")
    synapse = sim.StaticSynapse(weight=0.01, delay=1.0)
    sim.Projection(source, cells, sim.OneToOneConnector(), synapse_type=synapse)
    return source


def received() -> int:
    """Give how many events the injector's core sent on, by its own count; before ``sim.end()``."""
    from spinn_front_end_common.interface.provenance import ProvenanceReader

    with ProvenanceReader() as reader:
        rows = reader.run_query(
            "SELECT MAX(the_value) FROM core_provenance WHERE description = ?", (SENT_ON,)
        )
    return int(str(rows[0][0] or 0))


def measure_ours(address: str, spikes: int) -> dict[str, float]:
    """One call of `Injector.send`."""
    import pyNN.spiNNaker as sim

    import spinnlive

    sim.setup(timestep=1.0)
    source = define_network(sim, None)
    result: dict[str, float] = {}

    async def main() -> None:
        async with (
            spinnlive.open_live(sim, board=address, progress=False) as live,
            trio.open_nursery() as nursery,
        ):

            async def flood() -> None:
                ids = np.arange(spikes) % NEURONS
                await live.clock.sleep_until(200)
                start = time.monotonic()
                await live.injector(source).send(ids)
                result["seconds"] = time.monotonic() - start
                await live.clock.sleep_until(live.clock.tick + 50)
                nursery.cancel_scope.cancel()

            nursery.start_soon(flood)
            await live.run()

    trio.run(main)
    result["sent"], result["received"] = spikes, received()
    sim.end()
    return result


def measure_official(_: str, spikes: int) -> dict[str, float]:
    """One call of ``send_spikes`` of `SpynnakerLiveSpikesConnection`, on the board that the cfg file here names."""
    import pyNN.spiNNaker as sim

    sim.setup(timestep=1.0)
    connection = sim.external_devices.SpynnakerLiveSpikesConnection(
        send_labels=["in"], local_port=None
    )
    define_network(sim, connection.local_port)
    result: dict[str, float] = {}

    def flood(label: str, sender: Any) -> None:
        ids = [number % NEURONS for number in range(spikes)]
        time.sleep(0.2)
        start = time.monotonic()
        sender.send_spikes(label, ids)
        result["seconds"] = time.monotonic() - start
        time.sleep(0.1)
        sim.external_devices.request_stop()

    connection.add_start_resume_callback("in", flood)
    sim.external_devices.run_forever()
    result["sent"], result["received"] = spikes, received()
    sim.end()
    connection.close()
    return result


async def compare(spikes: int) -> None:
    """Let both clients take turns on one emulated board and print what came out."""
    from spinnlive.boards.emulated import EmulatedBoard

    lines = []
    async with EmulatedBoard() as board:
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(TURNS):
                for client in ("spinnlive", "official"):
                    count = spikes if client == "spinnlive" else spikes // OFFICIAL_SHARE
                    turn = (__file__, client, board.address, count, Path(folder))
                    result = await trio.to_thread.run_sync(run_client, *turn)
                    rate = result["sent"] / result["seconds"] / 1e3
                    lost = result["sent"] - result["received"]
                    lines.append(
                        f"  {client:<10} {rate:7.1f} k spikes/s   {result['sent']} sent in one call, {lost:.0f} lost"
                    )
        status = await board.status()
    print(f"Send ceiling into one core, 1 ms ticks, {conditions(status.given_up_s)}:")
    print("\n".join(lines))


if __name__ == "__main__":
    run_benchmark(
        __doc__,
        compare,
        {"spinnlive": measure_ours, "official": measure_official},
        count=127 * 400,
        of_what="spikes in one call",
    )
