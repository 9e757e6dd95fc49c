"""Driving a network from the host on a board: timed spikes, trains, a flood, rates, pace, stall."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.board
def test_everything_that_drives_a_network(play: Any) -> None:
    seen = play("driven.py")
    # every spike that left the host fired on the board, a flood of 157 datagrams included
    assert seen["sent"] == 20_005
    assert seen["recorded"] == 20_005
    assert seen["waiting"] == 0
    assert seen["in order of time"] in ([7, 199, 1, 2, 3], [199, 7, 1, 2, 3])
    before, during, after = seen["noise"]
    assert before == 0
    assert during > 0
    faster, silent = seen["faster and silent"]
    assert faster > silent
    assert after > 0
    assert seen["ticks"] == sorted(set(seen["ticks"]))
    assert seen["ticks"]
    assert all(tick % 100 == 0 for tick in seen["ticks"])
    assert seen["tick times"] == seen["ticks"]
    assert seen["factors asked"] == [1]
    assert seen["telemetry in order"]
    assert "fell behind" in seen["stall"]
    assert seen["stalled"] == [True]
    assert seen["went on to"] == seen["stopped at"] + 10
    assert "'cells'" in seen["no rates"]
    assert "noise" in seen["no rates"]
