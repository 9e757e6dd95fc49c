"""`spinnlive serve SCRIPT`, whole: a script that knows nothing of it, and a client."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import spinnlive

NETWORKS = Path(__file__).parent / "networks"
SERVE = [sys.executable, "-P", "-c", "from spinnlive.cli import main; main()", "serve"]


@pytest.mark.board
async def test_a_script_of_two_runs_is_served(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    address = request.config.getoption("--board")
    chosen = [] if address is None else ["--board", address]
    process = subprocess.Popen(  # noqa: ASYNC220 - nothing else is to go on meanwhile
        [*SERVE, "--port", "0", *chosen, NETWORKS / "two_runs.py"],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path), "MPLCONFIGDIR": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin and process.stdout and process.stderr
    try:
        line = process.stdout.readline()
        assert line == "[1, 1]\n", line + process.stderr.read()
        said = process.stderr.readline()
        url = next(word for word in said.split() if word.startswith("tcp://"))
        async with spinnlive.connect(url) as remote:
            assert [each.label for each in remote.populations if each.live] == ["relay"]
            assert remote.rights == ("read",)
            async with remote.spikes("relay") as spikes:
                process.stdin.write("\n")
                process.stdin.flush()
                batch = await anext(spikes)
                assert batch.neuron_ids.tolist() == [1]
                assert 130 < batch.tick < 140
                assert process.stdout.readline() == "[1, 2]\n"
                process.stdin.write("\n")
                process.stdin.flush()
                assert [each async for each in spikes] == []  # it ends with the script's network
        assert process.stdout.readline() == "ended\n"
        assert process.wait() == 0
    finally:
        process.kill()
        process.wait()
