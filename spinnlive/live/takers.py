"""Those who take the live spikes of some populations as they come: streams, windows, merges, whoever waits."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from spinnlive.live.spikes import SpikeBatch


class Taker(Protocol):
    """Whoever takes batches of some populations as they come, and is told of the watermark."""

    @property
    def full(self) -> bool:
        """Whether the socket is not to be read now."""

    async def room(self) -> None:
        """Wait until it is no longer full."""

    def arrive(self, batch: SpikeBatch) -> None:
        """Take a batch as it comes from the board."""

    def advance(self, watermark: int) -> None:
        """All spikes before this tick have been given."""

    def end(self, error: BaseException | None) -> None:
        """Nothing more will come."""


class Takers:
    """Takers in the order in which they came, each once. They are held weakly: a stream that its reader has
    forgotten takes no more part. Who comes or goes meanwhile changes nothing for a walk that is under way.

    `arrive` and `advance` walk by themselves, without the generator of the others: every spike waits for them."""

    def __init__(self) -> None:
        self._held: tuple[weakref.ref[Taker], ...] = ()

    def add(self, taker: Taker) -> None:
        """Let this one take part."""
        self.discard(taker)
        self._held += (weakref.ref(taker),)

    def discard(self, taker: Taker) -> None:
        """Let this one take no more part, nor those who are no more."""
        self._held = tuple(
            each for each in self._held if each() is not None and each() is not taker
        )

    def __iter__(self) -> Iterator[Taker]:
        for held in self._held:
            taker = held()
            if taker is not None:
                yield taker

    def arrive(self, batch: SpikeBatch) -> None:
        """Give each of them this batch."""
        for held in self._held:
            taker = held()
            if taker is not None:
                taker.arrive(batch)

    def advance(self, watermark: int) -> None:
        """Tell each of them how far all spikes have been given."""
        for held in self._held:
            taker = held()
            if taker is not None:
                taker.advance(watermark)
