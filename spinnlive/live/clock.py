"""The run's clock: which tick the board is at, estimated on the host, and how fast the board goes.

What is heard of the board, and what follows from it, is `spinnlive.live.estimate`'s; here are those
who want to know, and those who wait. `best_time_to_ask` is the moment at which an answer would halve
the bounds: a few such questions find the board's phase to about the time of a round trip.
"""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

import trio

from spinnlive.errors import RunStateError
from spinnlive.live import alarm
from spinnlive.live.estimate import Estimate
from spinnlive.live.tap import Tap

SHORTEST_WAIT_S = 0.0005
"""Shorter waits would only be rounded up by the event loop (seconds)."""

ALARM_S = 0.002
"""The last part of a precise sleep, for which a timer of the kernel is set (seconds)."""

REACHED = 1e-6
"""How near to a tick is there: floating point would never get some (ticks)."""

REVIEW_S = 0.1
"""How often a long wait asks itself whether the board still keeps its speed (seconds)."""

LAST_TICK = 0xFFFFFFFF
"""Cores count their ticks in 32 bits."""


@dataclass(frozen=True, slots=True)
class ClockReading:
    """What the clock knew of one moment of the host (``host_s``, seconds of ``time.monotonic()``).

    ``position`` is in ticks with their fraction; the true one lies within ``uncertainty`` ticks of
    it, if the board kept its recent speed since it was last heard. ``board_speed`` is None until it
    is known. ``drift_ppm`` is by how many millionths the board's clock is faster than the host's,
    give or take ``drift_uncertainty_ppm``; both are None until the board has kept its pace for
    two seconds.
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
        self.heard_s = float("-inf")
        """When the latest live packet was received (seconds of the host's time)."""
        self._running = False
        self._ended: BaseException | None = None
        self._known = Estimate(self.tick_s, self._host_time())
        self._unsettled: tuple[float, float] | None = None
        self._changed = trio.Event()

    @property
    def _estimate(self) -> Estimate:
        """What follows from all that was heard."""
        self.settle()
        return self._known

    @property
    def running(self) -> bool:
        """Whether the board's time goes on."""
        return self._running

    @property
    def heard(self) -> bool:
        """Whether the board's time goes on, and it is not awaited that something is heard of it: before its first
        tick a core knows no time, and an injector that records writes down a spike of then in tick 4294967295."""
        return self._running and not self._estimate.awaited

    @property
    def exact(self) -> bool:
        """Whether the board stands and it is known where."""
        return self._estimate.is_exact

    @property
    def position(self) -> float:
        """Where the board is now, in ticks, estimated: `read` without how far that may be off."""
        return self._estimate.at(self._host_time()).middle

    @property
    def tick(self) -> int:
        """The board's current tick, estimated."""
        return int(self.position)

    @property
    def time_ms(self) -> float:
        """The network's biological time at `tick`, in ms."""
        return self.tick * self.timestep_ms

    @property
    def board_speed(self) -> float | None:
        """How fast the board goes, relative to the pace asked for: 1.0 keeps it, 0.5 takes twice as
        long.

        Over the last two seconds; of the last run while none is under way; None until two
        observations are far enough apart.
        """
        return self._estimate.speed

    @property
    def behind_ms(self) -> float:
        """By how much biological time (ms) the board is behind the pace asked for, counted from
        where it was most ahead in this run, or since `rebase`."""
        return self._estimate.behind(self._host_time()) * self.timestep_ms

    def rebase(self) -> None:
        """Count from here how far the board is behind: what is lost is lost."""
        self._estimate.rebase()

    @property
    def now(self) -> float:
        """The host's time, in seconds of ``time.monotonic()``."""
        return self._host_time()

    def read(self, host_s: float | None = None) -> ClockReading:
        """Give the estimate with its uncertainty: of now, or of another time of the host (seconds
        of ``time.monotonic()``), as far as the recent speed tells it."""
        at = self._host_time() if host_s is None else host_s
        bounds = self._estimate.at(at)
        drift, doubt = self._estimate.drift_ppm(at) if self._running else (None, None)
        return ClockReading(
            at, bounds.middle, bounds.uncertainty, self._estimate.speed, drift, doubt
        )

    def host_time(self, position: float) -> HostTime:
        """Give the host's time at which the board reaches this tick (a fraction is allowed), or
        reached it not long ago.

        Raises `RunStateError` while the board stands, and for a tick after the end of the run under
        way: nobody can know.
        """
        if not self._running:
            raise RunStateError("the board stands, so it is not known when it reaches a tick")
        estimate = self._estimate
        if position > estimate.limit:
            raise RunStateError(
                f"the run under way ends at tick {estimate.limit:.0f}, before tick {position:g}"
            )
        at = estimate.moment(position)
        return HostTime(at, estimate.at(at).uncertainty / estimate.rate)

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
        arrival = self._estimate.at(after_s + travel_s).middle
        return after_s + (math.ceil(arrival) - arrival) / self._estimate.rate

    def start(self, limit: int | None, *, awaited: bool = False) -> None:
        """The board has been started from the tick at which it stopped, and will stop by itself at
        ``limit``. ``awaited``: its cores have been told to, and stand until something is heard of them."""
        now = self._host_time()
        self._tell("started", self.tick, limit)
        self._running = True
        self._estimate.start(now, float("inf") if limit is None else float(limit), awaited=awaited)
        self._announce()

    def stop(self) -> None:
        """The board has been stopped; `set_tick` tells where."""
        self._estimate.stop(self._host_time())
        self._running = False
        self._tell("stopped", self.tick)
        self._announce()

    def set_tick(self, tick: int) -> None:
        """The board stands at exactly this tick."""
        self._estimate.stand(self._host_time(), float(tick))
        self._tell("stands", tick)
        self._announce()

    def observe_packet(self, tick: int, received: float, complete: bool = True) -> None:
        """A live packet of ``tick`` arrived. The gatherer sends it when the tick ends, or before if
        it is full (not ``complete``)."""
        if not self._running:
            return
        self.settle()
        self.heard_s = received
        self._unsettled = received, float(tick + complete)
        if self._known.awaited:
            self.settle()
            self._announce()
        elif self._tap.active:
            self.settle()

    def settle(self) -> None:
        """Take in the latest packet, if that has not been done; whoever reads the clock does it as well."""
        if self._unsettled is not None:
            (received, over), self._unsettled = self._unsettled, None
            self._known.narrow(received, over, math.inf)
            if self._known.note(received, over):
                self._tap.put("clock", ClockObservation(received, over, 1.0))

    def observe_poll(self, tick: int, asked: float, answered: float) -> None:
        """A core said ``tick`` at some moment between two of the host."""
        if self._running:
            half = (answered - asked) / 2
            self.observe(ClockObservation(asked + half, tick + 0.5, 0.5 + half / self.tick_s))

    def observe(self, seen: ClockObservation) -> None:
        """Take an observation into account, whoever made it."""
        self._tap.put("clock", seen)
        awaited = self._estimate.awaited
        self._estimate.narrow(
            seen.host_s, seen.position - seen.uncertainty, seen.position + seen.uncertainty
        )
        self._estimate.note(seen.host_s, seen.position)
        if awaited:
            self._announce()

    def end(self, error: BaseException | None) -> None:
        """The live run is over: whoever waits is told."""
        self._running = False
        self._ended = error or RunStateError("the live run is closed")
        self._announce()

    async def _reach(self, position: float, alarm_s: float) -> None:
        """Return when the estimate has reached ``position``; the last ``alarm_s`` seconds by a
        timer of the kernel."""
        while True:
            if self._ended is not None:
                raise self._ended
            now = self._host_time()
            if self._estimate.at(now).middle >= position - REACHED:
                await trio.lowlevel.checkpoint()
                return
            patience = float("inf")
            if self.heard and position <= self._estimate.limit:
                moment = self._estimate.moment(position)
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
