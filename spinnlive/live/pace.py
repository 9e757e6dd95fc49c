"""Does the board keep the pace, and does the host? Told as streams, and acted upon by a `Stall`.

The pace that was asked for is one time step of biological time in timestep × timeScaleFactor of
real time. A board has its own clock and cannot be made to hurry; what can be done about one that is
behind, or about a host that was, is to know it, and not to run after it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, get_args

import trio

from spinnlive.errors import FellBehind, RunStateError, ScpError, UsageError
from spinnlive.live.clock import Clock
from spinnlive.live.feed import Feed
from spinnlive.live.tap import Tap

Then = Literal["go on", "slow down", "stop"]

LOOKS = 4
"""How often a `Stall` looks in the time that it tolerates."""

SHORTEST_LOOK_S = 0.002
"""A `Stall` looks no more often than this: each look is a question to the board (seconds)."""

SHORTEST_TELEMETRY_MS = 1.0
"""Telemetry comes no more often than this, likewise (ms)."""


@dataclass(frozen=True, slots=True)
class ClockTick:
    """The board has reached ``tick`` (``time_ms`` of biological time), as far as the host knows.

    ``host_s``: when the host knew, seconds of ``time.monotonic()``; ``late_ms``: by how much real
    time (ms) that was after the tick began, give or take ``uncertainty_ms``.
    """

    tick: int
    time_ms: float
    host_s: float
    late_ms: float
    uncertainty_ms: float


@dataclass(frozen=True, slots=True)
class Pace:
    """How the board and the host keep the pace, at ``host_s`` (seconds of ``time.monotonic()``).

    ``tick`` and ``time_ms``: where the board is, give or take ``uncertainty_ms`` of biological
    time. ``asked`` is the timeScaleFactor asked for and ``achieved`` the one that the board's speed
    of the last two seconds comes to, None until that is known. ``behind_ms``: biological time by
    which the board is behind the pace asked for. ``host_late_ms``: real time by which this reading
    came late, because the host was busy. ``running``: whether the board's time goes on.
    """

    tick: int
    time_ms: float
    uncertainty_ms: float
    host_s: float
    asked: int
    achieved: float | None
    behind_ms: float
    host_late_ms: float
    running: bool


@dataclass(frozen=True, slots=True)
class Stalled:
    """What a `Stall` tells its ``call``: who is behind (the ``"board"`` or the ``"host"``), by how
    much biological time (ms), and when it was seen: the board's tick, the host's ``host_s``."""

    who: Literal["board", "host"]
    behind_ms: float
    tick: int
    host_s: float


@dataclass(frozen=True, slots=True)
class Stall:
    """What to do when the board or the host falls behind by ``behind_ms`` of biological time.

    First ``call(stalled)`` is awaited, while the network runs on: a robot would brake here. Then:

    * ``"go on"``: nothing changes. It is called again when the board is behind by as much again.
    * ``"slow down"``: what was lost is given up, so that nothing runs after it. How far the board
      is behind counts from here, and every timed spike that waits on the host, or is being played,
      is put off by the ticks that the host missed, so that late ones do not go out in one burst.
      (The clock stream skips missed ticks in any case.)
    * ``"stop"``: the network is stopped as by cancelling, and ``run`` raises `FellBehind`.

    A board that does not answer counts as behind from when it was asked. The host counts as behind
    by how late it comes to look: a task that computes without a checkpoint, or a busy machine.
    """

    behind_ms: float
    then: Then = "go on"
    call: Callable[[Stalled], Awaitable[None]] | None = None

    def __post_init__(self) -> None:
        if not self.behind_ms > 0:
            raise UsageError(f"behind_ms is {self.behind_ms!r}; it is a time in ms, above 0")
        if self.then not in get_args(Then):
            raise UsageError(
                f"then is {self.then!r}; it must be one of {', '.join(get_args(Then))}"
            )


async def tell_ticks(feed: Feed[ClockTick], clock: Clock, every: int) -> None:
    """Fill a stream with each tick that is a multiple of ``every``; what the host is too late for
    is skipped and counted as dropped. Ends when the live run is closed."""
    next_tick = (clock.tick // every + 1) * every
    while True:
        await feed.wanted()
        try:
            await clock.sleep_until(next_tick)
        except RunStateError:
            return
        reading = clock.read()
        missed = max(0, int(reading.position) - next_tick) // every
        feed.missed(missed)
        next_tick += missed * every
        real_ms = clock.tick_s * 1000
        feed.put(
            ClockTick(
                tick=next_tick,
                time_ms=next_tick * clock.timestep_ms,
                host_s=reading.host_s,
                late_ms=max(0.0, reading.position - next_tick) * real_ms,
                uncertainty_ms=reading.uncertainty * real_ms,
            )
        )
        next_tick += every


async def tell_pace(
    feed: Feed[Pace],
    clock: Clock,
    every_s: float,
    ask: Callable[[], Awaitable[object]],
    is_open: Callable[[], bool],
    tap: Tap,
) -> None:
    """Fill a stream with a reading every so many seconds of the host; ``ask`` has the board say its
    tick. Readings that the host is too late for are counted as dropped."""
    due = clock.now
    while is_open():
        await feed.wanted()
        await clock.sleep_until_host(due)
        late_s = clock.now - due
        if clock.running:
            with trio.move_on_after(every_s):
                await _asked(ask)
        pace = pace_of(clock, late_s)
        feed.put(pace)
        tap.put("telemetry", pace)
        missed = max(0, int((clock.now - due) // every_s))
        feed.missed(missed)
        due += (missed + 1) * every_s


def pace_of(clock: Clock, late_s: float = 0.0) -> Pace:
    """Give a reading of what the clock knows, which came late by so much (seconds)."""
    reading = clock.read()
    speed = reading.board_speed
    return Pace(
        tick=int(reading.position),
        time_ms=int(reading.position) * clock.timestep_ms,
        uncertainty_ms=reading.uncertainty * clock.timestep_ms,
        host_s=reading.host_s,
        asked=clock.time_scale_factor,
        achieved=clock.time_scale_factor / speed if speed else None,
        behind_ms=clock.behind_ms,
        host_late_ms=late_s * 1000,
        running=clock.running,
    )


class Guard:
    """Looks after one run for its `Stall`.

    ``ask`` has the board say its tick; ``put_off(ticks)`` puts off timed spikes; ``stop`` ends the
    run, which then raises ``error``.
    """

    def __init__(
        self,
        stall: Stall,
        clock: Clock,
        ask: Callable[[], Awaitable[object]],
        put_off: Callable[[int], None],
        stop: Callable[[], None],
    ) -> None:
        self.error: BaseException | None = None
        self._stall = stall
        self._clock = clock
        self._ask = ask
        self._put_off = put_off
        self._stop = stop
        self._tolerated_ms = stall.behind_ms

    async def watch(self) -> None:
        """Look until the run is over."""
        stall, clock = self._stall, self._clock
        tolerated_s = stall.behind_ms / 1000 * clock.time_scale_factor
        pause_s = max(tolerated_s / LOOKS, SHORTEST_LOOK_S)
        heard_s = clock.now
        while self.error is None:
            due = clock.now + pause_s
            await clock.sleep_until_host(due)
            if not clock.running:
                heard_s = clock.now
                continue
            host_ms = self._biological_ms(clock.now - due)
            if host_ms >= stall.behind_ms:
                await self._act("host", host_ms)
                heard_s = clock.now
                continue
            with trio.move_on_after(tolerated_s):
                await _asked(self._ask)
                heard_s = clock.now
            behind_ms = max(clock.behind_ms, self._biological_ms(clock.now - heard_s))
            if behind_ms >= self._tolerated_ms and clock.running:
                await self._act("board", behind_ms)
            elif behind_ms < stall.behind_ms / 2:
                self._tolerated_ms = stall.behind_ms

    def _biological_ms(self, real_s: float) -> float:
        return real_s * 1000 / self._clock.time_scale_factor

    async def _act(self, who: Literal["board", "host"], behind_ms: float) -> None:
        stall, clock = self._stall, self._clock
        if stall.call is not None:
            try:
                await stall.call(Stalled(who, behind_ms, clock.tick, clock.now))
            except Exception as error:
                self.error = error
                self._stop()
                return
        if stall.then == "stop":
            self.error = FellBehind(
                f"the {who} fell behind by {behind_ms:.1f} ms of biological time, at tick "
                f"{clock.tick}; the stall policy allows {stall.behind_ms:g} ms. A larger "
                "timeScaleFactor gives both more time"
            )
            self._stop()
        elif stall.then == "slow down":
            clock.rebase()
            if who == "host":
                self._put_off(round(behind_ms / clock.timestep_ms))
        elif who == "board":
            self._tolerated_ms = behind_ms + stall.behind_ms


async def _asked(ask: Callable[[], Awaitable[object]]) -> None:
    """Ask the board; a refusal says nothing about its pace."""
    try:
        await ask()
    except ScpError:
        await trio.lowlevel.checkpoint()
