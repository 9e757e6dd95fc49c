"""The long replay, short: two seconds of a live run with injection, live output and weights read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.board
def test_a_live_run_is_had_again_bit_for_bit(tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    done = subprocess.run(
        [sys.executable, Path(__file__).parent, "replay", "--seconds", "2", "--output", log],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("difference=None") == 2
