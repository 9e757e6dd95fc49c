"""Booted machines out of the cache: the same as booted ones, bit for bit, and never anything else."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from spinnlive.boards.boot_cache import CACHE_VARIABLE, boot_cache
from spinnlive.boards.emulated import board_program, boot_image

ADDRESS = "127.27.1.2"
AFTER_MS = 1500
"""Through a second of SCAMP's clock, which counts the time of day."""


def start(folder: Path, *options: str) -> str:
    """Run the board program with the cache in that folder; return what it prints."""
    folder.chmod(0o700)
    command = [
        board_program(),
        "--image",
        boot_image(),
        "--boot-cache",
        folder,
        "--address",
        ADDRESS,
    ]
    return subprocess.run([*command, *options], check=True, capture_output=True, text=True).stdout


def measured(folder: Path) -> dict[str, Any]:
    """Take the machine from the cache, or boot it, at the beginning of 1970, and let it run."""
    told: dict[str, Any] = json.loads(start(folder, "--measure-ms", str(AFTER_MS)))
    return told


def boot(folder: Path) -> bytes:
    """Start a board, now, that ends at once; return the one file that is then in the cache."""
    start(folder, "--run-ms", "1")
    (file,) = folder.iterdir()
    return file.read_bytes()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with a booted machine in it."""
    folder = tmp_path_factory.mktemp("kept")
    boot(folder)
    return folder


@pytest.fixture(scope="module")
def hash_of_a_boot(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(measured(tmp_path_factory.mktemp("empty"))["hash"])


def test_it_is_the_machine_that_boots_now_would_be(kept: Path, hash_of_a_boot: str) -> None:
    before = boot(kept)
    assert measured(kept)["hash"] == hash_of_a_boot
    assert boot(kept) == before, "a machine from the cache is not kept again"


@pytest.mark.parametrize("where", ["head", "machine", "end"])
def test_a_damaged_file_is_passed_over_and_replaced(
    kept: Path, tmp_path: Path, hash_of_a_boot: str, where: str
) -> None:
    (sound,) = kept.iterdir()
    damaged = bytearray(sound.read_bytes())
    if where == "end":
        del damaged[-1:]
    else:
        damaged[5 if where == "head" else len(damaged) // 2] ^= 1
    file = tmp_path / sound.name
    file.touch(mode=0o600)
    file.write_bytes(damaged)
    assert measured(tmp_path)["hash"] == hash_of_a_boot
    assert boot(tmp_path) != damaged


def test_what_others_could_have_written_is_passed_over(kept: Path, tmp_path: Path) -> None:
    """Told by the cache being left alone: what is booted is kept, but not where others could change it."""
    (sound,) = kept.iterdir()
    file = tmp_path / sound.name
    file.write_bytes(sound.read_bytes())
    file.chmod(0o666)
    tmp_path.chmod(0o700)
    boot(tmp_path)
    assert file.stat().st_mode & 0o777 == 0o600, "it was replaced"
    folder = tmp_path / "open to all"
    folder.mkdir()
    folder.chmod(0o777)
    command = [board_program(), "--image", boot_image(), "--boot-cache", folder]
    subprocess.run(
        [*command, "--address", ADDRESS, "--run-ms", "1"], check=True, capture_output=True
    )
    assert list(folder.iterdir()) == []


def test_the_folder_is_the_users_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(CACHE_VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert boot_cache() == tmp_path / "spinnlive" / "booted"
    assert (tmp_path / "spinnlive" / "booted").stat().st_mode & 0o777 == 0o700
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "named"))
    assert boot_cache() == tmp_path / "named"
    monkeypatch.setenv(CACHE_VARIABLE, "")
    assert boot_cache() is None
    monkeypatch.setenv(CACHE_VARIABLE, "/proc/nowhere")
    assert boot_cache() is None
