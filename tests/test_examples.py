"""The examples do what they say, as a new user starts them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fonts import fonts

EXAMPLES = Path(__file__).parent.parent / "examples"

SAID = {
    "external_clock": "",
    "first_light": "",
    "inject": "Played(start=300, spikes=10",
    "lockstep": "",
    "rates": "",
    "record": "",
    "set_weights": "",
    "voltage": "",
    "wait_for": "answer",
    "watch_merged": "",
    "watch_weights": "",
    "window": "",
}
"""What each says whatever the machine it runs on; of the others some want a display, a package or pytest."""


@pytest.mark.parametrize("name", SAID)
def test_an_example_runs(name: str, tmp_path: Path) -> None:
    home, here = tmp_path / "home", tmp_path / "here"
    home.mkdir()
    here.mkdir()
    done = subprocess.run(
        [sys.executable, "-P", EXAMPLES / f"{name}.py"],
        cwd=here,
        env={**os.environ, "HOME": str(home), "MPLCONFIGDIR": fonts()},
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert done.returncode == 0, done.stderr
    assert SAID[name] in done.stdout
