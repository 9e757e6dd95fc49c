"""A million malformed, truncated and otherwise wrong messages against a server that has a good client.

`make test` has a bounded part of it (tests/gateway/test_safety.py). Each connection of an attacker
sends some messages that are wrong but forgiven (of unknown types, for populations that are not
there, without the right to), then one that is not: bytes changed, cut off, of a wrong length, noise,
broken HTTP or WebSocket. The good client must get every spike; the server must neither fail nor grow.
"""

from __future__ import annotations

import argparse
import gc
import random
import resource
import selectors
import socket
import struct
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgpack
import trio

import spinnlive

sys.path.insert(0, str(Path(__file__).parent))  # python -P leaves it out
from fan_out import HOST, Source

ROUNDS = 20
"""How often the server's memory and objects are looked at."""

SPIKES = 20
EVERY_S = 0.02
"""What the good client gets, and how often: little, as the attackers are what this is about."""

AT_ONCE = 16
"""Connections that one attacker has open."""

IMPATIENT = 0.3
"""Part of the connections that are broken off at once, without a look at what the server says."""

PATIENCE_S = 0.3
"""After this an attacker breaks a connection off."""

GROWTH_KIB = 4096
GROWTH_OBJECTS = 2000
"""How much the server may have more at the end than after the first fifth."""

HELLO = {"type": "hello", "version": 1}
UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
GOOD: list[dict[str, Any]] = [
    {"type": "list", "request": 1},
    {"type": "subscribe", "request": 2, "what": "spikes", "target": "source"},
    {"type": "inject", "population": "source", "ids": bytes(40), "request": 3},
    {"type": "set_rates", "population": "source", "rates": bytes(80), "request": 3},
    {"type": "step", "request": 4, "ms": 1.0},
    {"type": "ping", "sent": 1.5},
]
FORGIVEN: list[dict[str, Any]] = [
    {"type": "subscribe", "request": 1, "what": "spikes", "target": "nobody"},
    {"type": "subscribe", "request": 1, "what": "weights", "target": "nothing", "every_ms": 1.0},
    {"type": "subscribe", "request": 1, "what": "clock", "every_ms": -1.0},
    {"type": "subscribe", "request": 1, "what": "everything"},
    {"type": "unsubscribe", "request": 1, "channel": 1 << 50},
    {"type": "inject", "population": "source", "ids": b"\xff" * 4, "request": 1},
    {"type": "set_rates", "population": "nobody", "rates": bytes(8), "request": 1},
    {"type": "step", "request": 1, "ms": -1.0},
    HELLO,
]


def framed(message: object) -> bytes:
    """Give a message as TCP carries it."""
    payload = msgpack.packb(message)
    return struct.pack("<I", len(payload)) + payload


def masked(chance: random.Random, payload: bytes, first: int = 0x82) -> bytes:
    """Give a message as a WebSocket's client frames it."""
    key = chance.randbytes(4)
    body = bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))
    size = len(payload)
    head = struct.pack("BB", first, 0x80 | size) if size < 126 else b""
    return (head or struct.pack(">BBH", first, 0x80 | 126, size)) + key + body


def forgiven(chance: random.Random) -> dict[str, Any]:
    """Give a message that is answered by an error: of no known type, or one that cannot be."""
    if chance.random() < 0.5:
        return chance.choice(FORGIVEN)
    anything: list[Any] = [None, -1, 1 << 63, 1e300, "x" * 300, bytes(300), [[[]]], {"a": {}}]
    keys = ("request", "ids", "what", "target", "every_ms", "sent", "version")
    garbage = {key: chance.choice(anything) for key in keys if chance.random() < 0.5}
    return {"type": chance.choice(["teleport", "", "spikes", "HELLO", "\x00"]), **garbage}


def changed(chance: random.Random, data: bytes) -> bytes:
    """Change one to four bytes."""
    new = bytearray(data)
    for _ in range(chance.randrange(1, 5)):
        new[chance.randrange(len(new))] = chance.randrange(256)
    return bytes(new)


def cut(chance: random.Random, data: bytes) -> bytes:
    """Leave the end away."""
    return data[: chance.randrange(1, len(data))]


def connection(chance: random.Random, messages: int) -> tuple[bytes, int]:
    """Give all that one connection says, and how many wrong messages that is: the last is the
    worst."""
    kind = chance.randrange(8)
    if kind == 0:
        return chance.randbytes(chance.randrange(1, 200)), 1
    if kind == 1:
        return b"GET /" + chance.randbytes(chance.randrange(1, 60)) + b"\r\n\r\n", 1
    if kind == 2:
        return changed(chance, framed(HELLO)), 1
    before = [forgiven(chance) for _ in range(messages - 1)]
    good = chance.choice(GOOD)
    spoil = chance.choice([changed, cut])
    if kind in (3, 4):
        frames = [masked(chance, msgpack.packb(each)) for each in (HELLO, *before)]
        last = masked(chance, msgpack.packb(good), chance.choice([0x82, 0x81, 0x80, 0x02, 0xF2]))
        return UPGRADE + b"".join(frames) + spoil(chance, last), messages
    start = b"".join(map(framed, (HELLO, *before)))
    if kind == 5:
        size = chance.choice([0, 5, 1 << 20, 1 << 31, 0xFFFFFFFF])
        return start + struct.pack("<I", size) + msgpack.packb(good), messages
    if kind == 6:
        return start + cut(chance, framed(good)), messages
    payload = spoil(chance, msgpack.packb(good))
    return start + struct.pack("<I", len(payload)) + payload, messages


