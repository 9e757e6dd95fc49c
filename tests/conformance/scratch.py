"""A place of its own for each process: a copy of the material, a HOME whose cfg names the board, and a time limit."""

from __future__ import annotations

import configparser
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import trio

from spinnlive.boards.emulated import EmulatedBoard

PATIENCE_S = 86400
"""How late sPyNNaker lets a run end before it gives up (s): a slow emulated board is late, not broken."""

CFG_NAMES = (".spynnaker.cfg", ".spinnaker.cfg", ".spinnman.cfg")
"""Each package of the toolchain, used by itself, reads a cfg of its own."""


Settings = dict[str, dict[str, str]]
"""Options of a cfg, by section."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended. ``code``: exit code, minus the signal if one killed it; None when its time was up."""

    code: int | None
    output: str


def make_home(folder: Path, board: EmulatedBoard, settings: Settings) -> Path:
    """Make a HOME for the toolchain that names the board, as a user's does, and keeps the reports out of the way.

    ``settings`` are added to its cfg.
    """
    reports = folder / "reports"
    cfg = configparser.ConfigParser()
    cfg["Machine"] = {
        "machine_name": board.address,
        "version": str(board.version),
        "post_simulation_overrun_before_error": str(PATIENCE_S),
    }
    cfg["Reports"] = {"default_report_file_path": str(reports)}
    cfg.read_dict(settings)
    home = folder / "home"
    for path in (home, reports):
        path.mkdir(parents=True, exist_ok=True)
    for name in CFG_NAMES:
        with (home / name).open("w", encoding="utf-8") as file:
            cfg.write(file)
    return home


def copy_material(root: Path, folder: Path) -> Path:
    """Copy the user's folder: scripts write files beside themselves, and must find what lies beside them."""
    copy = folder / root.resolve().name
    shutil.copytree(root, copy, ignore=shutil.ignore_patterns(".git", "__pycache__"))
    return copy


def environment(home: Path, python_path: Sequence[Path]) -> dict[str, str]:
    """The environment of a script or a test: no display, no settings but the HOME's."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    return {
        **kept,
        "HOME": str(home),
        "MPLBACKEND": "Agg",
        "PYTHONPATH": os.pathsep.join(str(path.resolve()) for path in python_path),
        "PYTHONFAULTHANDLER": "1",
    }


async def run_python(
    command: Sequence[str], *, cwd: Path, env: dict[str, str], limit_s: float
) -> Ended:
    """Run Python, the first of ``command``; after ``limit_s`` (s) end it, and all that it has started."""
    output = bytearray()
    process = await trio.lowlevel.open_process(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    assert process.stdout is not None
    code: int | None = None
    try:
        with trio.move_on_after(limit_s):
            while more := await process.stdout.receive_some(65536):
                output += more
            code = await process.wait()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with trio.CancelScope(shield=True):
            await process.wait()
            await process.stdout.aclose()
    return Ended(code, output.decode(errors="replace"))
