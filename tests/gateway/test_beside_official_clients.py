"""Existing programs, unmodified, beside a live run of ours: both receive and both inject at once."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SOURCES = "SPINNLIVE_VISUALISER_LIB"
"""Environment variable: the folder spynnaker_external_device_lib of SpiNNakerManchester/Visualiser."""


@pytest.fixture
def beside(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[list[str]], None]:
    """Call with the command of a client: it must see what our live run sees, and the board."""

    def run(command: list[str]) -> None:
        environment = {**os.environ, "HOME": str(tmp_path), "MPLCONFIGDIR": str(tmp_path)}
        client = subprocess.Popen(
            command,
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
                [sys.executable, HERE / "networks" / "official_beside_ours.py", address, port],
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
        assert json.loads(theirs.splitlines()[-1]) == seen["recorded"]

    return run


@pytest.mark.board
def test_the_official_python_client(beside: Callable[[list[str]], None]) -> None:
    beside([sys.executable, str(HERE / "networks" / "official_client.py")])


@pytest.mark.board
def test_the_cpp_client_of_the_visualisers(
    beside: Callable[[list[str]], None], tmp_path: Path
) -> None:
    if SOURCES not in os.environ:
        pytest.skip(f"the visualisers' sources are not here: {SOURCES} names no folder")
    if shutil.which("g++") is None:
        pytest.skip("g++ is not installed: the visualisers' C++ client is not built")
    folder = Path(os.environ[SOURCES])
    program = tmp_path / "official"
    ours = HERE / "clients" / "official_client.cpp"
    subprocess.run(
        [
            *("g++", "-std=c++17", "-w", f"-I{folder}"),
            *(ours, *folder.glob("*.cpp")),
            *("-o", program, "-lsqlite3", "-lpthread"),
        ],
        check=True,
    )
    beside([str(program)])
