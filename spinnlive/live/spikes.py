"""Live spikes on their way from the socket to their readers: socket → numpy → user, no object per
spike."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinnlive import wire
from spinnlive.live.delivery import Delivery
from spinnlive.live.handed import Handed, Heard
from spinnlive.live.keys import KeyTable
from spinnlive.live.streams import Policy, Stream
from spinnlive.live.takers import Taker, Takers
from spinnlive.live.tap import Tap
from spinnlive.live.watermark import Watermark

AHEAD = 60_000
"""How far past the clock's tick a packet's tick may be before it is nonsense (ticks): the clock may
have heard nothing for a minute, but a forged tick must not move the watermark for good."""

FEW = 32
"""So many spikes are looked at one by one (a read of one tick, most often): it takes less time than
the dozen array operations that sort any number."""

BEFORE_FIRST = 0xFFFFFFFF
"""A gatherer's tick until its own first one: a core whose first tick came before has sent it spikes
of tick 0."""


@dataclass(frozen=True, slots=True)
class SpikeBatch:
    """Spikes of one population in one tick.

    ``tick`` is the board's, ``time_ms`` the same in biological time; ``neuron_ids`` are in order of
    arrival. ``received`` is when the host read them, in seconds of ``time.monotonic()``. The spikes
    of one tick can come in more than one batch. A neuron that fires twice in a tick gives one id.
    ``late``: the watermark had passed this tick before they came.
    """

    label: str
    tick: int
    time_ms: float
    neuron_ids: NDArray[np.int32]
    received: float
    late: bool = False


@dataclass(frozen=True, slots=True)
class LiveSpikes:
    """Spikes that were read together, of all populations, for the tap.

    Spike i is of tick ``ticks[i]`` (in order of arrival) and of neuron ``neurons[i]`` of the
    population that is number ``populations[i]`` in `KeyTable.labels`. ``received`` as in
    `SpikeBatch`. They came from the gatherer of this number.
    """

    received: float
    ticks: NDArray[np.int64]
    populations: NDArray[np.int16]
    neurons: NDArray[np.int32]
    gatherer: int = 0


class SpikeStream(Stream[SpikeBatch]):
    """The live spikes of a population as they arrive; see `Stream`."""

    _told = 0

    def arrive(self, batch: SpikeBatch) -> None:
        """Take a batch as it comes from the board; for the side that fills the stream."""
        self.put(batch)

    def advance(self, watermark: int) -> None:
        """All spikes before this tick are in the stream; for the side that fills it."""
        self._told = watermark

    @property
    def watermark(self) -> int:
        """The tick before which every spike has been read out of this stream, unless it came late
        or was dropped."""
        return min(self._told, self._held[0].tick) if self._held else self._told


class SpikeRouter:
    """Turns packets into batches and gives each to every taker of its population.

    Counts, over all: ``spikes``, ``unknown_keys``, packets ``from_the_future``.
    """

    def __init__(
        self,
        keys: KeyTable,
        timestep_ms: float,
        tap: Tap | None = None,
        watermark: Watermark | None = None,
    ) -> None:
        self._keys = keys
        self._timestep_ms = timestep_ms
        self._tap = tap or Tap()
        self._takers: dict[int, Takers] = {}
        self._everybody = Takers()
        self._heartbeats = keys.heartbeats
        self._heartbeat_keys = keys.heartbeat_keys
        self._fillers = keys.fillers
        # every id at its own place, for `_array`
        self._ids = np.arange(1 + int(keys.neurons.max(initial=-1)), dtype=np.int32)
        self._filled = bool(self._fillers.any())
        self._beat_keys = self._heartbeat_keys.difference(keys.keys[self._fillers].tolist())
        self.watermark = watermark or Watermark.of_one()
        self.delivery = Delivery(keys)
        self.spikes = 0
        self.unknown_keys = 0
        self.from_the_future = 0

    def open(self, label: str, policy: Policy, buffer: int) -> SpikeStream:
        """Make a stream of this population, which the key table must know."""
        stream = SpikeStream(policy, buffer, self.remove)
        stream.advance(self.watermark.tick)
        self.add([label], stream)
        return stream

    def add(self, labels: Iterable[str], taker: Taker) -> None:
        """Give everything of these populations to ``taker`` as well; held weakly."""
        for label in labels:
            number = self._keys.labels.index(label)
            self._takers.setdefault(number, Takers()).add(taker)
        self._everybody.add(taker)

    def remove(self, taker: Any) -> None:
        """Give nothing more to ``taker``."""
        for takers in (*self._takers.values(), self._everybody):
            takers.discard(taker)

    def deliver(
        self,
        events: wire.BulkEvents,
        received: float,
        gatherer: int = 0,
        now: float = float("inf"),
    ) -> bool:
        """Sort the spikes of packets that were read together, in order, to their takers.

        They came from the gatherer of this number; ``now`` is the clock's tick. Returns whether a
        heartbeat is missing among them.
        """
        self.watermark.uncounted(gatherer)
        return self._deliver(events, received, gatherer, now)

    def _deliver(self, events: wire.BulkEvents, received: float, gatherer: int, now: float) -> bool:
        if _latest(events.ticks) > now + AHEAD:
            events = self._plausible(events, now + AHEAD)
        ticks = np.repeat(events.ticks, events.counts)
        places = self._keys.places(events.keys)
        known = places >= 0
        if not known.all():
            unknown = len(known) - int(np.count_nonzero(known))
            self.unknown_keys += unknown
            ticks, places = ticks[known], places[known]
        if self._filled:
            wanted = ~self._fillers[places]
            ticks, places = ticks[wanted], places[wanted]
        spikes = LiveSpikes(
            received, ticks, self._keys.populations[places], self._keys.neurons[places], gatherer
        )
        if len(ticks):
            self._tap.put("spikes", spikes)
        gap = self._sort(spikes) if len(ticks) else False
        if len(events.ticks):
            self._advance(self.watermark.packets(gatherer, _latest(events.ticks)))
        return gap

    def deliver_one(
        self,
        tick: int,
        keys: Sequence[int],
        received: float,
        gatherer: int = 0,
        now: float = float("inf"),
    ) -> Handed:
        """Do as `deliver` with one packet that came alone: when a tick has few spikes, arrays would
        take most of the time between the socket and the reader. It remains to be counted."""
        others = [key for key in keys if key not in self._heartbeat_keys]
        beats = len(keys) - len(others)
        if tick > now + AHEAD or len(others) > FEW or self._tap.active:
            gap = tick <= now + AHEAD and beats > 0 and self.watermark.count(gatherer, tick, beats)
            events = wire.BulkEvents(
                np.array([tick]), np.array([len(keys)]), np.array(keys, np.uint32), 0, 0
            )
            heard = Heard(self._deliver(events, received, gatherer, now) or gap, beats > 0)
            return Handed(bool(others), lambda: heard)
        groups: dict[int, list[int]] = {}
        for key in others:
            owner = self._keys.owner(key)
            if owner is None:
                self.unknown_keys += 1
            else:
                groups.setdefault(owner[0], []).append(owner[1])
        late = tick < self.watermark.tick
        for number, few in sorted(groups.items()):
            self._hand_out(number, tick, self._array(few), received, late)
        self._advance(self.watermark.packets(gatherer, tick))
        return Handed(
            bool(groups), partial(self._count_one, gatherer, tick, keys, beats, groups, late)
        )

    def _count_one(
        self,
        gatherer: int,
        tick: int,
        keys: Sequence[int],
        beats: int,
        groups: dict[int, list[int]],
        late: bool,
    ) -> Heard:
        """Count what `deliver_one` has given."""
        gap = beats > 0 and self.watermark.count(gatherer, tick, beats)
        if beats and not self._beat_keys.isdisjoint(keys):
            gap |= self.watermark.beat(gatherer, tick)
        for number, few in groups.items():
            self.delivery.note_few(number, tick, few, late)
        return Heard(gap, beats > 0)

    def _array(self, ids: list[int]) -> NDArray[np.int32]:
        """Give the ids of a few spikes as an array of its own, by the shortest way: of a list numpy would find out
        first what is in it."""
        if len(ids) == 1:
            return self._ids[ids[0] : ids[0] + 1].copy()
        return np.frombuffer(array("i", ids), np.int32)

    def distribute(self, spikes: LiveSpikes) -> bool:
        """Give spikes to the takers of their populations, a batch for each tick, and move the
        watermark. Returns whether a heartbeat is missing among them."""
        gap = False
        if len(spikes.ticks):
            gap = self._sort(spikes)
            self._advance(self.watermark.packets(spikes.gatherer, _latest(spikes.ticks)))
        return gap

    def stand(self, tick: int, *, whole: bool) -> None:
        """The network stands at this tick, and all that it sent has come; ``whole`` as in
        `Watermark.stand`."""
        self._advance(self.watermark.stand(tick, whole=whole))

    @property
    def full(self) -> bool:
        """Whether a taker with policy ``block`` is full."""
        return any(taker.full for taker in self._everybody)

    async def room(self) -> None:
        """Wait while a taker with policy ``block`` is full."""
        for taker in self._everybody:
            if taker.full:
                await taker.room()

    def end(self, error: BaseException | None) -> None:
        """End everything that takes part."""
        for taker in self._everybody:
            taker.end(error)

    def _sort(self, spikes: LiveSpikes) -> bool:
        """Split by tick and population, in one stable sort; number by number it would cost more,
        unless they are few."""
        if len(spikes.ticks) <= FEW:
            return self._sort_few(spikes)
        width = len(self._keys.labels)
        starts = np.flatnonzero(np.diff(spikes.ticks, prepend=-1))  # where another tick begins
        run = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(spikes.ticks)))
        code = run * width + spikes.populations
        if len(starts) * width < 1 << 16:
            code = code.astype(np.uint16)  # for which numpy sorts in linear time
        order = np.argsort(code, kind="stable")
        code, neurons = code[order], spikes.neurons[order]
        begins = np.flatnonzero(np.diff(code, prepend=np.array(code[0] ^ 1, code.dtype)))
        ends = [*begins[1:].tolist(), len(code)]
        ticks = spikes.ticks[starts].tolist()
        gap = False
        for group, begin, end in zip(code[begins].tolist(), begins.tolist(), ends, strict=True):
            place, number = divmod(group, width)
            gap |= self._give(
                number, ticks[place], neurons[begin:end], spikes.received, spikes.gatherer
            )
        return gap

    def _sort_few(self, spikes: LiveSpikes) -> bool:
        """Do as `_sort`: an array operation costs as much as looking at some spikes one by one."""
        groups: dict[tuple[int, int], list[int]] = {}
        run, before = 0, -1
        ticks = spikes.ticks.tolist()
        for place, (tick, number) in enumerate(
            zip(ticks, spikes.populations.tolist(), strict=True)
        ):
            run += tick != before
            before = tick
            groups.setdefault((run, number), []).append(place)
        gap = False
        for (_, number), chosen in sorted(groups.items()):
            tick, whole = ticks[chosen[0]], len(chosen) == len(ticks)
            neurons = spikes.neurons if whole else spikes.neurons[chosen]
            gap |= self._give(number, tick, neurons, spikes.received, spikes.gatherer)
        return gap

    def _give(
        self,
        number: int,
        tick: int,
        neurons: NDArray[np.int32],
        received: float,
        gatherer: int,
    ) -> bool:
        """Count and hand out one population's spikes of one tick; say whether it is a heartbeat
        before which one is missing."""
        if number in self._heartbeats:
            return self.watermark.beat(gatherer, tick)
        late = tick < self.watermark.tick
        self.delivery.note(number, tick, neurons, late)
        self._hand_out(number, tick, neurons, received, late)
        return False

    def _hand_out(
        self, number: int, tick: int, neurons: NDArray[np.int32], received: float, late: bool
    ) -> None:
        """Give one population's spikes of one tick to its takers."""
        self.spikes += len(neurons)
        takers = self._takers.get(number)
        if takers is not None:
            batch = SpikeBatch(
                self._keys.labels[number],
                tick,
                tick * self._timestep_ms,
                neurons,
                received,
                late,
            )
            takers.arrive(batch)

    def _advance(self, moved: bool) -> None:
        if moved:
            self._everybody.advance(self.watermark.tick)

    def _plausible(self, events: wire.BulkEvents, limit: float) -> wire.BulkEvents:
        ticks = np.where(events.ticks == BEFORE_FIRST, 0, events.ticks)
        fine = ticks <= limit
        self.from_the_future += len(fine) - int(np.count_nonzero(fine))
        keys = events.keys[np.repeat(fine, events.counts)]
        return wire.BulkEvents(ticks[fine], events.counts[fine], keys, 0, 0)


def _latest(ticks: NDArray[np.int64]) -> int:
    """Give the greatest of at least one tick."""
    return int(ticks[0]) if len(ticks) == 1 else int(ticks.max())
