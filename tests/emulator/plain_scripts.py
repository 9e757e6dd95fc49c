"""Run the plain sPyNNaker and SpiNNMan scripts of ``scripts/`` as their authors would."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import trio

from spinnlive.boards.emulated import EmulatedBoard

SCRIPTS = Path(__file__).parent / "scripts"

SETTINGS = """[Machine]
machine_name = {address}
version = {version}
post_simulation_overrun_before_error = 600
[Java]
use_java = False
"""


async def run_script(script: Path, folder: Path, board: EmulatedBoard, *arguments: str) -> str:
    """Run a script as its author would: in a folder with a cfg that names the board; give what it said."""
    (folder / ".spynnaker.cfg").write_text(
        SETTINGS.format(address=board.address, version=board.version)
    )
    result = await trio.run_process(
        [sys.executable, str(script), *arguments],
        cwd=folder,
        env={**os.environ, "HOME": str(folder)},
        capture_stdout=True,
        stderr=subprocess.STDOUT,
        check=False,
    )
    said = result.stdout.decode()
    assert result.returncode == 0, said[-4000:]
    return said
