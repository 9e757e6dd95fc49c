"""How a process has ended, in words."""

from __future__ import annotations

import signal


def describe_exit(code: int | None) -> str:
    """Name the signal behind a negative exit code, as `subprocess` gives them."""
    if code is None:
        return "it still runs"
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"ended by signal {-code}"
