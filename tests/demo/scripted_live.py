"""A live run played by a script: ticks pass on trio's clock, the motors answer by a rule, no board.

The motors are ideal: each sensor spike adds its steering strength to a sum, and every tenth of it
makes one spike of the right motor, or of the left one below zero.
"""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import trio
from numpy.typing import ArrayLike, NDArray

from spinnlive.demo.network import DemoNetwork, NetworkSpec


@dataclass(frozen=True)
class Batch:
    tick: int
    neuron_ids: NDArray[np.int64]
    received: float


class Stream:
    def __init__(self, latest: bool) -> None:
        self._send, self._receive = trio.open_memory_channel[Batch](math.inf)
        self._latest = latest

    def put(self, batch: Batch) -> None:
        if self._latest:
            with suppress(trio.WouldBlock):
                self._receive.receive_nowait()
        self._send.send_nowait(batch)

    def __aiter__(self) -> AsyncIterator[Batch]:
        return self._receive.__aiter__()

    async def __aenter__(self) -> Stream:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._send.close()


class ScriptedLive:
    """``stall(tick)`` says for how many ticks the host hears nothing after that tick."""

    def __init__(self, spec: NetworkSpec, stall: Callable[[int], int] = lambda _: 0) -> None:
        self.spec = spec
        self.tick = 0
        self.runs: list[float] = []
        self.sent: dict[str, list[int]] = {"sensors": [], "ping": []}
        self.clock = SimpleNamespace(tick=0)
        self._stall = stall
        self._drive = 0.0
        self._streams: dict[str, list[Stream]] = {}
        self._fresh: dict[str, list[int]] = {"sensors": [], "ping": []}

    def spikes(self, population: Any, *, policy: str = "drop_oldest", buffer: int = 0) -> Stream:
        stream = Stream(policy == "latest")
        self._streams.setdefault(population.label, []).append(stream)
        return stream

    def injector(self, population: Any) -> Any:
        label = population.label

        async def send(ids: ArrayLike) -> None:
            await trio.lowlevel.checkpoint()
            self.sent[label] += np.asarray(ids).tolist()
            self._fresh[label] += np.asarray(ids).tolist()

        return SimpleNamespace(send=send)

    async def weights(self, projection: Any, *, every: float) -> AsyncIterator[Any]:
        shape = (self.spec.bank.size, self.spec.motor_neurons)
        while True:
            tick = self.tick
            matrix = np.full(shape, 0.02 + 1e-6 * tick)
            yield SimpleNamespace(tick=tick, matrix=lambda m=matrix: m)
            await trio.sleep(every / 1000)

    async def run(self, duration_ms: float) -> None:
        self.runs.append(duration_ms)
        quiet_until = 0
        pending: list[tuple[str, Batch]] = []
        for _ in range(round(duration_ms)):
            await trio.sleep(0.001)
            pending += self._one_tick()
            quiet_until = max(quiet_until, self.tick + self._stall(self.tick))
            self.tick += 1
            if self.tick >= quiet_until:
                for label, batch in pending:
                    for stream in self._streams[label]:
                        stream.put(batch)
                pending = []
        for label, batch in pending:
            for stream in self._streams[label]:
                stream.put(batch)
        self.clock.tick = self.tick

    def _one_tick(self) -> list[tuple[str, Batch]]:
        felt, self._fresh["sensors"] = self._fresh["sensors"], []
        self._drive += float(self.spec.steering()[felt].sum()) if felt else 0.0
        fired = int(10 * self._drive)
        self._drive -= fired / 10
        spikes = {
            "left": max(-fired, 0),
            "right": max(fired, 0),
            "echo": len(self._fresh["ping"]),
            "metronome": 1,
        }
        self._fresh["ping"] = []
        now = time.monotonic()
        return [
            (label, Batch(self.tick, np.arange(count) % self.spec.motor_neurons, now))
            for label, count in spikes.items()
            if count
        ]


def scripted_network(spec: NetworkSpec) -> DemoNetwork:
    def named(label: str) -> Any:
        return SimpleNamespace(label=label)

    return DemoNetwork(
        spec,
        sensors=named("sensors"),
        ping=named("ping"),
        motors=(named("left"), named("right")),
        plastic=(named("plastic left"), named("plastic right")),
        echo=named("echo"),
        metronome=named("metronome"),
    )
