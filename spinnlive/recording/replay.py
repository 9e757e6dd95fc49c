"""Have a recorded live run again, with the code that was written for the live one."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trio
from numpy.typing import ArrayLike

from spinnlive.errors import RunStateError, UnknownProjection, UsageError
from spinnlive.live.injector import Injected
from spinnlive.live.merge import MergedSpikes
from spinnlive.live.open import one_failure
from spinnlive.live.run import BUFFER, LiveRun, whole_ticks
from spinnlive.live.services import services
from spinnlive.live.spikes import SpikeStream
from spinnlive.live.stage import Stage, among, parts_on
from spinnlive.live.statistics import LiveStatistics
from spinnlive.live.streams import Policy, Stream
from spinnlive.live.weights import WeightSnapshot
from spinnlive.recording.kinds import KINDS, RunFacts

if TYPE_CHECKING:
    from spinnlive.recording.player import Player


@asynccontextmanager
async def open_recording(path: str | Path, *, speed: float = 1.0) -> AsyncIterator[Replay]:
    """Open a recording for replay; what is given is used as what `open_live` gives.

    ``speed``: 1.0 plays as fast as it was, 10.0 ten times as fast, 0 as fast as it is read. Then
    nothing is dropped, and before each entry every task does what it does about the one before, so
    the same code does the same every time; a stream that is open must be read.

    Raises `UsageError` when the file is no recording, or ``speed`` is negative.
    """
    from spinnlive.recording.player import Player  # MCAP is imported by those who replay
    from spinnlive.recording.reader import RecordingFile

    if not (math.isfinite(speed) and speed >= 0):
        raise UsageError(f"speed is {speed!r}; it is 0 (as fast as it is read) or more")
    player = Player(RecordingFile(path), float(speed))
    async with services() as background:
        live = Replay(player, background)
        with one_failure(live):
            async with trio.open_nursery() as nursery:
                await nursery.start(player.serve)
                try:
                    yield live
                finally:
                    with trio.CancelScope(shield=True):
                        await live.close()
                    nursery.cancel_scope.cancel()


class Replay(LiveRun):
    """A live run that comes from a file; made by `open_recording`.

    Streams, clock and statistics give what they gave then. `run` plays as much biological time as
    it is asked for, and returns when the recording is over; it raises the error that ended the live
    run, if it comes to that. Spikes that are injected are checked and counted, and change nothing;
    `injected` gives those that were injected then.
    """

    def __init__(self, player: Player, background: trio.Nursery) -> None:
        facts = player.facts
        parts, connection = parts_on(
            Stage(
                board=facts.board,
                populations=facts.populations,
                labels=facts.labels,
                live=frozenset(facts.live),
                timestep_us=facts.timestep_us,
                time_scale_factor=facts.time_scale_factor,
                host_time=player.now_s,
                background=background,
                projections=facts.projections,
            ),
            player.play,
        )
        super().__init__(parts)
        self._player = player
        player.connect(connection, self._begin)

    @property
    def facts(self) -> RunFacts:
        """What was recorded: network, board, versions, date."""
        return self._player.facts

    def spikes(
        self, *populations: Any, policy: Policy = "drop_oldest", buffer: int = BUFFER
    ) -> SpikeStream | MergedSpikes:
        """Give a stream of the populations' recorded spikes from now on; as `LiveRun.spikes`."""
        return super().spikes(*populations, policy=self._lossless(policy), buffer=buffer)

    def weights(
        self,
        projection: Any,
        *,
        every: float,
        pre: ArrayLike | None = None,
        post: ArrayLike | None = None,
        policy: Policy = "block",
        buffer: int = BUFFER,
    ) -> Stream[WeightSnapshot]:
        """Give a stream of the recorded snapshots of the projection's weights, no closer together
        than ``every`` (ms of biological time).

        Raises `UnknownProjection`; `UsageError` as `LiveRun.weights`.
        """
        self._check_open()
        ticks = whole_ticks("every", every, self.clock.timestep_ms)
        label = self._projection(projection)
        due = 0

        def take(snapshot: WeightSnapshot) -> WeightSnapshot | None:
            nonlocal due
            if snapshot.label != label or snapshot.tick < due:
                return None
            due = (snapshot.tick // ticks + 1) * ticks
            return among(snapshot, pre, post)

        stream = self._player.open("weights", take, self._lossless(policy), buffer)
        before = self._player.latest("weights", label)
        first = None if before is None else take(before)
        if first is not None:
            stream.put(first)  # as a live stream has its first snapshot at once
        return stream

    def injected(
        self, population: Any, *, policy: Policy = "drop_oldest", buffer: int = BUFFER
    ) -> Stream[Injected]:
        """Give a stream of the spikes that were sent into this population then."""
        self._check_open()
        label = self._facts(population).label
        return self._player.open(
            "injected",
            lambda each: each if each.label == label else None,
            self._lossless(policy),
            buffer,
        )

    def values(
        self, kind: str, *, policy: Policy = "drop_oldest", buffer: int = BUFFER
    ) -> Stream[Any]:
        """Give a stream of everything of one kind, as recorded; see docs/recording.md.

        Raises `UsageError` when there is no such kind.
        """
        self._check_open()
        if kind not in KINDS:
            raise UsageError(f"nothing is recorded as {kind!r}; there are: {', '.join(KINDS)}")
        return self._player.open(kind, lambda value: value, self._lossless(policy), buffer)

    def statistics(self) -> LiveStatistics:
        """Give the counts that the live run had by now, as of its last second."""
        if self._player.statistics is None:
            raise RunStateError("the recording ended before the first counts")
        return self._player.statistics

    def _begin(self) -> None:
        self._planned_end = self._player.limit
        self.started()

    async def close(self) -> None:
        """End a run that is under way and every stream; see `LiveRun.close`."""
        await super().close()
        self._player.end(self._failure)

    def _lossless(self, policy: Policy) -> Policy:
        return "block" if self._player.speed == 0 and policy != "latest" else policy

    def _projection(self, projection: Any) -> str:
        label = projection if isinstance(projection, str) else getattr(projection, "label", None)
        if label is None and hasattr(projection, "pre"):
            label = f"{projection.pre.label} → {projection.post.label}"
        known = [each.label for each in self.facts.projections]
        if label not in known:
            raise UnknownProjection(
                f"the recording has no projection {label or projection!r}; "
                f"it has: {', '.join(known) or 'none'}"
            )
        return str(label)
