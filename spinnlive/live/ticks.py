"""Durations in ms, as whole numbers of ticks."""

from __future__ import annotations

import math
import numbers

from spinnlive.errors import UsageError
from spinnlive.live.clock import LAST_TICK

TIME_TOLERANCE = 1e-6
"""How far a duration may be from a whole number of ticks (ticks)."""


def whole_ticks(name: str, time_ms: float, timestep_ms: float) -> int:
    """Give a time (ms) in ticks. Raises `UsageError` unless it is a whole number of them, 1 to
    `LAST_TICK`."""
    ticks = time_ms / timestep_ms if isinstance(time_ms, numbers.Real) else math.nan
    if not 1 <= ticks <= LAST_TICK or abs(ticks - round(ticks)) > TIME_TOLERANCE:
        raise UsageError(
            f"{name} is {time_ms!r} ms; it must be a whole number of time steps of "
            f"{timestep_ms:g} ms, at most {LAST_TICK * timestep_ms:.0f} ms"
        )
    return round(ticks)
