"""Where the board is and how fast it goes, from what is heard of it: arithmetic only.

The board tells its tick in two ways. A core answers "get time": then its position was in that tick
at some moment between asking and hearing. A live packet says that its tick is over. Both are bounds
``lowest <= position <= highest`` at a time of the host, in ticks with their fraction. Between them
the bounds move on at the board's speed and widen by what that speed is not known; each observation
narrows them again. So the uncertainty is a bound, not a guess, as long as the board keeps its speed.
An observation that contradicts the bounds means that it did not (an emulated board may lose a ms on
a busy host): it starts them anew.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

WINDOW_S = 2.0
"""How far back the speed looks (seconds)."""

SPACING_S = 0.02
"""Observations closer together than this add nothing to the speed (seconds)."""

SLOWEST = 0.001
"""Speed that is assumed of a board that seems to stand, when waiting for it."""

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
"""How far a board may have come when the host hears that it was started, or when the first packet of a run comes,
until it is asked (ticks)."""

DRIFT_S = 2.0
"""How long a board must have kept its pace before its drift is told (seconds)."""

PPM = 1e6


class Bounds(NamedTuple):
    """Where the board is at one time of the host (seconds), in ticks; two are made for every packet."""

    host_s: float
    lowest: float
    highest: float

    @property
    def middle(self) -> float:
        """The best guess."""
        return (self.lowest + self.highest) / 2

    @property
    def uncertainty(self) -> float:
        """How far it may be off."""
        return (self.highest - self.lowest) / 2


class Estimate:
    """The position of a board whose ticks should take ``tick_s`` seconds each."""

    def __init__(self, tick_s: float, host_s: float) -> None:
        self.tick_s = tick_s
        self.speed: float | None = None
        self._bounds = Bounds(host_s, 0.0, 0.0)
        self._moving = False
        self._awaited = False
        self._limit = float("inf")
        self._steady = True
        self._steady_since: Bounds | None = None
        self._window: deque[tuple[float, float]] = deque()
        self._lead: float | None = None

    @property
    def limit(self) -> float:
        """The tick at which the board will stop by itself."""
        return self._limit

    @property
    def is_exact(self) -> bool:
        """Whether it is known to the tick."""
        return not self._moving and self._bounds.lowest == self._bounds.highest

    @property
    def rate(self) -> float:
        """Ticks in a second of the host, by the board's speed."""
        speed = 1.0 if self._steady or self.speed is None else self.speed
        return max(speed, SLOWEST) / self.tick_s

    @property
    def awaited(self) -> bool:
        """Whether the board is about to go on, and nothing was heard of it since."""
        return self._moving and self._awaited

    def start(self, host_s: float, limit: float, *, awaited: bool = False) -> None:
        """The board goes on from where it stood: now, or, if that is to be ``awaited``, when the first observation
        comes. Its cores begin when they like."""
        position = self._bounds.middle
        self._moving, self._limit = True, limit
        self._steady, self._steady_since, self._lead = True, None, None
        self._window.clear()
        self._awaited = awaited
        self._bounds = Bounds(host_s, position, position if awaited else position + START_TICKS)
        if not awaited:
            self.note(host_s, position)

    def stop(self, host_s: float) -> None:
        """The board stands about where it is."""
        self._bounds = self.at(host_s)
        self._moving = False

    def stand(self, host_s: float, position: float) -> None:
        """The board stands exactly here."""
        self._bounds = Bounds(host_s, position, position)

    def at(self, host_s: float) -> Bounds:
        """Give the bounds at a time of the host."""
        bounds = self._moved(host_s)
        if not self._moving or bounds.highest <= self._limit:
            return bounds
        return Bounds(host_s, min(bounds.lowest, self._limit), self._limit)

    def moment(self, position: float) -> float:
        """Give the host time at which the middle of the bounds is at ``position`` (seconds)."""
        return self._bounds.host_s + (position - self._bounds.middle) / self.rate

    def narrow(self, host_s: float, lowest: float, highest: float) -> None:
        """Take what an observation says of this time of the host."""
        known = self._moved(host_s)
        low, high = max(lowest, known.lowest), min(highest, known.highest)
        if self._awaited:
            self._awaited = False
            high = max(low, min(highest, low + START_TICKS))
        elif low > high:
            # the board did not go as it was believed to: believe the observation alone
            low, high = lowest, min(highest, lowest + 1.0)
            self._steady_since = None
        self._bounds = Bounds(host_s, low, high)
        if self._steady and self._steady_since is None:
            self._steady_since = self._bounds
        lead = low - host_s / self.tick_s
        self._lead = lead if self._lead is None else max(self._lead, lead)

    def note(self, host_s: float, position: float) -> bool:
        """Let an observation tell of the speed; False if another did just before."""
        window = self._window
        if window and host_s - window[-1][0] < SPACING_S:
            return False
        window.append((host_s, position))
        while host_s - window[0][0] > WINDOW_S:
            window.popleft()
        span = host_s - window[0][0]
        if span >= 5 * SPACING_S:
            self.speed = max(0.0, (position - window[0][1]) * self.tick_s / span)
            tolerance = STEADY_SHARE + STEADY_TICKS * self.tick_s / span
            self._steady = abs(self.speed - 1.0) <= tolerance
            if not self._steady:
                self._steady_since = None
        return True

    def drift_ppm(self, host_s: float) -> tuple[float | None, float | None]:
        """Compare the bounds of this time with those at which the board began to keep its pace:
        millionths by which it is faster than the host, and how far that may be off."""
        since, now = self._steady_since, self._moved(host_s)
        if since is None or host_s - since.host_s < DRIFT_S or now.highest >= self._limit:
            return None, None
        share = self.tick_s / (host_s - since.host_s)
        slowest = (now.lowest - since.highest) * share
        fastest = (now.highest - since.lowest) * share
        return ((slowest + fastest) / 2 - 1.0) * PPM, (fastest - slowest) / 2 * PPM

    def behind(self, host_s: float) -> float:
        """Give by how many ticks the board is behind the pace asked for, counted from where it was
        most ahead since it was started or `rebase` was called."""
        if self._lead is None or not self._moving:
            return 0.0
        due = min(self._lead + host_s / self.tick_s, self._limit)
        return max(0.0, due - self.at(host_s).middle)

    def rebase(self) -> None:
        """Count from here how far the board is behind."""
        self._lead = None

    def _moved(self, host_s: float) -> Bounds:
        """Move the bounds to another time of the host, as if the run had no end."""
        bounds = self._bounds
        if not self._moving or self._awaited:
            return Bounds(host_s, bounds.lowest, bounds.highest)
        passed = (host_s - bounds.host_s) * self.rate
        doubt = abs(passed) * (CRYSTAL_DOUBT if self._steady else PACE_DOUBT)
        return Bounds(host_s, bounds.lowest + passed - doubt, bounds.highest + passed + doubt)
