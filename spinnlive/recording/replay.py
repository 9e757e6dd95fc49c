"""Have a recorded live run again, with the code that was written for the live one."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trio

from spinnlive.errors import RunStateError, UsageError
from spinnlive.live.injector import Injected
from spinnlive.live.open import one_failure
from spinnlive.live.run import LiveRun
from spinnlive.live.services import services
from spinnlive.live.stage import Stage, parts_on
from spinnlive.live.statistics import LiveStatistics
from spinnlive.live.streams import BUFFER, Policy, Stream
from spinnlive.recording.kinds import KINDS, RunFacts
from spinnlive.recording.sources import ReplaySources

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
                heartbeats=facts.heartbeats,
            ),
            player.play,
            partial(ReplaySources, player),
        )
        super().__init__(parts)
        self._player = player
        player.connect(connection, self._begin)

    @property
    def facts(self) -> RunFacts:
        """What was recorded: network, board, versions, date."""
        return self._player.facts

    def injected(
        self, population: Any, *, policy: Policy = "drop_oldest", buffer: int = BUFFER
    ) -> Stream[Injected]:
        """Give a stream of the spikes that were sent into this population then."""
        self._course.check_open()
        label = self._facts(population).label
        return self._player.open(
            "injected",
            lambda each: each if each.label == label else None,
            self._policy(policy),
            buffer,
        )

    def values(
        self, kind: str, *, policy: Policy = "drop_oldest", buffer: int = BUFFER
    ) -> Stream[Any]:
        """Give a stream of everything of one kind, as recorded; see docs/recording.md.

        Raises `UsageError` when there is no such kind.
        """
        self._course.check_open()
        if kind not in KINDS:
            raise UsageError(f"nothing is recorded as {kind!r}; there are: {', '.join(KINDS)}")
        return self._player.open(kind, lambda value: value, self._policy(policy), buffer)

    def statistics(self) -> LiveStatistics:
        """Give the counts that the live run had by now, as of its last second."""
        if self._player.statistics is None:
            raise RunStateError("the recording ended before the first counts")
        return self._player.statistics

    def _begin(self) -> None:
        self._course.planned_end = self._player.limit
        self.started()

    async def close(self) -> None:
        """End a run that is under way and every stream; see `LiveRun.close`."""
        await super().close()
        self._player.end(self.failure)

    def _policy(self, policy: Policy) -> Policy:
        """Let nothing be dropped where nothing need be."""
        return "block" if self._player.speed == 0 and policy != "latest" else policy
