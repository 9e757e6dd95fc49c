"""The fast engine against the plain one: the same machine on both, window by window, from power-on with the genuine
firmware. The program that compares is built by `make ctest` (c_realtime/tests/lockstep.c)."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from spinnlive.boards.emulated import boot_image

SHIM_VARIABLE = "SPINNLIVE_ARM_SHIM"
"""Names the library beside which the program lies."""

BOOT_MS = 1500
"""Emulated time: loading, memory tests and the first milliseconds of SCAMP's clock."""


def test_the_firmware_boots_alike_on_both_engines() -> None:
    shim = os.environ.get(SHIM_VARIABLE)
    if shim is None:
        pytest.skip(f"{SHIM_VARIABLE} names no library; `make test` builds it and sets it")
    program = Path(shim).parent / "lockstep"
    done = subprocess.run(
        [program, "--image", boot_image(), str(BOOT_MS)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
