"""One line on the terminal that says what takes so long, and goes when it is over."""

from __future__ import annotations

import sys

from spinnlive.toolchain.pace import RunSink
from spinnlive.toolchain.progress import Sink

BAR = 30
"""Width of the bar (characters)."""


def wanted() -> bool:
    """Say whether there is a terminal to say it on."""
    return sys.stderr.isatty()


def _draw(text: str, share: float) -> None:
    filled = round(BAR * min(1.0, max(0.0, share)))
    line = "" if share >= 1.0 else f"{text:<44.44} {'━' * filled}{' ' * (BAR - filled)}"
    sys.stderr.write(f"\r\x1b[2K{line}")
    sys.stderr.flush()


def work_sink() -> Sink:
    """Make what is told of sPyNNaker's work: what it does, and which share of it is done."""
    return _draw


def run_sink() -> RunSink:
    """Make what is told of a run: the biological time that has passed of it, and its length
    (ms)."""

    def tell(now_ms: float, length_ms: float) -> None:
        share = min(0.999, now_ms / length_ms) if length_ms else 0.999
        _draw(f"Running: {now_ms / 1000:.1f} of {length_ms / 1000:.1f} s", share)

    return tell


def clear() -> None:
    """Take the line away."""
    _draw("", 1.0)
