"""What benchmarks share that compare clients: the command, each client's turn in a process of its own, and the
conditions in one line."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import trio
from taking_turns import processors

SETTINGS = """[Machine]
machine_name = {address}
version = 3
post_simulation_overrun_before_error = 600
enable_advanced_monitor_support = False
[Java]
use_java = False
[Logging]
default = error
[Reports]
read_placements_provenance_data = True
write_provenance = True
"""
"""What both clients find as the user's cfg; provenance is what the cores counted themselves."""


def run_client(script: str, client: str, address: str, count: int, folder: Path) -> Any:
    """Give what ``script --client ...`` printed, as JSON; in a new process, as sPyNNaker keeps its state."""
    (folder / ".spynnaker.cfg").write_text(SETTINGS.format(address=address))
    result = subprocess.run(
        [
            sys.executable,
            script,
            "--client",
            client,
            "--address",
            address,
            "--count",
            str(count),
        ],
        cwd=folder,
        env={**os.environ, "HOME": str(folder)},
        capture_output=True,
        check=False,
    )
    if result.returncode != 0:
        raise SystemExit(f"the {client} client failed:\n{result.stderr.decode()[-2000:]}")
    return json.loads(result.stdout.splitlines()[-1])


def conditions(given_up_s: float) -> str:
    """Say how busy the machine was, and how far its emulated board fell behind."""
    minute = os.getloadavg()[0]
    return (
        f"emulated SpiNN-3 that fell behind by {given_up_s:.2f} s in all, on {os.cpu_count()} cores {processors()}, "
        f"with a load of {minute:.1f} over the last minute"
    )


def run_benchmark(
    description: str | None,
    compare: Callable[[int], Awaitable[None]],
    clients: Mapping[str, Callable[[str, int], Any]],
    *,
    count: int,
    of_what: str,
) -> None:
    """The benchmark's command: compare the clients, or with ``--client`` measure one, as `run_client` wants it.

    ``compare`` is given how many of what, each of ``clients`` the board's address as well; it is in the cfg file too.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--count", type=int, default=count, help=of_what)
    parser.add_argument("--client", choices=list(clients))
    parser.add_argument("--address", default="")
    arguments = parser.parse_args()
    if arguments.client is None:
        trio.run(compare, arguments.count)
    else:
        print(json.dumps(clients[arguments.client](arguments.address, arguments.count)))
