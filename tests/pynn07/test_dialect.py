"""PyNN 0.7's names against the shapes, orders and units that 0.7.5 and sPyNNaker7 document.

One network uses them all; today's ``spinnaker_get_data`` is the oracle for what was recorded.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

NETWORKS = Path(__file__).parent / "networks"
PRECISION = 2.0**-11
"""Weights have 16 bits; the largest of them here leave 9 fraction bits or more."""


def header(text: str) -> dict[str, str]:
    lines = [line[2:] for line in text.splitlines() if line.startswith("# ")]
    return dict(line.split(" = ") for line in lines)


def rows(path: Path) -> list[list[float]]:
    return np.loadtxt(path, ndmin=2).tolist()


@pytest.mark.board
def test_every_name_of_07(run: Any, tmp_path: Path) -> None:
    done = run(NETWORKS / "dialect.py", tmp_path)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["one module"]
    check_recording(seen)
    check_cells(seen)
    check_weights(seen)
    check_files(tmp_path)
    assert seen["time"] == [60.0, 1.0, 1.0, 20.0]
    assert seen["time after reset"] == 0.0
    assert seen["setup"] == 0
    assert seen["rank"] == [0, 1]
    assert seen["errors"] == [
        "UsageError",
        "UsageError",
        "UsageError",
        "UsageError",
        "NonExistentParameterError",
        "AssertionError",
        "RecordingError",
        "InvalidDimensionsError",
        "NotImplementedError",
        "RunStateError",
        "UsageError",
        "KeyError",
        "NotImplementedError",
    ]


def check_recording(seen: dict[str, Any]) -> None:
    assert seen["shapes"] == [2, [6 * 60, 3], [6 * 60, 4], 2]
    assert seen["types"] == ["float64"]
    assert seen["as today"] == [True] * 6
    assert seen["source spikes"] == [[0.0, 2.0], [0.0, 20.0], [1.0, 3.0], [1.0, 21.0]]
    assert seen["spikes of"][0] == 12
    assert min(seen["spikes of"]) > 0
    assert seen["times of neuron 2"]
    assert seen["view"] == [[2 * 60, 3], [10.0, 11.0]]
    assert seen["counts"] and seen["mean"]


def check_cells(seen: dict[str, Any]) -> None:
    assert -65.0 - 0.001 <= seen["initial v"][0] < seen["initial v"][1] <= -60.0 + 0.001
    assert seen["v of late"] == -60.0
    np.testing.assert_allclose(seen["i_offset"], np.linspace(0, 2, 6), atol=1e-3)
    assert len(set(seen["tau_m"])) == 6
    assert all(18.0 <= each <= 22.0 for each in seen["tau_m"])
    np.testing.assert_allclose(seen["set"], [0.9, -51.0, 4.0, 2.0], atol=1e-3)


def check_weights(seen: dict[str, Any]) -> None:
    weights, delays = seen["weights"], seen["delays"]
    for label in ("arrays", "the same connector"):
        assert weights[label] == [2.0, 4.0, 6.0, 8.0, 10.0, 12.0]
        assert delays[label] == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    # a line of six against a grid of two columns of three, by pre, then by post
    grid = [(x, y) for x in range(2) for y in range(3)]
    distances = [np.hypot(x - pre, y) for pre in range(6) for x, y in grid]
    np.testing.assert_allclose(
        weights["expression"], 0.1 * np.asarray(distances), atol=4 * PRECISION
    )
    assert all(1.0 <= each <= 4.0 for each in delays["expression"])
    assert weights["function"] == [0.5] * 36
    assert weights["negative"] == [0.25] * 30
    assert (weights["list"], delays["list"]) == ([0.25, 0.5, 0.5], [2.0, 4.0, 3.0])
    assert len(weights["positional"]) == 36
    assert all(0.25 <= each <= 0.5 for each in weights["positional"])
    assert delays["positional"] == [3.0] * 36
    # 6 neurons on a 2 by 3 grid: themselves and 14 neighbours
    assert sorted(delays["distance"]) == [1.0] * 6 + [2.0] * 14
    assert (len(weights["total"]), len(weights["to each"])) == (7, 12)
    assert delays["total"] == [1.0] * 7
    assert (weights["connect"], delays["connect"]) == ([0.5] * 36, [2.0] * 36)
    assert seen["plastic"] == [[6 * 300], [6]]
    assert 0.0 <= seen["plastic range"][0] <= seen["plastic range"][1] <= 5.0
    assert seen["plastic delays"] == [[5.0], [1.0]]
    assert seen["a plus"] == [0.5, 0.25]
    assert seen["arrays agree"]
    assert seen["array"] == [[6, 6], 0.75, True, 0.5]
    assert seen["length"] == [3, 3, True, True]
    assert seen["connection"] == [0, 1, 0.25, 2.0]
    assert seen["histogram"] == [[3, 3], [2.0, 7.0, 12.0]]
    assert seen["from file"] == [[0, 1], [0, 1], [3, 2]]


def check_files(folder: Path) -> None:
    spikes = (folder / "source.spikes").read_text()
    assert header(spikes) == {
        "variable": "spikes",
        "size": "6",
        "first_index": "0",
        "last_index": "6",
        "first_id": "0",
        "last_id": "5",
        "label": "source",
        "dt": "1.0",
        "n": "0",  # reset() deletes what was recorded
    }
    assert header((folder / "cells.spikes").read_text())["label"] == "cells"
    compatible, own = rows(folder / "cells.spikes"), rows(folder / "cells.own")
    assert [[neuron, time] for time, neuron in compatible] == own
    assert np.shape(rows(folder / "new" / "cells.v")) == (6 * 60, 2)
    assert rows(folder / "new" / "cells.v")[-1][1] == 5.0
    assert np.shape(rows(folder / "cells.gsyn")) == (6 * 60, 3)
    assert rows(folder / "list.connections") == [[0, 1, 0.25, 2], [0, 1, 0.5, 4], [3, 2, 0.5, 3]]
    weights = np.asarray(rows(folder / "weights"))
    assert weights.shape == (6, 6)
    assert weights.sum() == np.trace(weights) == 42.0


@pytest.mark.board
def test_todays_dialect_is_untouched(run: Any) -> None:
    ours, genuine = (run(NETWORKS / "today.py", which) for which in ("ours", "genuine"))
    assert ours.returncode == genuine.returncode == 0, ours.stderr + genuine.stderr
    assert json.loads(ours.stdout) == json.loads(genuine.stdout)
    assert all(json.loads(ours.stdout)["kinds"])
    assert "timeScaleFactor 2 (set to 2 by setup())" in ours.stderr
