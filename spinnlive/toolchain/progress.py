"""sPyNNaker's progress bars, sent to a function of ours instead of stderr.

Their one class is used from every module of sPyNNaker, so its drawing methods are replaced in
place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spinnlive.toolchain.private import progress_bar_class

Sink = Callable[[str, float], None]
"""Takes what sPyNNaker is doing and how much of it is done, 0 to 1."""


def redirect(sink: Sink | None) -> None:
    """Send every progress bar to ``sink`` from now on; None draws nothing.

    The sink is called from the worker thread. There is no way back to the drawn bars: who has a
    live run open wants none of them among its own output.
    """
    bar = progress_bar_class()

    def start(self: Any, description: str) -> None:
        if sink is not None:
            sink(description or "", 0.0)

    def advance(self: Any, length: int) -> None:
        if sink is not None:
            sink(str(self._string), length / self.MAX_LENGTH_IN_CHARS)

    def finish(self: Any) -> None:
        if sink is not None:
            sink(str(self._string), 1.0)

    bar._print_distance_indicator = start
    bar._print_progress = advance
    bar._print_progress_done = finish
