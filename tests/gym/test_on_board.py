"""A reflex on a board, closed over CartPole."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fonts import fonts

NETWORK = Path(__file__).parent / "networks" / "reflex.py"
PERIOD = 20


@pytest.mark.board
def test_the_cart_goes_where_the_pole_leans(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, NETWORK, request.config.getoption("--board") or "emulated"],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path), "MPLCONFIGDIR": fonts()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    begin = PERIOD  # the slice that entered stepped mode
    for number, (tick, leaning, action, counts) in enumerate(seen["stepped"], start=1):
        assert tick == begin + number * PERIOD
        assert leaning == action
        assert counts[leaning] > 0 and counts[1 - leaning] == 0
    # on a busy machine periods are held: the environment makes as many steps, of whole periods
    ticks = [tick for tick, *_ in seen["real time"]]
    assert len(ticks) == len(seen["stepped"])
    assert all(tick % PERIOD == 0 for tick in ticks) and ticks == sorted(set(ticks))
    steps = len(ticks) - 1
    assert PERIOD * steps <= ticks[-1] - ticks[0] <= PERIOD * (steps + seen["held"])
