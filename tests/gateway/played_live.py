"""A live run without a board, for a server to stand around: streams and clock are the real ones."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import trio
from numpy.typing import ArrayLike

from spinnlive.errors import (
    NeuronIdError,
    NoInjector,
    NoLiveOutput,
    UnknownPopulation,
    UnknownProjection,
)
from spinnlive.live.clock import Clock
from spinnlive.live.listing import PopulationInfo, ProjectionInfo
from spinnlive.live.spikes import SpikeBatch
from spinnlive.live.streams import Stream
from spinnlive.live.weights import WeightSnapshot

POPULATIONS = (
    PopulationInfo("touch", 5, live=False, injector=True),
    PopulationInfo("reflex", 1000, live=True, injector=False),
    PopulationInfo("écho", 3, live=True, injector=False),
)
PROJECTIONS = (ProjectionInfo("plastic", "touch", "reflex", 5, 1000),)


@dataclass(frozen=True)
class Statistics:
    packets_in: int
    spikes_in: int


class PlayedLive:
    """What `spinnlive.serve` needs of a live run. `fire` is the board's part."""

    populations = POPULATIONS
    projections = PROJECTIONS

    def __init__(self) -> None:
        self.clock = Clock(1000, 1)
        self.clock.start(None)
        self.sent: list[tuple[str, list[int]]] = []
        self.sent_something = trio.Event()
        self.tick = 0
        self.opened: list[Stream[SpikeBatch]] = []
        self._streams: dict[str, list[Stream[SpikeBatch]]] = {}
        self.weight_error: Exception | None = None

    def spikes(self, population: str, *, buffer: int = 1024) -> Stream[SpikeBatch]:
        info = self._info(population)
        if not info.live:
            raise NoLiveOutput(f"population {population!r} sends no live spikes")
        readers = self._streams.setdefault(population, [])
        stream: Stream[SpikeBatch] = Stream("drop_oldest", buffer, readers.remove)
        readers.append(stream)
        self.opened.append(stream)
        return stream

    def injector(self, population: str) -> Any:
        info = self._info(population)
        if not info.injector:
            raise NoInjector(f"population {population!r} is no SpikeInjector")
        return _Injector(self, info)

    def weights(self, projection: str, *, every: float) -> Any:
        if projection != "plastic":
            raise UnknownProjection(
                f"the network has no projection {projection!r}; it has: plastic"
            )
        return _weights(self, every)

    def statistics(self) -> Statistics:
        return Statistics(7, 70)

    def readers(self, population: str) -> int:
        return len(self._streams.get(population, ()))

    def fire(self, population: str, ids: ArrayLike) -> None:
        """Let these neurons spike in the next tick."""
        self.tick += 1
        batch = SpikeBatch(
            population, self.tick, float(self.tick), np.asarray(ids, np.int32), time.monotonic()
        )
        for stream in tuple(self._streams.get(population, ())):
            stream.put(batch)

    def end(self, error: BaseException | None = None) -> None:
        """The live run is closed."""
        for readers in self._streams.values():
            for stream in tuple(readers):
                stream.end(error)

    def _info(self, population: str) -> PopulationInfo:
        for each in POPULATIONS:
            if each.label == population:
                return each
        raise UnknownPopulation(f"the network has no population {population!r}")


class _Injector:
    def __init__(self, live: PlayedLive, info: PopulationInfo) -> None:
        self._live, self._info = live, info

    async def send(self, neuron_ids: ArrayLike) -> None:
        if not self._live.clock.running:
            await trio.sleep_forever()
        ids = np.asarray(neuron_ids)
        if ids.size and int(ids.max()) >= self._info.size:
            raise NeuronIdError(f"population {self._info.label!r} has no neuron {int(ids.max())}")
        await trio.lowlevel.checkpoint()
        self._live.sent.append((self._info.label, ids.tolist()))
        self._live.sent_something.set()
        self._live.sent_something = trio.Event()


@dataclass(frozen=True)
class Window:
    """As `spinnlive.live.windows.WindowCounts`, as far as a server looks at it."""

    tick: int
    time_ms: float
    width_ms: float
    counts: np.ndarray[Any, Any]


@dataclass(frozen=True)
class Pace:
    tick: int
    behind_ms: float
    achieved: float | None
    running: bool


class AbleLive(PlayedLive):
    """One that can do everything that the protocol knows."""

    populations = (PopulationInfo("source", 3, live=True, injector=False), *POPULATIONS)

    def __init__(self) -> None:
        super().__init__()
        self.set: list[tuple[str, list[float], list[int] | None]] = []
        self.at: list[tuple[list[int], int | None]] = []

    def window(self, population: str, ms: float) -> Stream[Window]:
        stream: Stream[Window] = Stream("drop_oldest", 10, lambda _: None)
        stream.put(Window(20, 20.0, ms, np.array([0, 3, 1])))
        return stream

    def telemetry(self, every: float) -> Stream[Pace]:
        stream: Stream[Pace] = Stream("latest", 1, lambda _: None)
        stream.put(Pace(17, 2.5, None, True))
        return stream

    def rates(self, population: str) -> Any:
        live = self

        class Rates:
            async def set(self, rates: ArrayLike, neuron_ids: ArrayLike | None = None) -> None:
                ids = None if neuron_ids is None else np.asarray(neuron_ids).tolist()
                live.set.append((population, np.asarray(rates).tolist(), ids))

        return Rates()

    def injector(self, population: str) -> Any:
        live = self

        class Timed:
            async def send(self, neuron_ids: ArrayLike, *, at: int | None = None) -> None:
                live.at.append((np.asarray(neuron_ids).tolist(), at))

        return Timed()

    async def step(self, duration_ms: float) -> None:
        await trio.lowlevel.checkpoint()
        self.clock.stop()
        self.clock.set_tick(self.tick + round(duration_ms))
        self.tick += round(duration_ms)


async def _weights(live: PlayedLive, every: float) -> Any:
    tick = 0
    while True:
        if live.weight_error is not None:
            raise live.weight_error
        yield WeightSnapshot(
            label="plastic",
            tick=tick,
            tick_after=tick + 1,
            time_ms=float(tick),
            pre=np.array([0, 4]),
            post=np.array([1, 999]),
            weights=np.array([0.5, 0.25]),
            delays_ms=np.array([1.0, 16.0]),
            unit="nA",
            shape=(5, 1000),
        )
        tick += round(every)
        await trio.sleep(every / 1000)


async def until(condition: Callable[[], bool]) -> None:
    """Let other tasks go on until something has come to be."""
    while not condition():
        await trio.lowlevel.checkpoint()
