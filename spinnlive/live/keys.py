"""From routing keys to neurons: users see neuron ids and labels, never keys."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class KeyTable:
    """Every key of the network, sorted, with the number of its population in ``labels`` and its
    neuron id."""

    labels: tuple[str, ...]
    keys: NDArray[np.uint32]
    populations: NDArray[np.int16]
    neurons: NDArray[np.int32]

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
        return cls(
            labels,
            keys[order].astype(np.uint32),
            populations[order].astype(np.int16),
            neurons[order].astype(np.int32),
        )

    def locate(self, keys: NDArray[np.uint32]) -> tuple[NDArray[np.int16], NDArray[np.int32], int]:
        """Give population number and neuron id for each known key, in order, and how many keys were
        unknown."""
        if not len(self.keys):
            return self.populations[:0], self.neurons[:0], len(keys)
        places = np.searchsorted(self.keys, keys)
        places[places == len(self.keys)] = 0
        known = self.keys[places] == keys
        unknown = len(keys) - int(np.count_nonzero(known))
        if unknown:
            places = places[known]
        return self.populations[places], self.neurons[places], unknown

    def of(self, label: str) -> NDArray[np.int64]:
        """Give the key of each neuron of a population, in the order of the neurons."""
        mine = self.populations == self.labels.index(label)
        order = np.argsort(self.neurons[mine])
        keys: NDArray[np.int64] = self.keys[mine][order].astype(np.int64)
        return keys
