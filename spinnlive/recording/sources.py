"""What a replay tells of the inside of its network: what was recorded of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import trio
from numpy.typing import ArrayLike

from spinnlive.errors import RunStateError, UnknownProjection, UsageError
from spinnlive.live.pace import Pace
from spinnlive.live.recorded import RecordedBlock
from spinnlive.live.sources import Basis, Sources
from spinnlive.live.stage import among
from spinnlive.live.streams import Policy, Stream
from spinnlive.live.weights import WeightSnapshot

if TYPE_CHECKING:
    from spinnlive.recording.player import Player

T = TypeVar("T")

JITTER = 0.1
"""By which part of their distance readings of the pace may have come early or late."""


class ReplaySources(Sources):
    """Gives what ``player`` plays."""

    def __init__(self, player: Player, basis: Basis) -> None:
        super().__init__(basis)
        self._player = player

    def weight_reader(
        self, projection: Any, pre: ArrayLike | None, post: ArrayLike | None
    ) -> _Reader:
        """Give what says the weights as they were read last."""
        return _Reader(self._player, self._label(projection), pre, post)

    def weights(
        self,
        projection: Any,
        every: int,
        pre: ArrayLike | None,
        post: ArrayLike | None,
        policy: Policy,
        buffer: int,
    ) -> Stream[WeightSnapshot]:
        """Give the snapshots that were read then, no closer together than ``every``."""
        label = self._label(projection)
        due = 0

        def take(snapshot: WeightSnapshot) -> WeightSnapshot | None:
            nonlocal due
            if snapshot.label != label or snapshot.tick < due:
                return None
            due = (snapshot.tick // every + 1) * every
            return among(snapshot, pre, post)

        return self._open("weights", take, policy, buffer, self._player.latest("weights", label))

    async def set_weights(
        self, projection: Any, weights: ArrayLike, pre: ArrayLike | None, post: ArrayLike | None
    ) -> str:
        """What happened then stays as it was."""
        raise UsageError("the weights of a replay are those of its recording: they cannot be set")

    def recorded(
        self, label: str, variable: str, every: int, policy: Policy, buffer: int
    ) -> Stream[RecordedBlock]:
        """Give the samples that were read then."""

        def take(block: RecordedBlock) -> RecordedBlock | None:
            return block if (block.label, block.variable) == (label, variable) else None

        return self._open("recorded", take, policy, buffer)

    def telemetry(self, every_s: float, policy: Policy, buffer: int) -> Stream[Pace]:
        """Give the readings that were made then, no closer together than ``every_s`` but for their jitter."""
        due = -1.0

        def take(pace: Pace) -> Pace | None:
            nonlocal due
            if pace.host_s < due:
                return None
            due = pace.host_s + every_s * (1 - JITTER)
            return pace

        return self._open("telemetry", take, policy, buffer)

    def _open(
        self,
        kind: str,
        take: Callable[[T], T | None],
        policy: Policy,
        buffer: int,
        before: T | None = None,
    ) -> Stream[T]:
        """Give a stream; it begins with what was played before, as a live one has its first at
        once."""
        stream = self._player.open(kind, take, policy, buffer)
        first = None if before is None else take(before)
        if first is not None:
            stream.put(first)
        return stream

    def _label(self, projection: Any) -> str:
        label = projection if isinstance(projection, str) else getattr(projection, "label", None)
        if label is None and hasattr(projection, "pre"):
            label = f"{projection.pre.label} → {projection.post.label}"
        known = [each.label for each in self._player.facts.projections]
        if label not in known:
            raise UnknownProjection(
                f"the recording has no projection {label or projection!r}; "
                f"it has: {', '.join(known) or 'none'}"
            )
        return str(label)


class _Reader:
    """Says the weights of one projection as they were read last."""

    def __init__(
        self, player: Player, label: str, pre: ArrayLike | None, post: ArrayLike | None
    ) -> None:
        self._player = player
        self._label = label
        self._pre, self._post = pre, post

    async def read(self) -> WeightSnapshot:
        """Give the latest snapshot. Raises `RunStateError` while there is none."""
        await trio.lowlevel.checkpoint()
        latest = self._player.latest("weights", self._label)
        if latest is None:
            raise RunStateError(f"the weights of {self._label} had not been read by then")
        return among(latest, self._pre, self._post)
