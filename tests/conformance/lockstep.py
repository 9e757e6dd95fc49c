"""The fast engine and the plain one in lockstep, for long: booting, and in the middle of networks.

``python tests/conformance/lockstep.py PROGRAM FOLDER``: ``PROGRAM`` is what `make ctest` builds of
c_realtime/tests/lockstep.c; the networks' snapshots are kept in ``FOLDER``. `make conformance` runs it; the short run
of every test run is tests/emulator/test_engines.py.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import trio

from spinnlive.bench.run import NETWORKS
from spinnlive.bench.workload import take_snapshot
from spinnlive.boards.emulated import boot_image

BOOT_MS = {"spinn3": 10_000, "spinn5": 6_000}
"""How long boards boot and idle, in emulated time (ms)."""

NETWORK_MS = 3000
"""How long networks go on, in emulated time (ms)."""


def compare(program: Path, title: str, *options: str | Path) -> bool:
    """Run the comparison, print its outcome, and return whether the engines agreed."""
    done = subprocess.run([program, *options], capture_output=True, text=True, check=False)
    print(f"{title}: {(done.stdout + done.stderr).strip()}", flush=True)
    return done.returncode == 0


def main(program: Path, folder: Path) -> int:
    """Compare all; return the exit code."""
    folder.mkdir(parents=True, exist_ok=True)
    equal = True
    for board, milliseconds in BOOT_MS.items():
        options = ("--board", board, "--image", boot_image(), str(milliseconds))
        equal &= compare(program, f"boot of a {board}", *options)
    for network in NETWORKS:
        file = folder / f"{network.name}.snapshot"
        file.unlink(missing_ok=True)
        trio.run(take_snapshot, network, file)
        equal &= compare(program, network.title, "--snapshot", file, str(NETWORK_MS))
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
