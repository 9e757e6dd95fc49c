"""Receive: how many live spikes a client takes without loss, ours beside the official one in the same run.

A process of its own sends datagrams as the board's gatherer does (64 keys under one tick, SCAMP's
port) at a fixed rate, at the pace of the clock, while the client delivers them: ours as batches to
a stream, the official `SpynnakerLiveSpikesConnection` to a callback per tick. Spikes are counted at
both ends. `make bench` runs it; figures are for the machine it ran on.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import socket
import struct
import subprocess
import sys
import time
from typing import Any

import numpy as np

BOARD = "127.21.9.1"
POPULATIONS = 4
NEURONS = 2000
FIRST_KEY = 0x10000
COLOUR = 16
"""Keys of neighbours differ by so much: sPyNNaker has four bits of colour."""

KEYS = 64
"""Spikes of a full datagram."""

TICK_S = 0.001
RATES = (200_000, 400_000, 800_000, 1_600_000, 2_500_000, 4_000_000)
"""Spikes per second that are offered, one after the other, until a client has lost a tenth."""

SECONDS = 3.0
QUIET_S = 0.5
"""After so long without a spike everything has come that ever will (seconds)."""


def datagrams(rate: int) -> list[list[bytes]]:
    """Make the packets of some hundred ticks; the tick is put in by the sender."""
    random = np.random.default_rng(1)
    per_tick = max(1, round(rate * TICK_S / KEYS))
    keys = np.arange(POPULATIONS * NEURONS, dtype="<u4") * COLOUR + FIRST_KEY
    return [
        [
            struct.pack("<BBI", KEYS, 0x38, 0) + random.choice(keys, KEYS).astype("<u4").tobytes()
            for _ in range(per_tick)
        ]
        for _ in range(100)
    ]


def send(rate: int, port: int, seconds: float) -> int:
    """Send at this rate (spikes/s) to the local port; give how many spikes were sent."""
    ticks = datagrams(rate)
    packets = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((BOARD, 17893))
        sock.connect(("127.0.0.1", port))
        begin = time.monotonic()
        wanted = round(seconds / TICK_S)
        for tick in range(wanted):
            stamp = struct.pack("<I", tick)
            for packet in ticks[tick % len(ticks)]:
                sock.send(packet[:2] + stamp + packet[6:])
                packets += 1
            ahead = begin + (tick + 1) * TICK_S - time.monotonic()
            if ahead > 0:
                time.sleep(ahead)
        took = time.monotonic() - begin
    print(json.dumps({"spikes": packets * KEYS, "seconds": took}))
    return packets * KEYS


def key_table() -> Any:
    """Make the table of our populations' keys."""
    from spinnlive.live.keys import KeyTable

    number = POPULATIONS * NEURONS
    return KeyTable.build(
        tuple(f"population {index}" for index in range(POPULATIONS)),
        np.arange(number) * COLOUR + FIRST_KEY,
        np.repeat(np.arange(POPULATIONS), NEURONS),
        np.tile(np.arange(NEURONS), POPULATIONS),
    )


def receive_path() -> tuple[Any, Any]:
    """Make our receiver and the router behind it."""
    from spinnlive.live.database import LiveTag
    from spinnlive.live.receiver import Receiver
    from spinnlive.live.spikes import SpikeRouter

    router = SpikeRouter(key_table(), 1.0)

    def deliver(events: Any, received: float) -> None:
        router.deliver(events, received)

    tag = LiveTag(BOARD, 1, 0, 0, 1, heartbeat=False)
    return Receiver(tag, deliver, router, deliver_one=router.deliver_one), router


