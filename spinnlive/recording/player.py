"""Plays the entries of a recording, each at its time, and gives them to whoever reads."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import trio
from trio.testing import wait_all_tasks_blocked

from spinnlive import errors
from spinnlive.live.clock import ClockEvent
from spinnlive.live.spikes import LiveSpikes
from spinnlive.live.stage import StageConnection
from spinnlive.live.statistics import LiveStatistics
from spinnlive.live.streams import Policy, Stream
from spinnlive.recording.kinds import Ending, RunFacts
from spinnlive.recording.reader import Entry, RecordingFile


class Player:
    """Plays one recording, once, from its beginning to its end.

    ``speed``: 1.0 as it happened, 2.0 twice as fast; 0.0 as fast as it is read: each entry waits
    until all tasks have done what they do about the one before. Its time (`now_s`) is the host's
    time of the recording. It passes only inside a run: pauses of the recording take none.
    """

    def __init__(self, file: RecordingFile, speed: float) -> None:
        self.speed = speed
        self.statistics: LiveStatistics | None = None
        self._file = file
        self._readers: weakref.WeakKeyDictionary[Stream[Any], tuple[str, Callable[[Any], Any]]] = (
            weakref.WeakKeyDictionary()
        )
        self._latest: dict[str, dict[str, Any]] = {}
        self._anchor = (file.facts.started_s, 0.0)
        self._inside = False  # a run of the recording
        self._playing = False
        self._wanted: trio.Event | None = None
        self._limit: int | None = None
        self._changed = trio.lowlevel.ParkingLot()
        self._over = False
        self._failure: errors.SpinnliveError | None = None
        self._on_start: Callable[[], None] = lambda: None

    def connect(self, connection: StageConnection, on_start: Callable[[], None]) -> None:
        """Play into this connection, and call ``on_start`` when the network begins to run."""
        self._connection = connection
        self._clock = connection.clock
        self._on_start = on_start

    @property
    def facts(self) -> RunFacts:
        """What the recording is of."""
        return self._file.facts

    @property
    def limit(self) -> int | None:
        """The tick at which the run that is wanted ends."""
        return self._limit

    def now_s(self) -> float:
        """Give the time that is being played, in seconds of the recording host's monotonic
        clock."""
        recorded, wall = self._anchor
        if not self._playing or self.speed == 0:
            return recorded
        return recorded + (trio.current_time() - wall) * self.speed

    def open(
        self, kind: str, take: Callable[[Any], Any], policy: Policy, buffer: int
    ) -> Stream[Any]:
        """Give a stream of what ``take`` makes of each value of a kind; None is left out."""
        stream: Stream[Any] = Stream(policy, buffer, self._forget)
        if self._over:
            stream.end()
        self._readers[stream] = (kind, take)
        return stream

    def latest(self, kind: str, label: str) -> Any:
        """Give the last value of a kind with this label that was played, or None."""
        return self._latest.get(kind, {}).get(label)

    async def play(self, ticks: int | None) -> None:
        """Play so many ticks, or all that is left.

        Raises the error that the live run ended with when it comes to that.
        """
        if self._over:
            if self._failure is not None:
                raise self._failure
            await trio.lowlevel.checkpoint()
            return
        self._limit = None if ticks is None else self._clock.tick + ticks
        done = self._wanted = trio.Event()
        self._changed.unpark_all()
        try:
            await done.wait()
        finally:
            self._pause()
        if self._over and self._failure is not None:
            raise self._failure

    async def serve(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Play whenever that is wanted, until the recording is over. Started when everything from
        before the first run has been played."""
        entries = self._file.entries()
        try:
            await self._serve(entries, task_status)
        finally:
            entries.close()  # type: ignore[attr-defined]

    async def _serve(self, entries: Iterator[Entry], ready: trio.TaskStatus[None]) -> None:
        told = False
        for entry in entries:
            starts = entry.kind == "state" and entry.value.what == "started"
            if self._beyond_limit(entry):
                self._finish()
            if starts or self._inside:
                self._inside = True
                if not told:
                    told = True
                    ready.started()
                await self._until_wanted(entry.host_s)
            if self._playing:
                await self._advance(entry.host_s)
            else:
                self._anchor = (entry.host_s, trio.current_time())
            await self._deliver(entry)
        if not told:
            ready.started()
        self._over = True
        self._connection.router.end(self._failure)
        self.end(self._failure)
        self._finish()

    def end(self, error: BaseException | None) -> None:
        """End every stream that was opened here."""
        for stream in tuple(self._readers):
            stream.end(error)

    async def _until_wanted(self, host_s: float) -> None:
        """Wait until a run is wanted; the network then starts, or goes on, at this time."""
        while self._wanted is None:
            await self._changed.park()
        if not self._playing:
            self._anchor = (max(host_s, self._anchor[0]), trio.current_time())
            self._playing = True
            self._on_start()

    def _beyond_limit(self, entry: Entry) -> bool:
        """Say whether this entry belongs to the time after the run that is wanted."""
        if self._limit is None or not self._playing:
            return False
        match entry.kind:
            case "spikes":
                return len(entry.value.ticks) > 0 and int(entry.value.ticks[0]) >= self._limit
            case "clock":
                at_least: float = entry.value.position - entry.value.uncertainty
                return at_least >= self._limit
        return False

    def _finish(self) -> None:
        """Let the run that is wanted be over."""
        if self._wanted is not None:
            if self._limit is not None and not self._over:
                self._clock.set_tick(self._limit)
            self._wanted.set()
            self._pause()

    def _pause(self) -> None:
        self._wanted = self._limit = None
        self._anchor = (self.now_s(), trio.current_time())
        self._playing = False
        if self._clock.running:
            self._clock.stop()

    async def _advance(self, until_s: float) -> None:
        """Let time pass until then, and wake those on the way who wait for a tick."""
        clock = self._clock
        while self._playing and (now := self.now_s()) < until_s:
            step = until_s
            if clock.awaited is not None:
                missing = max(1.0, clock.awaited - clock.read().position)
                step = min(until_s, now + missing * clock.tick_s)
            if self.speed == 0:
                self._anchor = (step, 0.0)
                await self._settle()
            else:
                recorded, wall = self._anchor
                with trio.move_on_at(wall + (step - recorded) / self.speed):
                    await self._changed.park()
                clock.moved()
        if not self._playing:
            await self._until_wanted(until_s)

    async def _settle(self) -> None:
        """Let every task do what it does about the present."""
        self._clock.moved()
        await wait_all_tasks_blocked()

    async def _deliver(self, entry: Entry) -> None:
        value = entry.value
        match entry.kind:
            case "spikes":
                await self._connection.router.room()
                self._connection.router.distribute(self._of_known_gatherer(value))
            case "clock" if self._playing:
                self._clock.observe(value)
            case "statistics":
                self.statistics = value
            case "state":
                self._state(value)
            case "ending":
                self._failure = _error(value)
        label = getattr(value, "label", None)
        if isinstance(label, str):
            self._latest.setdefault(entry.kind, {})[label] = value
        for stream, (kind, take) in tuple(self._readers.items()):
            taken = take(value) if kind == entry.kind else None
            if taken is not None:
                await stream.room()
                stream.put(taken)
        if self.speed == 0:
            await self._settle()

    def _of_known_gatherer(self, spikes: LiveSpikes) -> LiveSpikes:
        """Take spikes of a gatherer that the facts do not have for those of the first."""
        known = spikes.gatherer in range(len(self.facts.heartbeats))
        return spikes if known else replace(spikes, gatherer=0)

    def _state(self, event: ClockEvent) -> None:
        if event.what == "stopped":
            self._inside = False
        if event.what == "stopped" and self._playing:
            # until the recording goes on, no time passes; the run that is wanted may go further
            self._anchor = (self.now_s(), trio.current_time())
            self._playing = False
            self._clock.stop()
        elif event.what == "stands":
            self._clock.set_tick(event.tick)
            self._clock.moved()
            if self._limit is not None and event.tick >= self._limit:
                self._finish()

    def _forget(self, stream: Stream[Any]) -> None:
        self._readers.pop(stream, None)


def _error(ending: Ending) -> errors.SpinnliveError | None:
    """Give the error that the live run ended with, as the class that it was."""
    if ending.error is None:
        return None
    kind = getattr(errors, ending.error, None)
    if not (isinstance(kind, type) and issubclass(kind, errors.SpinnliveError)):
        return errors.RemoteError(f"{ending.error}: {ending.message}")
    return kind(ending.message)