def attack(host: str, port: int, messages: int, each: int, seed: int) -> None:
    """Send so many, over several connections at a time; print how many it were."""
    chance = random.Random(seed)
    said = 0
    with selectors.DefaultSelector() as selector:
        while said < messages or selector.get_map():
            while said < messages and len(selector.get_map()) < AT_ONCE:
                data, number = connection(chance, each)
                said += number
                sock = socket.socket()
                # it ends with a reset and leaves no port behind that has to wait
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                # from many addresses, as one alone has too few ports
                sock.bind((f"127.28.{seed % 250}.{chance.randrange(2, 250)}", 0))
                try:
                    sock.connect((host, port))
                    sock.sendall(data)
                    if chance.random() < 0.5:
                        sock.shutdown(socket.SHUT_WR)
                except OSError:
                    sock.close()
                    continue
                if chance.random() < IMPATIENT:
                    sock.close()
                    continue
                sock.setblocking(False)
                selector.register(sock, selectors.EVENT_READ, time.monotonic())
            gone = {key.fileobj for key, _ in selector.select(0.02) if ended(key.fileobj)}
            late = time.monotonic() - PATIENCE_S
            gone |= {key.fileobj for key in selector.get_map().values() if key.data < late}
            for sock in gone:  # type: ignore[assignment]
                selector.unregister(sock)
                sock.close()
    print(said)


def ended(sock: Any) -> bool:
    """Hear what the server says; say whether it was the end, or enough."""
    try:
        more = sock.recv(1 << 16)
    except BlockingIOError:
        return False
    except OSError:
        return True
    # some that were changed still ask for a stream, which has no end
    return not more or len(more) > 1 << 12


@dataclass(frozen=True)
class Seen:
    """The server's process between two rounds, when the attackers are gone."""

    rss_kib: int
    objects: int
    tasks: int


def look() -> Seen:
    """Look at this process."""
    gc.collect()
    tasks = trio.lowlevel.current_statistics().tasks_living
    return Seen(rss(), len(gc.get_objects()), tasks)


async def measure(number: int, attackers: int, each: int) -> bool:
    """Serve under attack and say what came of it."""
    source, got, said = Source(SPIKES, EVERY_S), 0, 0
    looks: list[Seen] = []
    async with trio.open_nursery() as nursery:
        limits = spinnlive.Limits(clients=2 * AT_ONCE * attackers, hello_s=0.5)
        async with spinnlive.serve(source, host=HOST, port=0, limits=limits) as gateway:
            follows = trio.Event()

            async def follow() -> None:
                nonlocal got
                async with (
                    spinnlive.connect(gateway.url) as remote,
                    remote.spikes("source") as spikes,
                ):
                    follows.set()
                    async for batch in spikes:
                        got += len(batch.neuron_ids)

            async def one(seed: int, share: int) -> None:
                nonlocal said
                place = [gateway.host, str(gateway.port)]
                words = ["--attack", *place, str(share), str(each), str(seed)]
                program = [sys.executable, "-P", __file__, *words]
                done = await trio.run_process(program, capture_stdout=True)
                said += int(done.stdout)

            async def fire() -> None:
                while True:
                    await source.run(50)

            nursery.start_soon(follow)
            await follows.wait()
            async with trio.open_nursery() as siege:
                siege.start_soon(fire)
                for number_of_round in range(ROUNDS):
                    async with trio.open_nursery() as processes:
                        for attacker in range(attackers):
                            seed = number_of_round * attackers + attacker + 1
                            processes.start_soon(one, seed, number // ROUNDS // attackers)
                    while gateway.statistics().clients > 1:  # noqa: ASYNC110
                        await trio.sleep(0.05)
                    looks.append(look())
                    seen = gateway.statistics()
                    print(
                        f"{said} messages in {seen.accepted} connections: {looks[-1].rss_kib} KiB, "
                        f"{looks[-1].objects} objects, {looks[-1].tasks} tasks",
                        flush=True,
                    )
                siege.cancel_scope.cancel()
            seen = gateway.statistics()
    lost = source.fired * SPIKES - got
    print(
        f"{said} wrong messages sent, {seen.messages_in} messages of all kinds taken apart; "
        f"connections ended: {seen.dropped}; the good client lost {lost} of "
        f"{source.fired * SPIKES} spikes"
    )
    settled, last = looks[ROUNDS // 5 - 1], looks[-1]
    verdicts = (
        ("no fault of the server", "failed" not in seen.dropped),
        ("the good client lost nothing", lost == 0),
        (f"at most {GROWTH_KIB} KiB more", last.rss_kib - settled.rss_kib <= GROWTH_KIB),
        (
            f"at most {GROWTH_OBJECTS} objects more",
            last.objects - settled.objects <= GROWTH_OBJECTS,
        ),
        ("no task more", last.tasks == settled.tasks),
    )
    for name, fine in verdicts:
        print(f"{'PASS' if fine else 'MISSED'}  {name}")
    return all(fine for _, fine in verdicts)


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
    parser.add_argument("--each", type=int, default=10, help="messages of one connection")
    parser.add_argument("--attackers", type=int, default=2)
    parser.add_argument("--attack", nargs=5, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.attack:
        host, *rest = arguments.attack
        return attack(host, *map(int, rest))
    if not trio.run(measure, arguments.messages, arguments.attackers, arguments.each):
        sys.exit(1)
    return None


if __name__ == "__main__":
    main()
