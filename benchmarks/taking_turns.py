"""Two clients measured side by side: each in a process of its own, in turns, on one emulated board."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import trio

TURNS = 2
"""How often each client has its turn."""

SETTINGS = """[Machine]
machine_name = {address}
version = 3
post_simulation_overrun_before_error = 600
{more}
[Java]
use_java = False
[Logging]
default = error
"""

FONTS = str(Path(tempfile.gettempdir()) / "spinnlive-benchmarks-matplotlib")
"""Matplotlib's cache of fonts, which sPyNNaker imports: making it takes seconds, once on each machine."""

LEAN = "enable_advanced_monitor_support = False"
"""What makes the official client's start-up as lean as ours; left out, its defaults are measured."""


def conditions() -> str:
    """Say what the figures were measured on."""
    load = os.getloadavg()[0]
    return (
        f"emulated SpiNN-3, {os.cpu_count()} host CPUs ({platform.machine()}), {processors()}, load {load:.1f} when it "
        "began"
    )


def processors() -> str:
    """Say what becomes of our clients' wish that the processors stay awake; the official one has none."""
    from spinnlive.errors import UsageError
    from spinnlive.live.awake import Awake, idle_driver

    try:
        Awake(True)
    except UsageError:
        return "asleep when idle: this user may not keep them awake"
    return f"asked by spinnlive to stay awake (driver: {idle_driver()})"


async def in_turns(
    script: str, arguments: list[str], *, settings: str = LEAN, turns: int = TURNS
) -> dict[str, list[Any]]:
    """Run ``script --client CLIENT --address ADDRESS arguments`` for both clients in turns; join what each prints as
    a JSON list in its last line."""
    from spinnlive.boards.emulated import EmulatedBoard

    results: dict[str, list[Any]] = {"spinnlive": [], "official": []}
    for _ in range(turns):
        for client, found in results.items():
            async with EmulatedBoard() as board:
                call = partial(run_client, script, client, board.address, arguments, settings)
                found += await trio.to_thread.run_sync(call)
    return results


def run_client(
    script: str, client: str, address: str, arguments: list[str], settings: str
) -> list[Any]:
    """One client's turn, in an empty HOME."""
    with tempfile.TemporaryDirectory() as folder:
        text = SETTINGS.format(address=address, more=settings)
        (Path(folder) / ".spynnaker.cfg").write_text(text)
        result = subprocess.run(
            [sys.executable, "-P", script, "--client", client, "--address", address, *arguments],
            cwd=folder,
            env={**os.environ, "HOME": folder, "MPLCONFIGDIR": FONTS, "PYTHONPATH": _path()},
            capture_output=True,
            check=False,
        )
    if result.returncode != 0:
        raise SystemExit(f"the {client} client failed:\n{result.stderr.decode()[-2000:]}")
    measured: list[Any] = json.loads(result.stdout.splitlines()[-1])
    return measured


def _path() -> str:
    """The benchmarks import each other."""
    here = str(Path(__file__).parent)
    return os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH", "")]))
