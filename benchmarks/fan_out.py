"""Fan-out: one live run served to many clients: what is lost, what it costs, how much later it comes.

A scripted live run fires `SPIKES` spikes every millisecond. Clients, in processes of their own,
read the stream and note, for every batch, how long after the live run had it (one machine, one
monotonic clock). Beside them a bare socket between two processes carries the same moment: what it
takes is the machine's part. Then again beside a client that subscribes and never reads. `make bench`
runs it; figures are for the machine it ran on.
"""

from __future__ import annotations

import argparse
import json
import selectors
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
TICK_S = 0.001
WARM_UP = 500
"""First ticks that do not count for the latency."""


@dataclass(frozen=True)
class Statistics:
    """Of the scripted live run."""

    spikes_out: int


class Source:
    """A live run that fires; ``bare`` is a socket that is told when."""

    populations = (PopulationInfo("source", NEURONS, live=True, injector=False),)
    projections = ()

    def __init__(self) -> None:
        self.clock = Clock(1000, 1)
        self.clock.start(None)
        self.fired = 0
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
        """Fire once a tick by the wall clock; what is late is made up for at once."""
        chance = np.random.default_rng(1)
        ids = chance.integers(0, NEURONS, (64, SPIKES)).astype(np.int32)
        start = time.monotonic()
        for tick in range(ticks):
            late = time.monotonic() - (start + tick * TICK_S)
            self.behind_s = max(self.behind_s, late)
            await trio.sleep(max(0.0, -late))
            now = time.monotonic()
            batch = SpikeBatch("source", tick, float(tick), ids[tick % 64], now)
            for each in self._streams:
                each.put(batch)
            if self.bare is not None:
                self.bare.send(struct.pack("d", now))
            self.fired += 1


def client(host: str, port: int, number: int) -> None:
    """Be so many clients; read until the server says goodbye; print what came to each as JSON.

    The moment is taken right after the kernel gave the bytes; they are looked at afterwards.
    """
    asked = (Hello(1, name="bench"), Subscribe(1, "spikes", "source"))
    hello = b"".join(stream.frame(stream.encode_message(each)) for each in asked)
    selector = selectors.DefaultSelector()
    answers: list[dict[str, Any]] = []
    for _ in range(number):
        sock = socket.create_connection((host, port))
        sock.sendall(hello)
        answers.append({"spikes": 0, "latencies": [], "over": ""})
        decoder = stream.StreamDecoder(stream.MAX_SERVER_BYTES)
        selector.register(sock, selectors.EVENT_READ, (decoder, answers[-1]))
    while selector.get_map():
        come = []
        for key, _ in selector.select():
            data = key.fileobj.recv(1 << 16)  # type: ignore[union-attr]
            come.append((key, data, time.monotonic()))
        for key, data, now in come:
            decoder, answer = key.data
            for payload in decoder.feed(data):
                message = stream.decode_server_message(payload)
                if isinstance(message, Spikes):
                    answer["spikes"] += len(message.ids)
                    if message.tick >= WARM_UP:
                        answer["latencies"].append(now - message.received_s)
                elif isinstance(message, Goodbye | End):
                    answer["over"] = getattr(message, "code", "end")
            if not data or answer["over"]:
                selector.unregister(key.fileobj)
    print(json.dumps(answers))


def probe(descriptor: int) -> None:
    """Read moments from a socket; print how long each took as JSON."""
    sock = socket.socket(fileno=descriptor)
    latencies: list[float] = []
    while data := sock.recv(8 * 512):
        now = time.monotonic()
        latencies += [now - sent for (sent,) in struct.iter_unpack("d", data)]
    print(json.dumps({"latencies": latencies[WARM_UP:]}))


async def measure(clients: int, processes: int, seconds: float, stuck: int) -> dict[str, Any]:
    """Serve for so long; give what was seen."""
    source = Source()
    ticks = round(seconds / TICK_S)
    groups: list[list[dict[str, Any]]] = []
    bare: list[dict[str, Any]] = []
    source.bare, theirs = socket.socketpair()

    async def collect(words: list[str], into: list[Any], **options: Any) -> None:
        program = [sys.executable, "-P", __file__, *words]
        done = await trio.run_process(program, capture_stdout=True, **options)
        into.append(json.loads(done.stdout))

    async with trio.open_nursery() as nursery:
        async with spinnlive.serve(source, host="127.28.0.1", port=0) as gateway:
            for number in range(processes):
                share = clients // processes + (number < clients % processes)
                words = ["--client", gateway.host, str(gateway.port), str(share)]
                nursery.start_soon(collect, words, groups)
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
            begun, cpu = time.monotonic(), time.process_time()
            await source.run(ticks)
            wall, cpu = time.monotonic() - begun, time.process_time() - cpu
            seen = gateway.statistics()
        for sock in (*deaf, theirs, source.bare):
            sock.close()
    answers = [answer for group in groups for answer in group]
    machine = np.array(bare[0]["latencies"])
    latencies = np.concatenate([answer["latencies"] for answer in answers])
    sent = source.fired * SPIKES
    return {
        "clients": clients,
        "stuck": stuck,
        "sent": sent,
        "lost": [sent - answer["spikes"] for answer in answers],
        "over": sorted({answer["over"] for answer in answers}),
        "cpu": cpu / wall,
        "rate": sent / wall,
        "p50_ms": float(np.percentile(latencies, 50)) * 1e3,
        "p99_ms": float(np.percentile(latencies, 99)) * 1e3,
        "max_ms": float(latencies.max()) * 1e3,
        "bare_p50_ms": float(np.percentile(machine, 50)) * 1e3,
        "bare_p99_ms": float(np.percentile(machine, 99)) * 1e3,
        "dropped": seen.dropped,
        "peak_backlog": seen.peak_backlog,
        "source_behind_ms": source.behind_s * 1e3,
    }


def main() -> None:
    """Measure twice, or be one of the other processes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--processes", type=int, default=10, help="of the clients; default 10")
    parser.add_argument("--client", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--probe", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.probe is not None:
        return probe(arguments.probe)
    if arguments.client:
        host, *rest = arguments.client
        return client(host, *map(int, rest))
    for stuck in (0, 1):
        seen = trio.run(measure, arguments.clients, arguments.processes, arguments.seconds, stuck)
        print(
            f"{seen['clients']} clients in {arguments.processes} processes, {stuck} that does not read: "
            f"{seen['rate'] / 1e3:.0f} k spikes/s "
            f"to each, lost {sum(seen['lost'])}; server {seen['cpu']:.2f} cores; later by p50 "
            f"{seen['p50_ms']:.2f}, p99 {seen['p99_ms']:.2f}, at most {seen['max_ms']:.1f} ms "
            f"(a bare socket: p50 {seen['bare_p50_ms']:.2f}, p99 {seen['bare_p99_ms']:.2f}); "
            f"dropped {seen['dropped']}, most kept for a client {seen['peak_backlog']} bytes"
        )
    return None


if __name__ == "__main__":
    main()
