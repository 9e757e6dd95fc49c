"""The words at the end of a script: what ran, how long it took, and whether the pace was kept."""

from __future__ import annotations

from dataclasses import dataclass

from spinnlive.toolchain.overruns import Overruns
from spinnlive.toolchain.timing import TimeScale

SLOW = 0.95
"""Below this share of the pace asked for, the line says what that comes to."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a script came to.

    ``biological_ms`` of all its runs; ``wall_s`` of the whole script; ``board_speed`` while it ran,
    relative to the pace asked for (None when it was not measured); the timeScaleFactor asked for,
    None where sPyNNaker chose it, and used; what the cores of each network counted.
    """

    biological_ms: float
    wall_s: float
    board_speed: float | None
    asked: TimeScale | None
    used: float
    emulated: bool
    overruns: tuple[Overruns, ...] = ()


def lines(outcome: Outcome) -> list[str]:
    """Put it into a line, and into another for each network whose cores were too slow."""
    return [summary(outcome), *filter(None, map(overrun, outcome.overruns))]


def summary(outcome: Outcome) -> str:
    """Put it into a line."""
    asked = outcome.asked
    origin = "not set" if asked is None else f"set to {asked.factor:g} by {asked.where}"
    board = "emulated board" if outcome.emulated else "board"
    parts = [
        f"{outcome.biological_ms:g} ms of biological time in {outcome.wall_s:.1f} s",
        f"timeScaleFactor {outcome.used:g} ({origin})",
    ]
    if outcome.board_speed is not None:
        parts.append(f"{board} at {outcome.board_speed:.2f} of that pace")
        if outcome.board_speed < SLOW:
            reachable = outcome.used / outcome.board_speed
            parts[-1] += f", as if timeScaleFactor were {reachable:.3g}"
    return "; ".join(parts)


def overrun(overruns: Overruns) -> str | None:
    """Put into a line that cores were too slow for their work; None when they were not."""
    if not overruns.cores:
        return None
    cores = "1 core was" if overruns.cores == 1 else f"{overruns.cores} cores were"
    return (
        f"warning: {cores} not done when the next time step began, up to {overruns.worst} times: "
        "spikes may be lost. A larger --time-scale-factor, or fewer neurons on a core "
        "(set_number_of_neurons_per_core), gives them time"
    )
