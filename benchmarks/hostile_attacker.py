"""An attacker of hostile_clients.py, in a process of its own: HOST PORT MESSAGES EACH SEED.

Each connection sends some messages that are wrong but forgiven, then one that is not. It does without
spinnlive, so that it starts at once and is nobody's fault.
"""

from __future__ import annotations

import random
import selectors
import socket
import struct
import sys
import time
from typing import Any

import msgpack

AT_ONCE = 16
"""Connections that are open at a time."""

IMPATIENT = 0.1
"""Part of the connections that are broken off at once, without a look at what the server says."""

PATIENCE_S = 0.3
"""After this a connection is broken off."""

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
    if chance.random() < 0.2:
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


if __name__ == "__main__":
    attack(sys.argv[1], *map(int, sys.argv[2:]))
