"""One line on the terminal while the demo runs: a small cart with its pole, the time, the count of
falls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.text import Text

from spinnlive.demo.loop import CONTROL_TICKS, Trace
from spinnlive.demo.network import TIMESTEP_MS

TRACK_M = 2.4
"""Half the length of CartPole's track: beyond it the episode is lost (m)."""

HALF_WIDTH = 12
"""Half the width of the track on the terminal (characters)."""

LEAN_RAD = 0.02
"""Pole angle from which on it is drawn leaning; CartPole counts a fall at 0.21 (rad)."""

SHOW_STEPS = 5
"""Steps between two frames: ten a second at real time."""


@contextmanager
def progress_line(steps: int, *, shown: bool) -> Iterator[Callable[[Trace], None]]:
    """Give a function that shows the state of a trace, on stderr if that is a terminal."""
    console = Console(stderr=True)
    if not shown or not console.is_terminal:
        yield lambda trace: None
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:

        def show(trace: Trace) -> None:
            if trace.steps % SHOW_STEPS == 0:
                live.update(frame(trace, steps), refresh=True)

        yield show


def frame(trace: Trace, steps: int) -> Text:
    """Draw the latest state of a trace as one line."""
    position, _, angle, _ = trace.states[-1][1]
    pole = "|" if abs(angle) < LEAN_RAD else "/" if angle > 0 else "\\"
    place = round(max(-1.0, min(1.0, position / TRACK_M)) * HALF_WIDTH) + HALF_WIDTH
    track = "·" * place + pole + "·" * (2 * HALF_WIDTH - place)
    step_s = CONTROL_TICKS * TIMESTEP_MS / 1000.0
    falls = sum(episode.ending == "fell" for episode in trace.episodes)
    line = Text(f"{trace.steps * step_s:5.1f} of {steps * step_s:.1f} s  ")
    line.append(track, style="bold")
    line.append(f"  pole {angle * 57.2958:+5.1f}°  falls {falls}")
    return line
