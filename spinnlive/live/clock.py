"""The run's clock: which tick the board is at, estimated on the host, and how fast the board goes.

The board tells its tick in two ways. A core answers "get time": then its position was in that tick
at some moment between asking and hearing. A live packet says that its tick is over. Both are bounds
``lowest <= position <= highest`` at a time of the host, in ticks with their fraction. Between them
the bounds move on at the board's speed and widen by what that speed is not known; each observation
narrows them again. So the uncertainty is a bound, not a guess, as long as the board keeps its speed.
An observation that contradicts the bounds means that it did not (an emulated board may lose a ms on
a busy host): it starts them anew.

`best_time_to_ask` is the moment at which an answer would halve the bounds. A few such questions
find the board's phase to about the time of a round trip.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

import trio

from spinnlive.errors import RunStateError
from spinnlive.live import alarm
from spinnlive.live.tap import Tap

WINDOW_S = 2.0
"""How far back the speed looks (seconds)."""

SPACING_S = 0.02
"""Observations closer together than this add nothing to the speed (seconds)."""

SLOWEST = 0.001
"""Speed that is assumed of a board that seems to stand, when waiting for it."""

SHORTEST_WAIT_S = 0.0005
"""Shorter waits would only be rounded up by the event loop (seconds)."""

CRYSTAL_DOUBT = 1e-4
"""How far the speed of a board that keeps its pace may be from the pace asked for, as a share: the
crystals of a board and of a host are good to 5e-5 each."""

PACE_DOUBT = 0.1
"""The same for a board that does not keep its pace, by the speed that it was seen to have."""

STEADY_SHARE = 0.01
STEADY_TICKS = 2.0
"""A board keeps its pace if over `WINDOW_S` it is this near to it: a share, and ticks on top for what
single observations are off. An emulated board that lost a few ms once keeps it."""

START_TICKS = 2.0
"""How far a board may have come before the host hears that it was started, until it is asked
(ticks)."""

ALARM_S = 0.002
"""The last part of a precise sleep, for which a timer of the kernel is set (seconds)."""

REACHED = 1e-6
"""How near to a tick is there: floating point would never get some (ticks)."""

REVIEW_S = 0.1
"""How often a long wait asks itself whether the board still keeps its speed (seconds)."""

DRIFT_S = 2.0
"""How long a board must have kept its pace before its drift is told (seconds)."""

PPM = 1e6

LAST_TICK = 0xFFFFFFFF
"""Cores count their ticks in 32 bits."""


@dataclass(frozen=True, slots=True)
class ClockReading:
    """What the clock knew of one moment of the host (``host_s``, seconds of ``time.monotonic()``).

    ``position`` is in ticks with their fraction; the true one lies within ``uncertainty`` ticks of
    it, if the board kept its recent speed since it was last heard. ``board_speed`` is None until it
    is known. ``drift_ppm`` is by how many millionths the board's clock is faster than the host's,
    give or take ``drift_uncertainty_ppm``; both are None until the board has kept its pace for
    `DRIFT_S`.
    """

    host_s: float
    position: float
    uncertainty: float
    board_speed: float | None
    drift_ppm: float | None = None
    drift_uncertainty_ppm: float | None = None


@dataclass(frozen=True, slots=True)
class HostTime:
    """A moment of the host (seconds of ``time.monotonic()``) and how far it may be off (seconds)."""

    host_s: float
    uncertainty_s: float


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


@dataclass(frozen=True, slots=True)
class _Bounds:
    """Where the board is at one time of the host, in ticks."""

    host_s: float
    lowest: float
    highest: float

    @property
    def middle(self) -> float:
        return (self.lowest + self.highest) / 2


class Clock:
    """Biological time of a live run. Tick t is ``t * timestep_ms``; a tick lasts ``tick_s`` of real
    time if the board keeps the pace that was asked for (timestep × timeScaleFactor)."""

    def __init__(
        self,
        timestep_us: int,
        time_scale_factor: int,
        host_time: Callable[[], float] = time.monotonic,
        tap: Tap | None = None,
        sleep_until: Callable[[float], Awaitable[None]] = alarm.sleep_until,
    ) -> None:
        self._host_time = host_time
        self._tap = tap or Tap()
        self._sleep_until = sleep_until
        self.timestep_ms = timestep_us / 1000
        self.time_scale_factor = time_scale_factor
        self.tick_s = timestep_us * time_scale_factor / 1e6
        self._running = False
        self._limit = float("inf")
        self._ended: BaseException | None = None
        self._bounds = _Bounds(self._host_time(), 0.0, 0.0)
        self._asked = False
        self._steady = True
        self._steady_since: _Bounds | None = None
        self._window: deque[tuple[float, float]] = deque()
        self._speed: float | None = None
        self._changed = trio.Event()

    @property
    def running(self) -> bool:
        """Whether the board's time goes on."""
        return self._running

    @property
    def exact(self) -> bool:
        """Whether the board stands and it is known where."""
        return not self._running and self._bounds.lowest == self._bounds.highest

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

    @property
    def now(self) -> float:
        """The host's time, in seconds of ``time.monotonic()``."""
        return self._host_time()

    def read(self, host_s: float | None = None) -> ClockReading:
        """Give the estimate with its uncertainty: of now, or of another time of the host (seconds
        of ``time.monotonic()``), as far as the recent speed tells it."""
        at = self._host_time() if host_s is None else host_s
        bounds = self._within_limit(self._at(at))
        drift, doubt = self._drift(bounds)
        uncertainty = (bounds.highest - bounds.lowest) / 2
        return ClockReading(at, bounds.middle, uncertainty, self._speed, drift, doubt)

    def host_time(self, position: float) -> HostTime:
        """Give the host's time at which the board reaches this tick (a fraction is allowed), or
        reached it not long ago.

        Raises `RunStateError` while the board stands, and for a tick after the end of the run under
        way: nobody can know.
        """
        if not self._running:
            raise RunStateError("the board stands, so it is not known when it reaches a tick")
        if position > self._limit:
            raise RunStateError(
                f"the run under way ends at tick {self._limit:.0f}, before tick {position:g}"
            )
        at = self._moment(position)
        bounds = self._at(at)
        return HostTime(at, (bounds.highest - bounds.lowest) / 2 / self._rate)

    async def sleep_until(self, tick: float) -> None:
        """Sleep until the board has reached ``tick`` (a fraction is allowed), to about a tenth of a
        millisecond beside the clock's own uncertainty; waits through pauses.

        Raises `RunStateError`, or the error that ended it, when the live run ends before.
        """
        await self._reach(tick, ALARM_S)

    async def wait_until(self, tick: int) -> None:
        """Do as `sleep_until` without its precision, about a millisecond late: for those who only
        ask the board afterwards."""
        await self._reach(tick, 0.0)

    async def change(self) -> None:
        """Wait until the board is started or stopped, or it becomes known where it stands."""
        await self._changed.wait()

    async def sleep_until_host(self, host_s: float) -> None:
        """Sleep until this time of the host (seconds of ``time.monotonic()``), as precisely."""
        await self._sleep_until(host_s)

    def best_time_to_ask(self, after_s: float, travel_s: float) -> float:
        """Give the first host time from ``after_s`` on (seconds) at which a question to a core,
        ``travel_s`` on its way, reaches it where the estimate passes from one tick to the next: the
        answer says on which side the board is."""
        arrival = self._at(after_s + travel_s)
        return after_s + (math.ceil(arrival.middle) - arrival.middle) / self._rate

    def start(self, limit: int | None) -> None:
        """The board has been started from the tick at which it stopped, and will stop by itself at
        ``limit``."""
        position = self._bounds.middle
        self._running = True
        self._limit = float("inf") if limit is None else float(limit)
        self._window.clear()
        self._asked, self._steady, self._steady_since = False, True, None
        self._tell("started", int(position), limit)
        now = self._host_time()
        self._bounds = _Bounds(now, position, position + START_TICKS)
        self._note(now, position)
        self._announce()

    def stop(self) -> None:
        """The board has been stopped; `set_tick` tells where."""
        self._bounds = self._within_limit(self._at(self._host_time()))
        self._running = False
        self._tell("stopped", int(self._bounds.middle))
        self._announce()

    def set_tick(self, tick: int) -> None:
        """The board stands at exactly this tick."""
        self._bounds = _Bounds(self._host_time(), float(tick), float(tick))
        self._tell("stands", tick)
        self._announce()

    def observe_packet(self, tick: int, received: float, complete: bool = True) -> None:
        """A live packet of ``tick`` arrived. The gatherer sends it when the tick ends, or before if
        it is full (not ``complete``)."""
        if not self._running:
            return
        over = float(tick + complete)
        self._narrow(received, over, math.inf)
        if self._note(received, over):
            self._tap.put("clock", ClockObservation(received, over, 1.0))

    def observe_poll(self, tick: int, asked: float, answered: float) -> None:
        """A core said ``tick`` at some moment between two of the host."""
        if self._running:
            half = (answered - asked) / 2
            self._asked = True
            self.observe(ClockObservation(asked + half, tick + 0.5, 0.5 + half / self.tick_s))

    def observe(self, seen: ClockObservation) -> None:
        """Take an observation into account, whoever made it."""
        self._tap.put("clock", seen)
        self._narrow(
            seen.host_s, seen.position - seen.uncertainty, seen.position + seen.uncertainty
        )
        self._note(seen.host_s, seen.position)

    def end(self, error: BaseException | None) -> None:
        """The live run is over: whoever waits is told."""
        self._running = False
        self._ended = error or RunStateError("the live run is closed")
        self._announce()

    @property
    def _rate(self) -> float:
        """Ticks in a second of the host, by the board's speed."""
        speed = 1.0 if self._steady or self._speed is None else self._speed
        return max(speed, SLOWEST) / self.tick_s

    def _at(self, host_s: float) -> _Bounds:
        """Move the bounds to another time of the host."""
        bounds = self._bounds
        if not self._running:
            return _Bounds(host_s, bounds.lowest, bounds.highest)
        passed = (host_s - bounds.host_s) * self._rate
        doubt = abs(passed) * (CRYSTAL_DOUBT if self._steady else PACE_DOUBT)
        return _Bounds(host_s, bounds.lowest + passed - doubt, bounds.highest + passed + doubt)

    def _within_limit(self, bounds: _Bounds) -> _Bounds:
        """Take into account that the board stops by itself at the end of a run."""
        if not self._running or bounds.highest <= self._limit:
            return bounds
        return _Bounds(bounds.host_s, min(bounds.lowest, self._limit), self._limit)

    def _moment(self, position: float) -> float:
        """Give the host time at which the middle of the bounds is at ``position``."""
        return self._bounds.host_s + (position - self._bounds.middle) / self._rate

    def _narrow(self, host_s: float, lowest: float, highest: float) -> None:
        """Take what an observation says of this time of the host."""
        known = self._at(host_s)
        low, high = max(lowest, known.lowest), min(highest, known.highest)
        if low > high:
            # the board did not go as it was believed to: believe the observation alone
            low, high = lowest, min(highest, lowest + 1.0)
            self._steady_since = None
        self._bounds = _Bounds(host_s, low, high)
        if self._asked and self._steady and self._steady_since is None:
            self._steady_since = self._bounds

    def _note(self, host_s: float, position: float) -> bool:
        """Let an observation tell of the speed, unless one just did."""
        window = self._window
        if window and host_s - window[-1][0] < SPACING_S:
            return False
        window.append((host_s, position))
        while host_s - window[0][0] > WINDOW_S:
            window.popleft()
        span = host_s - window[0][0]
        if span < 5 * SPACING_S:
            return True
        ticks = position - window[0][1]
        self._speed = max(0.0, ticks * self.tick_s / span)
        tolerance = STEADY_SHARE + STEADY_TICKS * self.tick_s / span
        self._steady = abs(self._speed - 1.0) <= tolerance
        if not self._steady:
            self._steady_since = None
        return True

    def _drift(self, now: _Bounds) -> tuple[float | None, float | None]:
        """Compare the bounds of now with those at which the board began to keep its pace."""
        since = self._steady_since
        if since is None or now.host_s - since.host_s < DRIFT_S or now.highest >= self._limit:
            return None, None
        share = self.tick_s / (now.host_s - since.host_s)
        slowest = (now.lowest - since.highest) * share
        fastest = (now.highest - since.lowest) * share
        return ((slowest + fastest) / 2 - 1.0) * PPM, (fastest - slowest) / 2 * PPM

    async def _reach(self, position: float, alarm_s: float) -> None:
        """Return when the estimate has reached ``position``; the last ``alarm_s`` seconds by a
        timer of the kernel."""
        while True:
            if self._ended is not None:
                raise self._ended
            now = self._host_time()
            if self._within_limit(self._at(now)).middle >= position - REACHED:
                await trio.lowlevel.checkpoint()
                return
            patience = float("inf")
            if self._running and position <= self._limit:
                moment = self._moment(position)
                if moment - now <= alarm_s:
                    await self._sleep_until(moment)
                    continue
                patience = min(max(moment - now - alarm_s, SHORTEST_WAIT_S), REVIEW_S)
            with trio.move_on_after(patience):
                await self._changed.wait()

    def _tell(
        self, what: Literal["started", "stopped", "stands"], tick: int, limit: int | None = None
    ) -> None:
        if self._tap.active:
            self._tap.put("state", ClockEvent(what, self._host_time(), tick, limit))

    def _announce(self) -> None:
        self._changed.set()
        self._changed = trio.Event()
