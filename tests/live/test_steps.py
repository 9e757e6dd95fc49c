"""A closed loop in lockstep with a network on a board: exact, complete, the same every time."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.board
def test_steps_are_exact_complete_and_reproducible(play: Any) -> None:
    seen = play("steps.py")
    assert seen["after the steps"] == 61 * 3
    # one that is cancelled is taken all the same, and the next one waits for it
    assert seen["cancelled"]
    assert seen["after a cancelled one"] == 63 * 3
    # leaving in the middle of a part takes one tick
    assert seen["after leaving"] == 63 * 3 + 1
    assert seen["after a run"] == 63 * 3 + 1 + 40
    assert seen["after shorter steps"] == seen["after a run"] + 22
    # a step of another length leaves stepped mode and enters it anew
    assert seen["at the end"] == seen["after shorter steps"] + 1 + 3
    assert "spikes of another step" not in seen
    assert seen["spikes"] > 100
    assert seen["live equals recorded"]
    assert seen["injected as asked"]
    assert seen["too many spikes"] == seen["no whole tick"] == "UsageError"
    assert seen["a report between steps"] == seen["after closing"] == "RunStateError"
    assert play("steps.py") == seen


@pytest.mark.board
def test_a_core_that_dies_in_a_step_is_one_clear_error(play: Any) -> None:
    seen = play("dying.py")
    for name in ("run-time error", "dead core"):
        kind, message = seen[name]
        assert kind == "CoreFailure"
        assert "'busy'" in message
