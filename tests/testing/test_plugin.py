"""The fixtures and the example, as a user's own pytest runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "test_reflex.py"

CONFTEST = 'pytest_plugins = ["spinnlive.testing.plugin"]\n'
TESTS = """
import socket
import trio
from spinnlive.boards.scp import open_scp
from spinnlive.errors import BoardUnreachable
from spinnlive.testing import suffering
import pytest

addresses = []

def test_any_test_has_a_board(board_address):
    addresses.append(board_address)

async def test_and_it_is_the_same(board_address):
    assert addresses == [board_address]
    async with open_scp(board_address) as scp:
        assert (await scp.version()).name == "SC&MP"

async def test_an_async_test_has_one_of_its_own(emulated_board):
    assert emulated_board.address not in addresses
    async with suffering(emulated_board, "lose out 100"):
        async with open_scp(emulated_board.address, timeout_s=0.01, tries=2) as scp:
            with pytest.raises(BoardUnreachable):
                await scp.version()
    assert await emulated_board.faults() == ()
    async with open_scp(emulated_board.address, tries=20) as scp:
        await scp.version()
"""


def run_pytest(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    (folder / "pytest.ini").write_text("[pytest]\ntrio_mode = true\n")
    return subprocess.run(
        [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env={**os.environ, "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_fixtures(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_user.py").write_text(TESTS)
    done = run_pytest(tmp_path)
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout


def test_the_example(tmp_path: Path) -> None:
    (tmp_path / "test_reflex.py").write_text(EXAMPLE.read_text())
    done = run_pytest(tmp_path)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
