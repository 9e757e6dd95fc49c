"""sPyNNaker's network at the end of a script: who wants to look at it, and letting it go."""

from __future__ import annotations

import sys
from collections.abc import Callable

from spinnlive.toolchain import recorded

_before_end: list[Callable[[], None]] = []


def before_end(action: Callable[[], None]) -> None:
    """Call ``action`` for each network that has run, before it is ended."""
    _before_end.append(action)


def about_to_end() -> None:
    """Let those look who asked to; called by ``end()``, and by ``setup()`` before another
    network."""
    if recorded.has_run():
        for action in _before_end:
            action()


def time_ms() -> float:
    """Give the biological time that the network has run for, since its last reset."""
    from spynnaker.pyNN.data import SpynnakerDataView

    return float(SpynnakerDataView.get_current_run_time_ms())


def time_scale_factor() -> float:
    """Give the timeScaleFactor of the network."""
    from spynnaker.pyNN.data import SpynnakerDataView

    return float(SpynnakerDataView.get_time_scale_factor())


def finish() -> None:
    """End the network if the script did not; its board is free then. Does nothing without one."""
    if "spynnaker.pyNN.data" not in sys.modules:
        return
    from spynnaker.pyNN.data import SpynnakerDataView

    if SpynnakerDataView.is_setup() and not SpynnakerDataView.is_shutdown():
        import spynnaker.pyNN

        about_to_end()
        spynnaker.pyNN.end()
