"""Several populations in one stream, in the order of their ticks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from spinnlive.live.spikes import SpikeBatch
from spinnlive.live.streams import Policy, Stream

PENDING = 1024
"""Most ticks that wait for the watermark. Past it the oldest is given as it is, so that a watermark
that stands cannot fill the memory."""


class MergedSpikes(Stream[SpikeBatch]):
    """The live spikes of several populations, tick by tick: one batch for each population that
    fired, in the order in which the populations were named.

    A tick is given when the watermark has passed it, so that nothing of it is missing; that is one
    tick later than the spikes came. What comes later still is given at once, out of order, with
    ``late`` set.
    """

    def __init__(
        self,
        labels: Sequence[str],
        policy: Policy,
        buffer: int,
        on_close: Callable[[Stream[SpikeBatch]], None],
        watermark: int,
    ) -> None:
        super().__init__(policy, buffer, on_close)
        self._order = {label: index for index, label in enumerate(labels)}
        self._pending: dict[int, list[SpikeBatch]] = {}
        self._given = watermark

    @property
    def watermark(self) -> int:
        """The tick before which every spike has been read out of this stream, unless it came late
        or was dropped."""
        return min(self._given, self._held[0].tick) if self._held else self._given

    def arrive(self, batch: SpikeBatch) -> None:
        """Take a batch as it comes from the board; for the side that fills the stream."""
        if batch.tick < self._given:
            self.put(batch)
            return
        self._pending.setdefault(batch.tick, []).append(batch)
        if len(self._pending) > PENDING:
            self._give(min(self._pending))

    def advance(self, watermark: int) -> None:
        """All spikes before this tick have been taken; for the side that fills the stream."""
        for tick in sorted(tick for tick in self._pending if tick < watermark):
            self._give(tick)
        self._given = max(self._given, watermark)

    def _give(self, tick: int) -> None:
        whole: dict[str, list[SpikeBatch]] = {}
        for batch in self._pending.pop(tick):
            whole.setdefault(batch.label, []).append(batch)
        for label in sorted(whole, key=self._order.__getitem__):
            self.put(joined(whole[label]))
        self._given = max(self._given, tick + 1)


def joined(batches: Sequence[SpikeBatch]) -> SpikeBatch:
    """Make one batch of those of one population and tick, in order of arrival."""
    first, last = batches[0], batches[-1]
    if first is last:
        return first
    neurons = np.concatenate([batch.neuron_ids for batch in batches])
    return SpikeBatch(first.label, first.tick, first.time_ms, neurons, last.received, last.late)
