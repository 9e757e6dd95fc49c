"""Loop latency: spike sent → the live spike that it causes received, ours beside the official client's.

Both drive the same network on the same board, one process after the other, in turns, so that a machine that becomes
slower in the middle slows both. Ours has two: as it comes, which keeps the processors awake where it may, and with
``awake=False``, which leaves them alone as the official client does. `make bench` runs it; figures are for the machine
it ran on.
"""

from __future__ import annotations

import random
import tempfile
import time
from functools import partial
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import trio
from side_by_side import conditions, run_benchmark, run_client

NEURONS = 5
WARM_UP = 20

ASLEEP = "spinnlive, awake=False"
"""The client of ours that leaves the processors alone."""

BETWEEN_S = (0.002, 0.006)
"""Pause between loops, drawn evenly, so that nothing ties them to the board's ticks but what the client itself does
(seconds): trio ends a sleep when it wakes anyway, which is when live spikes come."""

GIVE_UP_S = 1.0
"""A spike that has not come back after this is lost (seconds)."""


def define_network(sim: Any, port: int | None) -> tuple[Any, Any]:
    """Five injected neurons, each relayed by one LIF neuron that fires once for each spike."""
    live = {} if port is None else {"database_notify_port_num": port}
    source = sim.Population(NEURONS, sim.external_devices.SpikeInjector(**live), label="in")
    cells = sim.Population(NEURONS, sim.IF_curr_exp(tau_syn_E=0.3), label="out")
    synapse = sim.StaticSynapse(weight=80.0, delay=1.0)
    sim.Projection(source, cells, sim.OneToOneConnector(), synapse_type=synapse)
    sim.external_devices.activate_live_output_for(cells, **live)
    return source, cells


def measure_ours(address: str, loops: int, awake: bool | None = None) -> dict[str, Any]:
    """Latencies (s) through a live run of spinnlive, None for a spike that never came back; and the host's own share
    of each: from the call until the datagram is given to the kernel, and from the wake-up by the socket to the spike
    in the user's task. Beside it what the kernel takes to send: on the loopback interface that is to wake the board."""
    import pyNN.spiNNaker as sim

    import spinnlive
    from spinnlive.live.intake import Intake

    sim.setup(timestep=1.0)
    source, cells = define_network(sim, None)
    latencies: list[float | None] = []
    shares: list[float] = []
    sending: list[float] = []
    left: list[float] = []
    kernel: list[float] = []
    post = Intake.send

    def note(intake: Intake, datagram: bytes) -> bool:
        sending.append(time.monotonic())
        posted = post(intake, datagram)
        left.append(time.monotonic())
        return posted

    Intake.send = note  # type: ignore[method-assign]

    async def main() -> None:
        async with (
            spinnlive.open_live(sim, board=address, progress=False, awake=awake) as live,
            trio.open_nursery() as nursery,
        ):
            send, receive = trio.open_memory_channel[tuple[float, float]](100)

            async def listen() -> None:
                async for batch in live.spikes(cells):
                    send.send_nowait((batch.received, time.monotonic()))

            async def loop() -> None:
                injector = live.injector(source)
                for number in range(loops + WARM_UP):
                    start = time.monotonic()
                    sending.clear()
                    left.clear()
                    await injector.send([number % NEURONS])
                    kernel.append(left[0] - sending[0])
                    latency: float | None = None
                    with trio.move_on_after(GIVE_UP_S):
                        woken, arrived = await receive.receive()
                        latency = arrived - start
                        shares.append(sending[0] - start + arrived - woken)
                    latencies.append(latency)
                    await trio.sleep(random.uniform(*BETWEEN_S))
                nursery.cancel_scope.cancel()

            nursery.start_soon(listen)
            nursery.start_soon(loop)
            await live.run()

    trio.run(main)
    sim.end()
    return {
        "latencies": latencies[WARM_UP:],
        "shares": shares[WARM_UP:],
        "kernel": kernel[WARM_UP:],
    }


def measure_official(_: str, loops: int) -> dict[str, Any]:
    """The same through `SpynnakerLiveSpikesConnection`, on the board that the cfg file here names."""
    import threading

    import pyNN.spiNNaker as sim

    sim.setup(timestep=1.0)
    connection = sim.external_devices.SpynnakerLiveSpikesConnection(
        receive_labels=["out"], send_labels=["in"], local_port=None
    )
    define_network(sim, connection.local_port)
    latencies: list[float | None] = []
    came, arrived = threading.Semaphore(0), [0.0]

    def receive(label: str, tick: int, neurons: list[int]) -> None:
        arrived[0] = time.monotonic()
        came.release()

    def inject(label: str, sender: Any) -> None:
        for number in range(loops + WARM_UP):
            start = time.monotonic()
            sender.send_spike(label, number % NEURONS)
            latencies.append(arrived[0] - start if came.acquire(timeout=GIVE_UP_S) else None)
            time.sleep(random.uniform(*BETWEEN_S))
        sim.external_devices.request_stop()

    connection.add_receive_callback("out", receive)
    connection.add_start_resume_callback("in", inject)
    sim.external_devices.run_forever()
    sim.end()
    connection.close()
    return {"latencies": latencies[WARM_UP:]}


def summary(name: str, latencies: list[float | None]) -> str:
    """One line: median and tail in ms, and losses."""
    times = np.array([latency for latency in latencies if latency is not None]) * 1e3
    p50, p95, p99 = np.percentile(times, [50, 95, 99])
    lost = len(latencies) - len(times)
    return f"{name:<22} p50 {p50:5.2f}  p95 {p95:5.2f}  p99 {p99:5.2f} ms   {len(latencies)} loops, {lost} lost"


async def compare(loops: int) -> None:
    """Let the clients take turns on one emulated board and print what came out."""
    from spinnlive.boards.emulated import EmulatedBoard

    results: dict[str, list[float | None]] = {
        "spinnlive": [],
        ASLEEP: [],
        "official": [],
    }
    shares: list[float] = []
    kernel: list[float] = []
    # in every order once: a machine that is disturbed for seconds disturbs all, and no client always comes after the
    # one that kept the processors busy
    orders = list(permutations(results))
    async with EmulatedBoard() as board:
        with tempfile.TemporaryDirectory() as folder:
            for order in orders:
                for client in order:
                    turn = (__file__, client, board.address, loops // len(orders), Path(folder))
                    seen = await trio.to_thread.run_sync(run_client, *turn)
                    results[client] += seen["latencies"]
                    if client == "spinnlive":
                        shares += seen["shares"]
                        kernel += seen["kernel"]
        status = await board.status()
    print(f"Loop latency at 1 ms ticks, {conditions(status.given_up_s)}:")
    for client, latencies in results.items():
        print("  " + summary(client, latencies))
    for what, times in (("the host's own share", shares), ("the kernel's sending", kernel)):
        p50, p99 = np.percentile(np.array(times) * 1e3, [50, 99])
        print(f"  {what} of spinnlive's: p50 {p50:5.2f}  p99 {p99:5.2f} ms")


if __name__ == "__main__":
    run_benchmark(
        __doc__,
        compare,
        {
            "spinnlive": measure_ours,
            ASLEEP: partial(measure_ours, awake=False),
            "official": measure_official,
        },
        count=1200,
        of_what="loops of each client",
    )
