"""A live run on a machine of several boards, in a process of its own."""

from __future__ import annotations

from typing import Any

import pytest


def test_three_boards_are_one_machine(request: pytest.FixtureRequest, play: Any) -> None:
    if request.config.getoption("--board"):
        pytest.skip("makes its own machine")
    seen = play("boards.py")
    near, far, _ = seen["boards"]
    assert seen["weights"] == [80.0] * 10
    merged = seen["merged"]
    # both fire in the same tick: the injector's spike comes to both within it
    assert merged == sorted(merged, key=lambda each: (each[0], each[1] == "far"))
    assert [each[1:] for each in merged] == [
        [label, [number % 10]] for number in range(20) for label in ("near", "far")
    ]
    assert seen["stands at its watermark"]
    assert seen["weights set"] == [80.0] * 4 + [0.0] * 6
    assert [[label, ids] for _, label, ids in seen["steps"]] == [
        ["near", [3, 4]],
        ["far", [3]],
        ["near", [5]],
    ]
    assert all(
        begin <= tick < begin + 5
        for (tick, _, _), begin in zip(seen["steps"], (0, 0, 5), strict=True)
    )
    assert seen["gatherers"] == [[0, 0, near], [4, 8, far]]
    assert seen["missed"] == [0, 0]
    assert seen["complete"]
    assert seen["delivered"] == {"near": [23, 0, 23, 0], "far": [21, 0, 21, 0]}
