"""How long the board takes for a run: measured where sPyNNaker waits for it.

sPyNNaker waits for the end of a run of known length in one ``sleep``, some time longer than the run
should take. Ours, put in its place, looks at the clock while it waits, and tells how far the run is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from spinnlive.toolchain import private
from spinnlive.toolchain.early_stop import POLL_S, any_core_runs

OVERDUE_POLL_S = 0.02
"""How often the board is asked whether a run is over that should be (seconds)."""

RunSink = Callable[[float, float], None]
"""Takes the biological time that has passed of a run, by the pace asked for, and its length (ms)."""


@dataclass(slots=True)
class RunMeter:
    """What the runs of this process came to, without loading and reading back.

    ``runs``: how many there were; their biological time in ms and wall time in s; the
    timeScaleFactor of the last.
    """

    runs: int = 0
    biological_ms: float = 0.0
    wall_s: float = 0.0
    time_scale_factor: float = 1.0

    def watch(
        self,
        sink: RunSink | None = None,
        before: Callable[[], None] | None = None,
        after: Callable[[], None] | None = None,
    ) -> None:
        """Measure every run from now on; ``before`` and ``after`` are called around each."""

        def wait(seconds: float) -> None:
            from spinn_front_end_common.data import FecDataView

            factor = FecDataView.get_time_scale_factor()
            planned_s = max(0.0, seconds - private.run_margin_s())
            length_ms = 1000.0 * planned_s / factor
            if before is not None:
                before()
            start = time.monotonic()
            while (spent := time.monotonic() - start) < planned_s or any_core_runs():
                if sink is not None:
                    sink(min(1000.0 * spent / factor, length_ms), length_ms)
                time.sleep(min(POLL_S, planned_s - spent) if spent < planned_s else OVERDUE_POLL_S)
            self.runs += 1
            self.time_scale_factor = factor
            self.wall_s += time.monotonic() - start
            self.biological_ms += length_ms
            if after is not None:
                after()

        private.replace_sleep(wait)
