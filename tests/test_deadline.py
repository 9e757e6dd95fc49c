"""A test that hangs fails by itself, and says where."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

CONFTEST = """
import deadline

deadline.LIMIT_S = 0.1
pytest_plugins = ["deadline"]
"""
TESTS = """
import trio

async def waits_for_nobody():
    await trio.Event().wait()

async def test_hangs():
    async with trio.open_nursery() as nursery:
        nursery.start_soon(waits_for_nobody)

async def test_turns_its_own_clock(autojump_clock):
    await trio.sleep(1000)

def test_goes_on():
    pass
"""


def test_a_test_that_hangs_fails_and_the_others_go_on(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_these.py").write_text(TESTS)
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-o", "trio_mode=true"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "1 failed, 2 passed" in ended.stdout, ended.stdout + ended.stderr
    assert "await trio.Event().wait()" in ended.stdout
    assert "TooSlowError" in ended.stdout
