"""The words at the end of a script."""

from __future__ import annotations

from spinnlive.script.report import Outcome, overrun, summary
from spinnlive.toolchain.limits import does_not_fit
from spinnlive.toolchain.overruns import Overruns
from spinnlive.toolchain.timing import TimeScale


def test_the_pace_that_was_kept() -> None:
    line = summary(Outcome(1000.0, 12.34, 1.0, None, 10.0, True))
    assert line == (
        "1000 ms of biological time in 12.3 s; timeScaleFactor 10 (not set); "
        "emulated board at 1.00 of that pace"
    )


def test_the_pace_that_was_not_kept() -> None:
    line = summary(Outcome(1000.0, 12.34, 0.25, TimeScale(2, "the cfg"), 2.0, True))
    assert line.endswith(
        "timeScaleFactor 2 (set to 2 by the cfg); emulated board at 0.25 of that pace, "
        "as if timeScaleFactor were 8"
    )
    assert "; board at 1.00" in summary(Outcome(1.0, 1.0, 1.0, None, 1.0, False))


def test_slow_cores() -> None:
    assert overrun(Overruns(0, 0)) is None
    assert "1 core was not done" in str(overrun(Overruns(1, 7)))
    assert "3 cores were not done when the next time step began, up to 7" in str(
        overrun(Overruns(3, 7))
    )


def test_which_machine_would_do() -> None:
    assert "--chips 48" in does_not_fit(165, 68, 4)
    assert "at least 2 SpiNN-5 boards" in does_not_fit(900, 68, 4)
    assert "at least 2 SpiNN-5 boards" in does_not_fit(817, 816, 48)
    assert "60 cores do not fit" in does_not_fit(60, 68, 4)
