"""The run's clock: which tick the board is at, estimated on the host, and how fast the board goes.

The board tells its tick in two ways: every live packet carries one, and a core answers "get time".
Each is an observation ``(host time, position in ticks, uncertainty)``. Between observations the
clock goes on at the board's recent speed.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import trio

from spinnlive.errors import RunStateError
from spinnlive.live.tap import Tap

WINDOW_S = 2.0
"""How far back the speed looks (seconds)."""

SPACING_S = 0.02
"""Observations closer together than this replace nothing and add nothing to the speed (seconds)."""

SLOWEST = 0.001
"""Speed that is assumed of a board that seems to stand, when waiting for it."""

SHORTEST_WAIT_S = 0.0005
"""Shorter waits would only be rounded up by the event loop (seconds)."""


@dataclass(frozen=True, slots=True)
class ClockReading:
    """What the clock knew at one moment of the host (``host_s``, seconds of ``time.monotonic()``).

    ``position`` is in ticks with their fraction; the true one lies within ``uncertainty`` ticks of
    it, if the board kept its recent speed since it was last heard. ``board_speed`` is None until it
    is known.
    """

    host_s: float
    position: float
    uncertainty: float
    board_speed: float | None


@dataclass(frozen=True, slots=True)
class ClockObservation:
    """What was learnt of the board's time at ``host_s`` (seconds of ``time.monotonic()``): its
    position in ticks, and how far off that may be."""

    host_s: float
    position: float
    uncertainty: float


@dataclass(frozen=True, slots=True)
class ClockEvent:
    """For the tap: the board ``"started"`` from ``tick`` and will stop by itself at ``limit``;
    ``"stopped"``; or ``"stands"`` at exactly ``tick``. ``host_s`` as in `ClockReading`."""

    what: Literal["started", "stopped", "stands"]
    host_s: float
    tick: int
    limit: int | None = None


class Clock:
    """Biological time of a live run. Tick t is ``t * timestep_ms``; a tick lasts ``tick_s`` of real
    time if the board keeps the pace that was asked for (timestep × timeScaleFactor)."""

    def __init__(
        self,
        timestep_us: int,
        time_scale_factor: int,
        host_time: Callable[[], float] = time.monotonic,
        tap: Tap | None = None,
    ) -> None:
        self._host_time = host_time
        self._tap = tap or Tap()
        self.timestep_ms = timestep_us / 1000
        self.tick_s = timestep_us * time_scale_factor / 1e6
        self._running = False
        self._limit = float("inf")
        self._ended: BaseException | None = None
        self._latest = ClockObservation(self._host_time(), 0.0, 0.0)
        self._window: deque[ClockObservation] = deque()
        self._speed: float | None = None
        self._changed = trio.Event()

    @property
    def running(self) -> bool:
        """Whether the board's time goes on."""
        return self._running

    @property
    def exact(self) -> bool:
        """Whether the board stands and it is known where."""
        return not self._running and self._latest.uncertainty == 0

    @property
    def tick(self) -> int:
        """The board's current tick, estimated."""
        return int(self.read().position)

    @property
    def time_ms(self) -> float:
        """The network's biological time at `tick`, in ms."""
        return self.tick * self.timestep_ms

    @property
    def board_speed(self) -> float | None:
        """How fast the board goes, relative to the pace asked for: 1.0 keeps it, 0.5 takes twice as
        long.

        Over the last `WINDOW_S` seconds; of the last run while none is under way; None until two
        observations are far enough apart.
        """
        return self._speed

    def read(self) -> ClockReading:
        """Give the estimate with its uncertainty."""
        now = self._host_time()
        latest = self._latest
        if not self._running:
            return ClockReading(now, latest.position, latest.uncertainty, self._speed)
        age = (now - latest.host_s) / self.tick_s
        speed = 1.0 if self._speed is None else self._speed
        # what the speed has not told yet: all of it while unknown, else a tenth
        doubt = age if self._speed is None else 0.1 * age * speed
        position = min(latest.position + age * speed, self._limit)
        return ClockReading(now, position, latest.uncertainty + doubt, self._speed)

    async def wait_until(self, tick: int) -> None:
        """Return when the estimate has reached ``tick``; waits through pauses.

        Raises `RunStateError`, or the error that ended it, when the live run ends before.
        """
        while True:
            if self._ended is not None:
                raise self._ended
            missing = tick - self.read().position
            if missing <= 0:
                await trio.lowlevel.checkpoint()
                return
            patience = float("inf")
            if self._running and tick <= self._limit:
                speed = max(self._speed or 1.0, SLOWEST)
                patience = max(missing * self.tick_s / speed, SHORTEST_WAIT_S)
            with trio.move_on_after(patience):
                await self._changed.wait()

    async def change(self) -> None:
        """Wait until the board is started or stopped, or it becomes known where it stands."""
        await self._changed.wait()

    def start(self, limit: int | None) -> None:
        """The board has been started from the tick at which it stopped, and will stop by itself at
        ``limit``."""
        self._running = True
        self._limit = float("inf") if limit is None else float(limit)
        self._window.clear()
        self._tell("started", int(self._latest.position), limit)
        self.observe(ClockObservation(self._host_time(), self._latest.position, 1.0))
        self._announce()

    def stop(self) -> None:
        """The board has been stopped; `set_tick` tells where."""
        now = self.read()
        self._running = False
        self._latest = ClockObservation(now.host_s, now.position, now.uncertainty)
        self._tell("stopped", int(now.position))
        self._announce()

    def set_tick(self, tick: int) -> None:
        """The board stands at exactly this tick."""
        self._latest = ClockObservation(self._host_time(), float(tick), 0.0)
        self._tell("stands", tick)
        self._announce()

    def observe_packet(self, tick: int, received: float) -> None:
        """A live packet of ``tick`` arrived. The gatherer sends it when the tick ends, or before if
        it is full."""
        if self._running and received - self._latest.host_s >= SPACING_S:
            self.observe(ClockObservation(received, tick + 1.0, 1.0))

    def observe_poll(self, tick: int, asked: float, answered: float) -> None:
        """A core said ``tick`` at some moment between two of the host."""
        if self._running:
            half = (answered - asked) / 2
            self.observe(ClockObservation(asked + half, tick + 0.5, 0.5 + half / self.tick_s))

    def end(self, error: BaseException | None) -> None:
        """The live run is over: whoever waits is told."""
        self._running = False
        self._ended = error or RunStateError("the live run is closed")
        self._announce()

    def observe(self, seen: ClockObservation) -> None:
        """Take an observation into account, whoever made it."""
        self._tap.put("clock", seen)
        self._latest = seen
        window = self._window
        if window and seen.host_s - window[-1].host_s < SPACING_S:
            return
        window.append(seen)
        while seen.host_s - window[0].host_s > WINDOW_S:
            window.popleft()
        span = seen.host_s - window[0].host_s
        if span >= 5 * SPACING_S:
            ticks = seen.position - window[0].position
            self._speed = max(0.0, ticks * self.tick_s / span)

    def _tell(
        self, what: Literal["started", "stopped", "stands"], tick: int, limit: int | None = None
    ) -> None:
        if self._tap.active:
            self._tap.put("state", ClockEvent(what, self._host_time(), tick, limit))

    def _announce(self) -> None:
        self._changed.set()
        self._changed = trio.Event()
