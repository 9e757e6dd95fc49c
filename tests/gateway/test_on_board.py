"""The door of a live run on a board: a client that does everything, and an event camera both ways."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

NETWORK = Path(__file__).parent / "networks" / "served.py"
PATIENCE_S = 270


@pytest.fixture(scope="module")
def seen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What came of one run, for all tests of this file."""
    folder = tmp_path_factory.mktemp("served")
    done = subprocess.run(
        [sys.executable, NETWORK, request.config.getoption("--board") or "emulated"],
        cwd=folder,
        env={**os.environ, "HOME": str(folder), "MPLCONFIGDIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.board
def test_a_client_sets_rates_and_counts_in_windows(seen: Any) -> None:
    """The windows are what the board recorded; with rates of 0 they become silent."""
    ticks = [tick for tick, _ in seen["windows"]]
    width = ticks[1] - ticks[0]
    assert ticks == list(range(ticks[0], ticks[-1] + 1, width))
    assert max(sum(counts) for _, counts in seen["windows"]) > 0
    assert sum(seen["windows"][-1][1]) == 0
    for begin, counts in seen["windows"]:
        # a Poisson source that fires twice in a tick sends one packet (docs/streams.md)
        recorded = [
            len({tick for tick in train if begin <= tick < begin + width})
            for train in seen["noise"]
        ]
        assert counts == recorded, f"window from tick {begin}"


@pytest.mark.board
def test_a_client_reads_weights_injects_and_steps(seen: Any) -> None:
    assert seen["weights"] == [[200, 200], 200, "nA", pytest.approx(80.0, rel=1e-3)]
    assert seen["answer"] == [3, 77]
    begin, *after = seen["steps"]
    assert after == [begin + 30, begin + 60]
    tick, answer = seen["answer to a step"]
    assert answer == [5] and after[0] < tick <= after[1]
    assert tick in seen["relay"][5]
    assert seen["server"] == [{}, 0]


@pytest.mark.board
def test_aestream_is_the_camera_and_the_receiver(seen: Any) -> None:
    """Events sent twice, with and without time stamps, are what the board recorded; what fired
    went to AEStream's own receiver."""
    if "camera" not in seen:
        pytest.skip("aestream is not installed: no real camera stream to test with")
    assert seen["camera"] == [400, 0]
    fired = np.array([len(train) for train in seen["retina"]])
    fired[[3, 77, 5]] -= 1  # the client's
    assert fired.tolist() == [2] * 200
    assert seen["picture"] == [2.0] * 200
