"""Networks on a board, each in a process of its own because sPyNNaker keeps global state."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fonts import fonts

NETWORKS = Path(__file__).parent / "networks"

TIMEOUT_S = 400.0
"""No network takes as long, not even on a machine that is very busy (seconds)."""


@pytest.fixture
def play(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Run a network in an empty HOME and working directory; give what it printed."""

    def run(name: str) -> dict[str, Any]:
        home, here = tmp_path / "home", tmp_path / "here"
        home.mkdir(exist_ok=True)
        here.mkdir(exist_ok=True)
        done = subprocess.run(
            [sys.executable, NETWORKS / name, request.config.getoption("--board") or "emulated"],
            cwd=here,
            env={
                **os.environ,
                "HOME": str(home),
                "MPLCONFIGDIR": fonts(),
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_S,
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        assert list(home.iterdir()) == list(here.iterdir()) == []
        seen: dict[str, Any] = json.loads(done.stdout)
        return seen

    return run
