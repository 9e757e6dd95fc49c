"""From routing keys to neurons: users see neuron ids and labels, never keys."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spinnlive.toolchain.heartbeat import is_heartbeat

DENSE = 1 << 22
"""Widest range of keys that is looked up by index instead of by search: a table of 16 MB."""


@dataclass(frozen=True, slots=True)
class KeyTable:
    """Every key of the network, sorted, with the number of its population in ``labels`` and its
    neuron id.

    The *place* of a key is its index in these arrays.
    """

    labels: tuple[str, ...]
    keys: NDArray[np.uint32]
    populations: NDArray[np.int16]
    neurons: NDArray[np.int32]
    _dense: NDArray[np.int32] | None = field(repr=False, compare=False, default=None)
    """The place of every key from the lowest to the highest, -1 for those of nobody, and one more
    -1 at the end for all others."""
    _known: dict[int, tuple[int, int]] = field(repr=False, compare=False, default_factory=dict)
    """What `owner` has found: at most every key of the network."""

    @classmethod
    def build(
        cls,
        labels: tuple[str, ...],
        keys: NDArray[np.int64],
        populations: NDArray[np.int64],
        neurons: NDArray[np.int64],
    ) -> KeyTable:
        """Sort what belongs together; the three arrays have one entry for each key."""
        order = np.argsort(keys)
        dense = None
        if len(keys) and int(keys[order[-1]] - keys[order[0]]) < DENSE:
            dense = np.full(int(keys[order[-1]] - keys[order[0]]) + 2, -1, np.int32)
            dense[keys[order] - keys[order[0]]] = np.arange(len(keys))
        return cls(
            labels,
            keys[order].astype(np.uint32),
            populations[order].astype(np.int16),
            neurons[order].astype(np.int32),
            dense,
        )

    @property
    def heartbeats(self) -> frozenset[int]:
        """The numbers of the populations that are heartbeats."""
        return frozenset(number for number, label in enumerate(self.labels) if is_heartbeat(label))

    @property
    def heartbeat_keys(self) -> frozenset[int]:
        """The keys of the heartbeats."""
        return frozenset(self.keys[self._of_heartbeats()].tolist())

    @property
    def heartbeat_spikes(self) -> int:
        """How many spikes a heartbeat has in every tick; 1 if there is none."""
        return 1 + int(self.neurons[self._of_heartbeats()].max(initial=0))

    @property
    def fillers(self) -> NDArray[np.bool_]:
        """Whether the key at each place is of a heartbeat's neuron behind the first, which only fills datagrams."""
        return self._of_heartbeats() & (self.neurons > 0)

    def _of_heartbeats(self) -> NDArray[np.bool_]:
        return np.isin(self.populations, sorted(self.heartbeats))

    def places(self, keys: NDArray[np.uint32]) -> NDArray[np.int32]:
        """Give the place of each key; -1 for a key of nobody."""
        if self._dense is not None:
            # below the lowest key it wraps round, to a large number
            offsets = keys - self.keys[0]
            place: NDArray[np.int32] = np.take(
                self._dense, np.minimum(offsets, np.uint32(len(self._dense) - 1))
            )
            return place
        if not len(self.keys):
            return np.full(len(keys), -1, np.int32)
        places = np.searchsorted(self.keys, keys).astype(np.int32)
        places[places == len(self.keys)] = 0
        places[self.keys[places] != keys] = -1
        return places

    def owner(self, key: int) -> tuple[int, int] | None:
        """Give the number of the population and the neuron id of one key; None for a key of nobody."""
        found = self._known.get(key)
        if found is None:
            place = int(self.places(np.array([key], np.uint32))[0])
            if place < 0:
                return None
            found = int(self.populations[place]), int(self.neurons[place])
            self._known[key] = found
        return found

    def of(self, label: str) -> NDArray[np.int64]:
        """Give the key of each neuron of a population, in the order of the neurons."""
        mine = self.populations == self.labels.index(label)
        order = np.argsort(self.neurons[mine])
        keys: NDArray[np.int64] = self.keys[mine][order].astype(np.int64)
        return keys
