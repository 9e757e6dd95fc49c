"""Times that users give become whole ticks, or an error that names them; none reaches sPyNNaker."""

from typing import Any

import pytest

from spinnlive.errors import UsageError
from spinnlive.live.clock import LAST_TICK
from spinnlive.live.ticks import whole_ticks


def test_a_whole_number_of_time_steps_is_taken() -> None:
    assert whole_ticks("duration", 200.0, 1.0) == 200
    assert whole_ticks("duration", 0.3, 0.1) == 3
    assert whole_ticks("duration", LAST_TICK, 1.0) == LAST_TICK


@pytest.mark.parametrize(
    "time_ms", [0, -1, 0.5, float("nan"), float("inf"), 1e30, LAST_TICK + 1, "5", None]
)
def test_what_is_no_time_is_refused(time_ms: Any) -> None:
    with pytest.raises(UsageError, match=r"duration is .* time steps of 1 ms"):
        whole_ticks("duration", time_ms, 1.0)
