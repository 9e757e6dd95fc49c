"""What has been delivered of each population, kept so small that it can be kept for ever, and
compared with what the board recorded.

Kept are a count for each neuron, and for each population a sum over its spikes of a hash of tick
and neuron. Two sets of spikes with equal sums are equal, but for one chance in 2⁶⁴; so it is known
whether every spike came in its own tick, without keeping the spikes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinnlive.live.keys import KeyTable
from spinnlive.toolchain.values import RecordedSpikes

# odd multipliers of Steele et al.'s SplitMix64 and Weyl's sequence
_TICK, _NEURON, _MIX = (
    np.uint64(0x9E3779B97F4A7C15),
    np.uint64(0xD1342543DE82EF95),
    np.uint64(0xBF58476D1CE4E5B9),
)
_TICK_INT, _NEURON_INT, _MIX_INT = int(_TICK), int(_NEURON), int(_MIX)
_SHIFT = np.uint64(31)
_MODULUS = 1 << 64


@dataclass(frozen=True, slots=True)
class PopulationReport:
    """What became of a population's spikes.

    ``delivered`` came to the host, ``late`` of them after the watermark had passed their tick.
    ``recorded`` is what the board itself recorded over the same time, where a neuron that fired
    more than once in a tick (a Poisson source can) counts once, as it does live; ``lost`` were
    recorded and not delivered, ``extra`` delivered and not recorded (doubled on the way), neuron by
    neuron.
    ``same_ticks`` says whether every spike came in the tick in which it was recorded. These four
    are None when the population did not record its spikes: then nobody knows, and the last three
    are when it did so with a ``sampling_interval``, in some ticks only. Where only some of its
    neurons were recorded, ``lost`` and ``extra`` are of those, and ``same_ticks`` is None.
    """

    label: str
    delivered: int
    late: int
    recorded: int | None
    lost: int | None
    extra: int | None
    same_ticks: bool | None


class Delivery:
    """Keeps count of what is delivered; ``keys`` are those of the network."""

    def __init__(self, keys: KeyTable) -> None:
        self._keys = keys
        sizes = np.zeros(len(keys.labels), np.int64)
        np.maximum.at(sizes, keys.populations, keys.neurons + 1)
        self._counts: list[NDArray[np.int64]] = [np.zeros(size, np.int64) for size in sizes]
        self._few: list[dict[int, int]] = [{} for _ in sizes]
        self._sums = [0] * len(keys.labels)
        self._late = [0] * len(keys.labels)

    def note(
        self,
        population: int,
        tick: int,
        neurons: NDArray[np.int32],
        late: bool,
    ) -> None:
        """Count spikes of one population in one tick."""
        if len(neurons):
            np.add.at(self._room(population, int(neurons.max())), neurons, 1)
            self._sums[population] += fingerprint(tick, neurons)
            if late:
                self._late[population] += len(neurons)

    def note_few(self, population: int, tick: int, neurons: list[int], late: bool) -> None:
        """Do as `note`, one by one: for a few it takes less time than the operations on arrays."""
        counts = self._few[population]
        for neuron in neurons:
            counts[neuron] = counts.get(neuron, 0) + 1
        self._sums[population] += fingerprint_of_few(tick, neurons)
        if late:
            self._late[population] += len(neurons)

    def _all(self, population: int) -> NDArray[np.int64]:
        """Give the counts of a population, however they were counted."""
        few = self._few[population]
        if few:
            neurons = np.array(list(few), np.int64)
            self._room(population, int(neurons.max()))[neurons] += np.array(list(few.values()))
            few.clear()
        return self._counts[population]

    def _room(self, population: int, neuron: int) -> NDArray[np.int64]:
        """Give the counts of a population, with room for this neuron: a replay knows no keys, and so no sizes."""
        counts = self._counts[population]
        if neuron >= len(counts):
            counts = np.pad(counts, (0, neuron + 1 - len(counts)))
            self._counts[population] = counts
        return counts

    @property
    def late(self) -> int:
        """Spikes that came after the watermark had passed their tick."""
        return sum(self._late)

    def report(self, label: str, recorded: RecordedSpikes | None) -> PopulationReport:
        """Compare with what the board recorded, None if nothing."""
        number = self._keys.labels.index(label)
        counts = self._all(number)
        size = len(counts)
        total, late = int(counts.sum()), self._late[number]
        if recorded is None:
            return PopulationReport(label, total, late, None, None, None, None)
        if recorded.every_ticks > 1:
            return PopulationReport(label, total, late, len(recorded.rows), None, None, None)
        rows = np.unique(recorded.rows, axis=0)
        on_board = np.bincount(rows[:, 0], minlength=size)
        delivered = np.pad(counts, (0, len(on_board) - size))[recorded.neurons]
        on_board = on_board[recorded.neurons]
        everyone = len(np.unique(recorded.neurons)) == size
        told = fingerprint(rows[:, 1], rows[:, 0])
        return PopulationReport(
            label,
            total,
            late,
            recorded=len(rows),
            lost=int(np.maximum(on_board - delivered, 0).sum()),
            extra=int(np.maximum(delivered - on_board, 0).sum()),
            same_ticks=self._sums[number] % _MODULUS == told if everyone else None,
        )


def fingerprint(ticks: int | NDArray[np.int64], neurons: NDArray[np.integer]) -> int:
    """Give a number for a set of spikes: that of two sets together is the sum of theirs, modulo
    2⁶⁴."""
    times = np.atleast_1d(ticks).astype(np.uint64) * _TICK
    mixed = (neurons.astype(np.uint64) + np.uint64(1)) * _NEURON + times
    mixed ^= mixed >> _SHIFT
    mixed *= _MIX
    mixed ^= mixed >> _SHIFT
    return int(mixed.sum(dtype=np.uint64))


def fingerprint_of_few(tick: int, neurons: Iterable[int]) -> int:
    """Give `fingerprint` of spikes in one tick, without arrays."""
    time = tick * _TICK_INT
    total = 0
    for neuron in neurons:
        mixed = ((neuron + 1) * _NEURON_INT + time) % _MODULUS
        mixed ^= mixed >> 31
        mixed = mixed * _MIX_INT % _MODULUS
        total += mixed ^ mixed >> 31
    return total % _MODULUS
