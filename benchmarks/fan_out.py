"""Fan-out: one live run served to many clients: what is lost, what it costs, how much later it comes.

A scripted live run fires `SPIKES` spikes every millisecond. Clients, in processes of their own,
read the stream and note, for every batch, how long after the live run had it (one machine, one
monotonic clock). Beside them a bare socket between two processes carries the same moment: what it
takes is the machine's part. Then again beside a client that subscribes and never reads. `make bench`
runs it; figures are for the machine it ran on.
"""

from __future__ import annotations

import argparse
import gc
import json
import socket
import struct
import sys
import time
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import trio

import spinnlive
from spinnlive.live.clock import Clock
from spinnlive.live.listing import PopulationInfo
from spinnlive.live.spikes import SpikeBatch
from spinnlive.live.streams import Stream
from spinnlive.wire import stream
from spinnlive.wire.stream_messages import End, Goodbye, Hello, Spikes, Subscribe

SPIKES = 200
"""Spikes of every tick of 1 ms: 200 k spikes/s."""

NEURONS = 10_000
HOST = "127.28.0.1"
TICK_S = 0.001
WARM_UP = 500
"""First ticks that do not count for the latency."""

BACKLOG_BYTES = 1 << 20
"""What is kept for a client that does not read: little, so that it is sent away within the time."""

CORES = 1.0
LATE_MS = 2.0
"""The aims: what the server may take, and the 99th percentile of what comes later (ms)."""

SO_TIMESTAMPNS = 35
"""Linux socket option: the kernel's arrival time beside what is received (asm-generic/socket.h)."""


@dataclass(frozen=True)
class Statistics:
    """Of the scripted live run."""

    spikes_out: int


class Source:
    """A live run that fires; ``bare`` is a socket that is told when."""

    populations = (PopulationInfo("source", NEURONS, live=True, injector=False),)
    projections = ()

    def __init__(self, spikes: int = SPIKES, every_s: float = TICK_S) -> None:
        self.clock = Clock(1000, 1)
        self.clock.start(None)
        self.fired = 0
        self._each, self._every_s = spikes, every_s
        self.behind_s = 0.0
        self.bare: socket.socket | None = None
        self._streams: list[Stream[SpikeBatch]] = []

    def spikes(self, population: str, *, buffer: int) -> Stream[SpikeBatch]:
        """Give a stream, as a live run does."""
        opened: Stream[SpikeBatch] = Stream("drop_oldest", buffer, self._streams.remove)
        self._streams.append(opened)
        return opened

    def statistics(self) -> Statistics:
        """Give a count, likewise."""
        return Statistics(self.fired)

    async def run(self, ticks: int) -> None:
        """Fire once a tick, or so often, by the wall clock; what is late is made up for at once."""
        chance = np.random.default_rng(1)
        ids = chance.integers(0, NEURONS, (64, self._each)).astype(np.int32)
        start = time.monotonic()
        for tick in range(ticks):
            late = time.monotonic() - (start + tick * self._every_s)
            self.behind_s = max(self.behind_s, late)
            await trio.sleep(max(0.0, -late))
            now = time.monotonic()
            batch = SpikeBatch("source", tick, float(tick), ids[tick % 64], now)
            for each in self._streams:
                each.put(batch)
            if self.bare is not None:
                self.bare.send(struct.pack("d", now))
            self.fired += 1


def client(host: str, port: int) -> None:
    """Be a client: read until the server says goodbye, then print what came as JSON.

    Ten of them share the machine's cores with the server that they measure, so they do as little as
    they can while it runs: take the bytes, with two moments. One is the kernel's, when the bytes
    were in the client's socket, which is the server's doing; the other is when this program had
    them, which is also the machine's. Of several messages taken at once both are the last one's.
    """
    sock = socket.create_connection((host, port))
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    to_monotonic = time.monotonic() - time.time()
    asked = (Hello(1, name="bench"), Subscribe(1, "spikes", "source"))
    sock.sendall(b"".join(stream.frame(stream.encode_message(each)) for each in asked))
    come: list[tuple[bytes, list[tuple[int, int, bytes]], float]] = []
    gc.disable()
    while True:
        data, stamps, _, _ = sock.recvmsg(1 << 18, 64)
        come.append((data, stamps, time.monotonic()))
        if not data:
            break
    spikes, over, at_socket, in_hands = 0, "", [], []
    decoder = stream.StreamDecoder(stream.MAX_SERVER_BYTES)
    for data, stamps, now in come:
        for payload in decoder.feed(data):
            message = stream.decode_server_message(payload)
            if isinstance(message, Spikes):
                spikes += len(message.ids)
                if message.tick >= WARM_UP:
                    in_hands.append(now - message.received_s)
                    for _, _, stamp in stamps:
                        seconds, ns = struct.unpack("qq", stamp)
                        arrived = seconds + ns * 1e-9 + to_monotonic
                        at_socket.append(arrived - message.received_s)
            elif isinstance(message, Goodbye | End):
                over = getattr(message, "code", "end")
    answer = {"spikes": spikes, "over": over, "at_socket": at_socket, "in_hands": in_hands}
    print(json.dumps(answer))


