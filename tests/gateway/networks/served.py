"""A network on a board, driven by what comes over the network: clients of the server, and an event
camera. Usage: served.py ADDRESS|emulated

Prints what was seen as one line of JSON; tests/gateway/test_on_board.py says what it must be. The
camera's part is there if the real AEStream is.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyNN.spiNNaker as sim
import trio

import spinnlive

BOARD = None if sys.argv[1] == "emulated" else sys.argv[1]
WIDTH, HEIGHT = 20, 10
WINDOW_MS = 50
STEP_MS = 30
PATIENCE_S = 180

AESTREAM = shutil.which("aestream", path=str(Path(sys.executable).parent)) or shutil.which(
    "aestream"
)
PIXELS = [n * 7 % (WIDTH * HEIGHT) for n in range(WIDTH * HEIGHT)]  # each of them once
EVENTS = [(n % WIDTH, n // WIDTH, n % 2, 1000 + at) for at, n in enumerate(PIXELS)]

sim.setup(timestep=1.0)
retina = sim.Population(WIDTH * HEIGHT, sim.external_devices.SpikeInjector(), label="retina")
relay = sim.Population(WIDTH * HEIGHT, sim.IF_curr_exp(tau_syn_E=0.3), label="relay")
noise = sim.Population(
    10,
    sim.SpikeSourcePoisson(rate=0.0),
    additional_parameters={"max_rate": 200.0, "seed": 3},
    label="noise",
)
sim.Projection(
    retina,
    relay,
    sim.OneToOneConnector(),
    synapse_type=sim.StaticSynapse(weight=80.0, delay=1.0),
    label="optic nerve",
)
sim.external_devices.add_poisson_live_rate_control(noise)
for population in (retina, relay, noise):
    population.record("spikes")
for population in (relay, noise):
    sim.external_devices.activate_live_output_for(population)

seen: dict[str, Any] = {}


async def drive(remote: spinnlive.Remote) -> None:
    """Set rates, count in windows, read weights: all of it from outside, while the network runs."""
    windows: list[Any] = []
    async with remote.counts("noise", float(WINDOW_MS)) as counts:
        for rate, until in ((150.0, lambda total: total > 0), (0.0, lambda total: total == 0)):
            await remote.set_rates("noise", np.full(10, rate))
            async for window in counts:
                windows.append([window.tick, window.counts.tolist()])
                if until(window.counts.sum()):
                    break
    seen["windows"] = windows
    async with remote.weights("optic nerve", every=100.0) as weights:
        first = await anext(weights)
    seen["weights"] = [first.shape, len(first.weights), first.unit, *set(first.weights.tolist())]
    async with remote.spikes("relay") as spikes:
        await remote.inject("retina", [3, 77])
        seen["answer"] = (await anext(spikes)).neuron_ids.tolist()


async def look(live: spinnlive.LiveRun) -> None:
    """Let AEStream's events fire the retina, with and without time stamps."""
    assert AESTREAM is not None
    file = trio.Path("events.csv")
    await file.write_text("".join(",".join(map(str, event)) + "\n" for event in EVENTS))
    async with live.connect_spif(0, retina, WIDTH, HEIGHT) as camera:
        place = ["output", "udp", "127.0.0.1", str(camera.port)]
        for turn, more in enumerate(([], ["--include-timestamp", "true"]), start=1):
            program = [AESTREAM, "input", "file", str(file), *place, *more]
            await trio.run_process(program, stdout=subprocess.DEVNULL)
            while camera.statistics().injected < turn * len(EVENTS):  # noqa: ASYNC110
                await trio.sleep(0.01)
        await live.clock.wait_until(live.clock.tick + 20)
        seen["camera"] = [camera.statistics().injected, camera.statistics().dropped]


def receiver() -> tuple[Any, int]:
    """Give AEStream as the receiver, and the UDP port at which it listens."""
    from aestream import UDPInput

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    return UDPInput((WIDTH, HEIGHT), port=port), port


async def listening(port: int) -> None:
    """Wait until somebody listens there: what is sent before is refused, as the next call says."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", port))
        while True:
            try:
                sock.send(b"")
                sock.send(b"")
                return
            except ConnectionRefusedError:
                await trio.sleep(0.01)


async def main() -> None:
    """Run in real time, then in steps."""
    async with (
        spinnlive.open_live(sim, board=BOARD, progress=False) as live,
        spinnlive.serve(live, port=0, rights=("read", "inject", "control")) as server,
        spinnlive.connect(server.url) as remote,
    ):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(live.run)
            await drive(remote)
            if AESTREAM is not None:
                display, port = receiver()
                with display:
                    await listening(port)
                    nursery.start_soon(live.send_spif, relay, "127.0.0.1", port, WIDTH)
                    await look(live)
                    picture = np.zeros((WIDTH, HEIGHT))
                    while picture.sum() < 2 * len(EVENTS):
                        picture += display.read()
                        await trio.sleep(0.01)
                seen["picture"] = picture.T.ravel().tolist()
            nursery.cancel_scope.cancel()
        seen["steps"] = [await remote.step(float(STEP_MS)) for _ in range(2)]
        async with remote.spikes("relay") as spikes:
            await remote.inject("retina", [5])
            seen["steps"].append(await remote.step(float(STEP_MS)))
            batch = await anext(spikes)
            seen["answer to a step"] = [batch.tick, batch.neuron_ids.tolist()]
        seen["server"] = [server.statistics().dropped, server.statistics().batches_lost]


async def limited() -> None:
    """The same, with an end."""
    with trio.fail_after(PATIENCE_S):
        await main()


trio.run(limited)
for population in (retina, relay, noise):
    trains = population.get_data("spikes").segments[0].spiketrains
    seen[population.label] = [np.round(train.magnitude).astype(int).tolist() for train in trains]
sim.end()
print(json.dumps(seen))
