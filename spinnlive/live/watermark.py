"""How far the live spikes have come: the watermark, and the heartbeats that it stands on.

A gatherer stamps every datagram with its own tick when it sends it, so its first datagram of tick t
says that it has sent everything before t. The *watermark* is the tick before which every gatherer
has sent everything. What the network on the way puts in another order can still come after: such
spikes are late, and counted.
"""

from __future__ import annotations

from collections.abc import Sequence

from spinnlive.live.loss import Beats

SLACK = 2
"""By how many ticks gatherers may differ: one without a heartbeat is taken to have sent all of tick
t when those with one are at t + SLACK."""


class Watermark:
    """``tick`` is the watermark; ``heartbeats`` says of each gatherer whether it has one, of ``spikes`` in every tick.

    A gatherer without a heartbeat sends nothing in a tick without spikes. Where others have one
    they tell how far it must be; where none has, the watermark moves when spikes come, and when the
    network stands.
    """

    def __init__(self, heartbeats: Sequence[bool], spikes: int = 1) -> None:
        self.tick = 0
        self.beats = tuple(Beats(spikes) if has else None for has in heartbeats)
        self._reached = [0] * len(heartbeats)

    @classmethod
    def of_one(cls) -> Watermark:
        """Make the watermark of a single gatherer without a heartbeat."""
        return cls([False])

    @property
    def missed_ticks(self) -> int:
        """Ticks without a heartbeat, over all gatherers."""
        return sum(beats.missed for beats in self.beats if beats is not None)

    def beat(self, gatherer: int, tick: int) -> bool:
        """The first spike of a gatherer's heartbeat has come; say whether an earlier one is missing."""
        beats = self.beats[gatherer]
        return beats is not None and beats.beat(tick)

    def count(self, gatherer: int, tick: int, spikes: int) -> bool:
        """A datagram has so many spikes of a gatherer's heartbeat; say whether one before it seems to be missing."""
        beats = self.beats[gatherer]
        return beats is not None and beats.count(tick, spikes)

    def uncounted(self, gatherer: int) -> None:
        """Datagrams of a gatherer have come whose heartbeat's spikes nobody has counted."""
        beats = self.beats[gatherer]
        if beats is not None:
            beats.uncounted()

    def packets(self, gatherer: int, tick: int) -> bool:
        """A gatherer has sent packets up to this tick; say whether the watermark moves."""
        if tick > self._reached[gatherer]:
            self._reached[gatherer] = tick
        if len(self._reached) == 1:
            return self._move(self._reached[0])
        beating = [
            reached
            for reached, beats in zip(self._reached, self.beats, strict=True)
            if beats is not None
        ]
        silent = [
            reached
            for reached, beats in zip(self._reached, self.beats, strict=True)
            if beats is None
        ]
        if not beating:
            return self._move(min(silent))
        told = min(beating)
        return self._move(min([told, *(max(each, told - SLACK) for each in silent)]))

    def stand(self, tick: int, *, whole: bool) -> bool:
        """The network stands at this tick and everything has come; say whether the watermark
        moves.

        ``whole``: it stopped by itself, so every core came to this very tick, and the gatherers
        went on for one tick more. Stopped from outside, cores stop one after the other; what a
        gatherer still holds then comes when the network goes on, so the watermark stays.
        """
        for beats in self.beats:
            if beats is not None:
                beats.end(tick, whole=whole)
        if not whole:
            return False
        self._reached = [max(reached, tick) for reached in self._reached]
        return self._move(tick)

    def _move(self, tick: int) -> bool:
        if tick <= self.tick:
            return False
        self.tick = tick
        return True
