"""Watching a script's runs: how long they take, how fast the board is, whether its cores keep up."""

from __future__ import annotations

import time
from collections.abc import Callable

from spinnlive.boards.control import BoardStatus
from spinnlive.script import progress
from spinnlive.script.report import Outcome
from spinnlive.toolchain import overruns, session, timing
from spinnlive.toolchain.hook import after_import
from spinnlive.toolchain.overruns import Overruns
from spinnlive.toolchain.pace import RunMeter
from spinnlive.toolchain.progress import redirect

NOTICING_S = 0.3
"""How long it may take to notice that a run is over (seconds)."""


class Watch:
    """Measures every run of the script, from `begin` to `outcome`.

    ``status`` asks the emulated board how it is, or gives None for another board.
    """

    def __init__(self, status: Callable[[], BoardStatus | None]) -> None:
        self._status = status
        self._meter = RunMeter()
        self._since: tuple[BoardStatus, float] | None = None
        self._emulated_s = 0.0
        self._wall_s = 0.0
        self._ended: tuple[float, float] | None = None
        self._late: list[Overruns] = []

    def begin(self, *, show: bool, keep_bars: bool) -> None:
        """Watch from now on; ``show``: progress on the terminal; ``keep_bars``: sPyNNaker's own."""

        def arrange(_: object) -> None:
            self._meter.watch(
                progress.run_sink() if show else None,
                self._run_begins,
                lambda: self._run_ends(show),
            )
            if not keep_bars:
                redirect(progress.work_sink() if show else None)

        overruns.ask_for()
        session.before_end(self._network_ends)
        after_import("spynnaker.pyNN.spinnaker", arrange)

    def outcome(self, wall_s: float, emulated: bool) -> Outcome | None:
        """Give what the script came to in ``wall_s`` seconds; None when nothing ran."""
        measured = self._meter.runs > 0
        if not measured and self._ended is None:
            return None
        time_ms, factor = self._ended or (0.0, 1.0)
        return Outcome(
            biological_ms=self._meter.biological_ms if measured else time_ms,
            wall_s=wall_s,
            board_speed=self._speed() if measured else None,
            asked=timing.asked(),
            used=self._meter.time_scale_factor if measured else factor,
            emulated=emulated,
            overruns=tuple(self._late),
        )

    def _run_begins(self) -> None:
        status = self._status()
        self._since = None if status is None else (status, time.monotonic())

    def _run_ends(self, show: bool) -> None:
        status = self._status()
        if status is not None and self._since is not None:
            before, start = self._since
            self._emulated_s += status.emulated_s - before.emulated_s
            self._wall_s += time.monotonic() - start
        if show:
            progress.clear()

    def _network_ends(self) -> None:
        self._ended = (session.time_ms(), session.time_scale_factor())
        self._late.append(overruns.count())

    def _speed(self) -> float:
        """Give the board's speed relative to the pace asked for: an emulated board's by its own
        clock, another's by how much longer the runs took than they should."""
        if self._wall_s:
            return min(1.0, self._emulated_s / self._wall_s)
        planned_s = self._meter.biological_ms / 1000 * self._meter.time_scale_factor
        late_s = self._meter.wall_s - planned_s - NOTICING_S * self._meter.runs
        return 1.0 if late_s <= 0 else planned_s / (planned_s + late_s)
