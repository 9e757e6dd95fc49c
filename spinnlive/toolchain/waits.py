"""sPyNNaker's waits while it loads a network, no longer than what they wait for.

Two of them are half of a network's loading time. Each time that sPyNNaker has started programs that
prepare the network on its chips (expanders of synapses and of neurons), it sleeps for half a second
before it looks whether their cores are ready: `until_ready` looks meanwhile, and ends the sleep.
And its databases have every entry, down to each time that it measured, on the disk before it goes
on: those in our scratch folder, which goes when the process ends, need not outlive a power cut.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from spinnlive.toolchain import private

POLL_S = 0.01
"""How often the board is asked whether cores are ready (seconds)."""


def shorten(scratch: Callable[[], Path]) -> None:
    """Have sPyNNaker wait so. ``scratch`` gives the folder whose databases are of the moment."""
    private.replace_settling(until_ready)
    private.after_connecting(lambda database, file: _of_the_moment(database, file, scratch()))


def until_ready(seconds: float, cores: int, app_id: int) -> None:
    """Sleep so long, or until so many cores of the application are ready."""
    from spinn_front_end_common.data import FecDataView
    from spinnman.model.enums import CPUState

    board = FecDataView.get_transceiver()
    deadline = time.monotonic() + seconds
    while board.get_core_state_count(app_id, CPUState.READY) < cores:
        if time.monotonic() >= deadline:
            return  # what sPyNNaker does next says what is wrong
        time.sleep(POLL_S)


def _of_the_moment(database: Any, file: str, scratch: Path) -> None:
    if Path(file).is_relative_to(scratch):
        database.execute("PRAGMA synchronous=OFF")
        database.execute("PRAGMA journal_mode=MEMORY")
