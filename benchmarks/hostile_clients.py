"""A million malformed or truncated messages against a server that has a good client.

`make test` has a bounded part of it (tests/gateway/test_safety.py). Each message comes on a
connection of its own, because the first nonsense ends a connection. The good client must get every
spike; the server must neither fail nor grow.
"""

from __future__ import annotations

import argparse
import random
import resource
import socket
import struct
import sys
from pathlib import Path

import msgpack
import trio

import spinnlive

sys.path.insert(0, str(Path(__file__).parent))  # python -P leaves it out
from fan_out import SPIKES, Source

HELLO = {"type": "hello", "version": 1}
GOOD = [
    {"type": "list", "request": 1},
    {"type": "subscribe", "request": 2, "what": "spikes", "target": "source"},
    {"type": "inject", "population": "source", "ids": bytes(40), "request": 3},
    {"type": "set_rates", "population": "source", "rates": bytes(80), "request": 3},
    {"type": "ping", "sent": 1.5},
]


def framed(message: object) -> bytes:
    """Give a message as TCP carries it."""
    payload = msgpack.packb(message)
    return struct.pack("<I", len(payload)) + payload


def nonsense(chance: random.Random) -> bytes:
    """Some messages with bytes changed, cut off, or put before what they were; or noise."""
    kind = chance.randrange(5)
    if kind == 0:
        return chance.randbytes(chance.randrange(1, 200))
    if kind == 1:
        return b"GET /" + chance.randbytes(chance.randrange(1, 60)) + b"\r\n\r\n"
    data = bytearray(framed(HELLO) + framed(chance.choice(GOOD)))
    if kind == 2:
        return bytes(data[: chance.randrange(1, len(data))])
    for _ in range(chance.randrange(1, 5)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    if kind == 4:
        size = chance.choice([0, 5, 1 << 20, 1 << 31, 0xFFFFFFFF])
        data[22:26] = struct.pack("<I", size)
    return bytes(data)


def attack(host: str, port: int, number: int, seed: int) -> None:
    """Send so many, one after the other."""
    chance = random.Random(seed)
    for _ in range(number):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.bind((f"127.28.{seed % 250}.{chance.randrange(2, 250)}", 0))
        sock.connect((host, port))
        try:
            sock.sendall(nonsense(chance))
            if chance.random() < 0.2:
                sock.settimeout(0.2)
                sock.recv(4096)
        except OSError:
            pass
        finally:
            sock.close()


async def measure(number: int, attackers: int) -> None:
    """Serve under attack and say what came of it."""
    source = Source()
    got = 0
    async with trio.open_nursery() as nursery:
        limits = spinnlive.Limits(clients=64, hello_s=0.5)
        async with spinnlive.serve(source, host="127.28.0.1", port=0, limits=limits) as gateway:

            async def follow() -> None:
                nonlocal got
                async with (
                    spinnlive.connect(gateway.url) as remote,
                    remote.spikes("source") as spikes,
                ):
                    task_ready.set()
                    async for batch in spikes:
                        got += len(batch.neuron_ids)

            task_ready = trio.Event()
            nursery.start_soon(follow)
            await task_ready.wait()
            before = rss()
            program = [sys.executable, "-P", __file__, "--attack", gateway.host, str(gateway.port)]
            async with trio.open_nursery() as siege:
                done = trio.Event()

                async def all_of_them() -> None:
                    async with trio.open_nursery() as processes:
                        for seed in range(attackers):
                            share = [str(number // attackers), str(seed + 1)]
                            processes.start_soon(trio.run_process, [*program, *share])
                    done.set()

                async def fire() -> None:
                    while not done.is_set():
                        await source.run(100)

                siege.start_soon(all_of_them)
                siege.start_soon(fire)
            after = rss()
            seen = gateway.statistics()
    print(
        f"{seen.accepted} connections with nonsense: dropped {seen.dropped}; memory before "
        f"{before / 1024:.0f} MiB, after {after / 1024:.0f} MiB; the good client lost "
        f"{source.fired * SPIKES - got} of {source.fired * SPIKES} spikes"
    )
    assert "failed" not in seen.dropped


def rss() -> int:
    """Memory of this process in KiB: now, where the kernel says it; else the most ever."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    """Measure, or be an attacker."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--attackers", type=int, default=2)
    parser.add_argument("--attack", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.attack:
        host, *rest = arguments.attack
        return attack(host, *map(int, rest))
    trio.run(measure, arguments.messages, arguments.attackers)
    return None


if __name__ == "__main__":
    main()
