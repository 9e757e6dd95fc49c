"""Existing programs, unmodified, beside a live run of ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

NETWORKS = Path(__file__).parent / "networks"


@pytest.mark.board
def test_the_official_python_client_takes_part_from_another_process(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    environment = {**os.environ, "HOME": str(tmp_path), "MPLCONFIGDIR": str(tmp_path)}
    client = subprocess.Popen(
        [sys.executable, NETWORKS / "official_client.py"],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert client.stdout is not None
    try:
        port = client.stdout.readline().strip()
        address = request.config.getoption("--board") or "emulated"
        done = subprocess.run(
            [sys.executable, NETWORKS / "official_beside_ours.py", address, port],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        theirs, _ = client.communicate("")
    finally:
        client.kill()
        client.wait()
    seen = json.loads(done.stdout)
    assert seen["received"] == seen["recorded"]
    assert len(seen["recorded"]) == 80
    assert [tuple(each) for each in json.loads(theirs.splitlines()[-1])] == [
        tuple(each) for each in seen["recorded"]
    ]