def measure_ours() -> None:
    """The CPU time from a full kernel buffer to the readers; whoever else is busy does not matter."""
    import trio

    packets = [packet for tick in datagrams(2_000_000) for packet in tick][:3000]
    counted = Counted()

    async def main() -> None:
        receiver, router = receive_path()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind((BOARD, 17893))
            sock.connect(("127.0.0.1", receiver.port))
            for number, packet in enumerate(packets):
                sock.send(packet[:2] + struct.pack("<I", number // 31) + packet[6:])

        async def read(label: str) -> None:
            async for batch in router.open(label, "error", 100_000):
                counted.add(len(batch.neuron_ids))
                if counted.spikes == KEYS * len(packets):
                    nursery.cancel_scope.cancel()

        async with trio.open_nursery() as nursery:
            for label in key_table().labels:
                nursery.start_soon(read, label)
            await trio.lowlevel.checkpoint()
            counted.begin()
            nursery.start_soon(receiver.pump)

    trio.run(main)
    counted.tell()


def measure_official() -> None:
    """The CPU time of the official client's decoder and callbacks alone, without its socket."""
    client, counted = official_client()
    packets = [packet for tick in datagrams(2_000_000) for packet in tick][:2000]
    counted.begin()
    for packet in packets:
        client._LiveEventConnection__do_receive_packet(packet)
    counted.tell()
    os._exit(0)  # its threads never end


def receive_ours() -> None:
    """Take what comes, through our receive path, and say what it was."""
    import trio

    receiver, router = receive_path()
    print(json.dumps({"port": receiver.port}), flush=True)
    counted = Counted()

    async def read(label: str) -> None:
        async for batch in router.open(label, "error", 100_000):
            counted.add(len(batch.neuron_ids))

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(receiver.pump)
            for label in key_table().labels:
                nursery.start_soon(read, label)
            while not counted.quiet():  # noqa: ASYNC110 (nothing tells that nothing comes)
                await trio.sleep(QUIET_S)
            nursery.cancel_scope.cancel()

    trio.run(main)
    counted.tell()


def official_client() -> tuple[Any, Counted]:
    """Make an official client that has our keys, and what its callbacks count into."""
    from spinn_front_end_common.utilities.connections import LiveEventConnection

    labels = [f"population {index}" for index in range(POPULATIONS)]
    client: Any = LiveEventConnection("receiver", receive_labels=labels, local_port=None)
    # as it does when it has read the database
    client._LiveEventConnection__key_to_atom_id_and_label.update(
        {
            index * COLOUR + FIRST_KEY: (index % NEURONS, index // NEURONS)
            for index in range(POPULATIONS * NEURONS)
        }
    )
    counted = Counted()
    for label in labels:
        client.add_receive_callback(label, lambda label, tick, ids: counted.add(len(ids)))
    return client, counted


def receive_official() -> None:
    """The same through the official client's listener and callbacks."""
    from spinnman.connections import ConnectionListener
    from spinnman.connections.udp_packet_connections import UDPConnection

    client, counted = official_client()
    connection = UDPConnection(local_host="127.0.0.1")
    listener = ConnectionListener(connection)
    listener.add_callback(client._LiveEventConnection__do_receive_packet)
    listener.start()
    print(json.dumps({"port": connection.local_port}), flush=True)
    while not counted.quiet():
        time.sleep(QUIET_S)
    counted.tell()
    os._exit(0)  # its threads never end


class Counted:
    """Counts spikes, and when the first and the last of them came."""

    def __init__(self) -> None:
        self.spikes = 0
        self.first = self.last = 0.0
        self._before = -1
        self.begin()

    def begin(self) -> None:
        """Count CPU time from here on."""
        self._cpu_s = time.process_time()

    def add(self, spikes: int) -> None:
        """So many have come."""
        self.last = time.monotonic()
        self.first = self.first or self.last
        self.spikes += spikes

    def quiet(self) -> bool:
        """Whether nothing came since this was asked before, though something had come."""
        quiet = self.spikes > 0 and self.spikes == self._before
        self._before = self.spikes
        return quiet

    def tell(self) -> None:
        """Print the counts."""
        cpu_s = time.process_time() - self._cpu_s
        told = {"spikes": self.spikes, "seconds": self.last - self.first, "cpu_s": cpu_s}
        print(json.dumps(told), flush=True)


def measured(client: str) -> float:
    """Give the spikes per second of CPU time, in a process of its own."""
    command = [sys.executable, __file__, "--measure", client]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    return float(told["spikes"]) / float(told["cpu_s"])


def turn(client: str, rate: int) -> dict[str, float]:
    """Let one client receive at one rate, sender and receiver in processes of their own."""
    receiver = subprocess.Popen(
        [sys.executable, __file__, "--receive", client], stdout=subprocess.PIPE, text=True
    )
    assert receiver.stdout is not None
    try:
        port = json.loads(receiver.stdout.readline())["port"]
        sender = subprocess.run(
            [sys.executable, __file__, "--send", str(rate), "--port", str(port)],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        sent = json.loads(sender.stdout)
        taken = json.loads(receiver.stdout.readline())
    finally:
        receiver.kill()
        receiver.wait()
    return {
        "offered": sent["spikes"] / sent["seconds"],
        "sent": sent["spikes"],
        "taken": taken["spikes"],
        "seconds": taken["seconds"],
        "cpu_s": taken["cpu_s"],
    }


def main() -> None:
    """Compare both clients, or be one of the processes that it takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--receive", choices=["spinnlive", "official"])
    parser.add_argument("--measure", choices=["spinnlive", "official"])
    parser.add_argument("--send", type=int)
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.send is not None:
        send(arguments.send, arguments.port, SECONDS)
    elif arguments.measure is not None:
        measure_ours() if arguments.measure == "spinnlive" else measure_official()
    elif arguments.receive == "spinnlive":
        receive_ours()
    elif arguments.receive == "official":
        receive_official()
    else:
        compare()


def compare() -> None:
    """Offer more and more to both, in turns, and print what each took."""
    load = os.getloadavg()[0]
    print(
        f"Receive: datagrams of {KEYS} spikes, {POPULATIONS} populations, {TICK_S * 1e3:g} ms ticks, "
        f"{SECONDS:g} s each; {os.cpu_count()} cores, {platform.machine()}, load {load:.1f} at the start"
    )
    for client, what in (
        ("spinnlive", "from the kernel's buffer to a stream"),
        ("official", "decoder and callbacks alone"),
    ):
        seen = [measured(client) for _ in range(3)]
        print(
            f"  {client:<10} {', '.join(f'{each / 1e6:.2f}' for each in seen)} M spikes per second "
            f"of one core's CPU time ({what})",
            flush=True,
        )
    alive = ["spinnlive", "official"]
    for rate in RATES:
        for client in tuple(alive):
            seen = turn(client, rate)
            lost = 1 - seen["taken"] / seen["sent"]
            print(
                f"  {client:<10} offered {seen['offered'] / 1e6:5.2f} M spikes/s: "
                f"{seen['taken']:>9.0f} of {seen['sent']:>9.0f} taken ({100 * lost:4.1f} % lost) "
                f"at {seen['taken'] / seen['seconds'] / 1e6:5.2f} M/s, {seen['cpu_s']:.2f} s of CPU: "
                f"{seen['taken'] / seen['cpu_s'] / 1e6:.2f} M per s of CPU",
                flush=True,
            )
            if lost > 0.1:
                alive.remove(client)


if __name__ == "__main__":
    main()