def probe(descriptor: int) -> None:
    """Read moments from a socket; print how long each took as JSON."""
    sock = socket.socket(fileno=descriptor)
    latencies: list[float] = []
    while data := sock.recv(8 * 512):
        now = time.monotonic()
        latencies += [now - sent for (sent,) in struct.iter_unpack("d", data)]
    print(json.dumps({"latencies": latencies[WARM_UP:]}))


async def measure(clients: int, seconds: float, stuck: int) -> dict[str, Any]:
    """Serve for so long; give what was seen."""
    source = Source()
    ticks = round(seconds / TICK_S)
    answers: list[dict[str, Any]] = []
    bare: list[dict[str, Any]] = []
    source.bare, theirs = socket.socketpair()

    async def collect(words: list[str], into: list[Any], **options: Any) -> None:
        program = [sys.executable, "-P", __file__, *words]
        done = await trio.run_process(program, capture_stdout=True, **options)
        into.append(json.loads(done.stdout))

    async with trio.open_nursery() as nursery:
        limits = spinnlive.Limits(backlog_bytes=BACKLOG_BYTES)
        async with spinnlive.serve(source, host=HOST, port=0, limits=limits) as gateway:
            for _ in range(clients):
                nursery.start_soon(collect, ["--client", gateway.host, str(gateway.port)], answers)
            descriptor = theirs.fileno()
            nursery.start_soon(
                partial(collect, ["--probe", str(descriptor)], bare, pass_fds=[descriptor])
            )
            deaf = [socket.create_connection((gateway.host, gateway.port)) for _ in range(stuck)]
            for sock in deaf:
                asked = (Hello(1), Subscribe(1, "spikes", "source"))
                sock.sendall(b"".join(stream.frame(stream.encode_message(each)) for each in asked))
            while gateway.statistics().messages_in < 2 * (clients + stuck):  # noqa: ASYNC110
                await trio.sleep(0.01)
            freeze()
            begun, cpu = time.monotonic(), time.process_time()
            await source.run(ticks)
            wall, cpu = time.monotonic() - begun, time.process_time() - cpu
            seen = gateway.statistics()
        for sock in (*deaf, theirs, source.bare):
            sock.close()
    sent = source.fired * SPIKES
    return {
        "sent": sent,
        "lost": sum(sent - answer["spikes"] for answer in answers),
        "over": sorted({answer["over"] for answer in answers}),
        "cpu": cpu / wall,
        "rate": sent / wall,
        "at_socket": np.concatenate([answer["at_socket"] for answer in answers]) * 1e3,
        "in_hands": np.concatenate([answer["in_hands"] for answer in answers]) * 1e3,
        "bare": np.array(bare[0]["latencies"]) * 1e3,
        "dropped": seen.dropped,
        "peak_backlog": seen.peak_backlog,
        "source_behind_ms": source.behind_s * 1e3,
    }


def freeze() -> None:
    """Leave what is there to the collector no more, as `spinnlive.open_live` does."""
    gc.collect()
    gc.freeze()


def spread(milliseconds: np.ndarray[Any, Any]) -> str:
    """Put a distribution in words."""
    p50, p99, most = np.percentile(milliseconds, (50, 99, 100))
    return f"p50 {p50:.2f}, p99 {p99:.2f}, at most {most:.1f} ms"


def main() -> None:
    """Measure twice, or be one of the other processes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--client", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--probe", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.probe is not None:
        return probe(arguments.probe)
    if arguments.client:
        return client(arguments.client[0], int(arguments.client[1]))
    for stuck in (0, 1):
        seen = trio.run(measure, arguments.clients, arguments.seconds, stuck)
        beside = ", and one that does not read" if stuck else ""
        print(
            f"{arguments.clients} clients, {seen['rate'] / 1e3:.0f} k spikes/s to each{beside}\n"
            f"  lost {seen['lost']} spikes; dropped {seen['dropped'] or 'nobody'}; most kept for a "
            f"client {seen['peak_backlog']} bytes; server {seen['cpu']:.2f} cores\n"
            f"  later, in the client's socket:  {spread(seen['at_socket'])}\n"
            f"  later, in the client's hands:   {spread(seen['in_hands'])}\n"
            f"  a bare socket beside, in hands: {spread(seen['bare'])}\n"
            f"  (the source itself was up to {seen['source_behind_ms']:.1f} ms behind its ticks)"
        )
        late = float(np.percentile(seen["in_hands"], 99))
        for name, fine in (
            ("no loss", seen["lost"] == 0 and seen["over"] == ["closed"]),
            (f"at most {CORES:g} core", seen["cpu"] <= CORES),
            (f"p99 in the client's hands at most {LATE_MS:g} ms", late <= LATE_MS),
            ("who does not read is sent away", seen["dropped"] == ({"slow": 1} if stuck else {})),
        ):
            print(f"  {'PASS' if fine else 'MISSED'}  {name}")
    return None


if __name__ == "__main__":
    main()
