"""Live spikes on their way from the socket to their readers: socket → numpy → user, no object per
spike."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinnlive import wire
from spinnlive.live.keys import KeyTable
from spinnlive.live.streams import Policy, Stream
from spinnlive.live.tap import Tap


@dataclass(frozen=True, slots=True)
class SpikeBatch:
    """Spikes of one population in one tick.

    ``tick`` is the board's, ``time_ms`` the same in biological time; ``neuron_ids`` are in order of
    arrival. ``received`` is when the host read them, in seconds of ``time.monotonic()``. The spikes
    of one tick can come in more than one batch. A neuron that fires twice in a tick gives one id.
    """

    label: str
    tick: int
    time_ms: float
    neuron_ids: NDArray[np.int32]
    received: float


@dataclass(frozen=True, slots=True)
class LiveSpikes:
    """Spikes that were read together, of all populations, for the tap.

    Spike i is of tick ``ticks[i]`` (in order of arrival) and of neuron ``neurons[i]`` of the
    population that is number ``populations[i]`` in `KeyTable.labels`. ``received`` as in
    `SpikeBatch`.
    """

    received: float
    ticks: NDArray[np.int64]
    populations: NDArray[np.int16]
    neurons: NDArray[np.int32]


class SpikeRouter:
    """Turns packets into batches and gives each to every stream of its population."""

    def __init__(self, keys: KeyTable, timestep_ms: float, tap: Tap | None = None) -> None:
        self._keys = keys
        self._timestep_ms = timestep_ms
        self._tap = tap or Tap()
        # weakly: a stream that its reader has forgotten takes no more part
        self._streams: dict[int, weakref.WeakSet[Stream[SpikeBatch]]] = {}
        self.spikes = 0
        self.unknown_keys = 0
        self.untimed = 0

    def open(self, label: str, policy: Policy, buffer: int) -> Stream[SpikeBatch]:
        """Make a stream of this population, which the key table must know."""
        readers = self._streams.setdefault(self._keys.labels.index(label), weakref.WeakSet())
        stream: Stream[SpikeBatch] = Stream(policy, buffer, readers.discard)
        readers.add(stream)
        return stream

    def deliver(self, packets: Sequence[wire.EventPacket], received: float) -> None:
        """Sort the spikes of packets that were read together, in order, to their streams.

        Packets without a tick are counted and dropped: the gatherer of a live run stamps every one.
        """
        timed = [packet for packet in packets if packet.tick is not None]
        self.untimed += len(packets) - len(timed)
        for group in _by_tick(timed):
            tick = group[0].tick
            assert tick is not None
            keys = group[0].keys if len(group) == 1 else np.concatenate([p.keys for p in group])
            populations, neurons, unknown = self._keys.locate(keys)
            self.unknown_keys += unknown
            ticks = np.full(len(neurons), tick, np.int64)
            spikes = LiveSpikes(received, ticks, populations, neurons)
            self._tap.put("spikes", spikes)
            self.distribute(spikes)

    def distribute(self, spikes: LiveSpikes) -> None:
        """Give spikes to the streams of their populations, a batch for each tick."""
        self.spikes += len(spikes.neurons)
        borders = np.flatnonzero(np.diff(spikes.ticks)) + 1
        for begin, end in itertools.pairwise([0, *borders.tolist(), len(spikes.ticks)]):
            if begin < end:
                self._one_tick(spikes, begin, end)

    def _one_tick(self, spikes: LiveSpikes, begin: int, end: int) -> None:
        tick = int(spikes.ticks[begin])
        for number, readers in self._streams.items():
            if not readers:
                continue
            ids = spikes.neurons[begin:end][spikes.populations[begin:end] == number]
            if not len(ids):
                continue
            label, time_ms = self._keys.labels[number], tick * self._timestep_ms
            batch = SpikeBatch(label, tick, time_ms, ids, spikes.received)
            for stream in tuple(readers):
                stream.put(batch)

    async def room(self) -> None:
        """Wait until every stream that blocks has room."""
        for readers in self._streams.values():
            for stream in tuple(readers):
                await stream.room()

    def end(self, error: BaseException | None) -> None:
        """End every stream."""
        for readers in self._streams.values():
            for stream in tuple(readers):
                stream.end(error)


def _by_tick(packets: Sequence[wire.EventPacket]) -> list[list[wire.EventPacket]]:
    """Group neighbours of the same tick."""
    groups: list[list[wire.EventPacket]] = []
    for packet in packets:
        if groups and groups[-1][0].tick == packet.tick:
            groups[-1].append(packet)
        else:
            groups.append([packet])
    return groups
