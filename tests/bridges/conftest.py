"""A live run with one population each way, as far as the bridges need it."""

from __future__ import annotations

import numpy as np
import pytest
import trio

from spinnlive import NeuronIdError, SpikeBatch
from spinnlive.live.streams import Stream


class OneInjector:
    """Keeps what is sent; ids outside 0 .. 9 are refused as the real one refuses them."""

    label, size = "in", 10

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.came = trio.Event()

    async def send(self, neuron_ids: np.ndarray) -> None:
        if len(neuron_ids) and not (min(neuron_ids) >= 0 and max(neuron_ids) < self.size):
            raise NeuronIdError("an id is none of the population's")
        self.sent += [int(each) for each in neuron_ids]
        self.came.set()
        self.came = trio.Event()

    async def until(self, count: int) -> None:
        """Return when so many spikes have been sent."""
        while len(self.sent) < count:
            await self.came.wait()


class SmallLive:
    """The populations ``out`` (live output) and ``in`` (a SpikeInjector)."""

    def __init__(self) -> None:
        self.injected = OneInjector()
        self.streams: list[Stream[SpikeBatch]] = []

    def spikes(self, population: str, *, buffer: int) -> Stream[SpikeBatch]:
        assert population == "out"
        stream: Stream[SpikeBatch] = Stream("drop_oldest", buffer, self.streams.remove)
        self.streams.append(stream)
        return stream

    def injector(self, population: str) -> OneInjector:
        assert population == "in"
        return self.injected

    def fire(self, tick: int, ids: list[int], received: float) -> None:
        """Let the board send a batch."""
        for stream in self.streams:
            stream.put(SpikeBatch("out", tick, float(tick), np.array(ids, np.int32), received))


@pytest.fixture
def live() -> SmallLive:
    return SmallLive()
