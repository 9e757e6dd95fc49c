"""What there is to run: the scripts of an examples folder, the test files of a folder of integration tests."""

from __future__ import annotations

import hashlib
import importlib.metadata
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["script", "tests"]

PACKAGES = ("sPyNNaker", "SpiNNFrontEndCommon", "SpiNNaker_PACMAN", "SpiNNMan", "PyNN", "numpy")
"""The installed packages on which a result depends."""

NOT_SCRIPTS = re.compile(r"(^|/)(__init__|setup|conftest|unittests|integration_tests|doc)(/|\.py$)")
"""Python files of an examples folder that are no examples."""


@dataclass(frozen=True, slots=True)
class File:
    """A Python file to run: ``name`` is its path below ``root``, the folder that the user named."""

    kind: Kind
    root: Path
    name: str

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self.root / self.name


def scripts(root: Path) -> list[File]:
    """The example scripts below a folder."""
    names = sorted(path.relative_to(root).as_posix() for path in root.rglob("*.py"))
    return [File("script", root, name) for name in names if not NOT_SCRIPTS.search(name)]


def test_files(root: Path) -> list[File]:
    """The test files of all integration tests below a folder, or all below it if its own name says that it is one.

    Unit tests lie beside them in the repositories; they use no board.
    """
    inside = "integration_tests" in root.name
    names = sorted(path.relative_to(root).as_posix() for path in root.rglob("test_*.py"))
    return [
        File("tests", root, name)
        for name in names
        if inside or any("integration_tests" in part for part in Path(name).parts[:-1])
    ]


def versions() -> dict[str, str]:
    """The versions of `PACKAGES`."""
    return {package: importlib.metadata.version(package) for package in PACKAGES}


def fingerprint(files: Iterable[Path], settings: object) -> str:
    """A hash of files, settings and the installed packages' versions; a result stands as long as it is the same."""
    digest = hashlib.sha256(repr((versions(), settings)).encode())
    for file in files:
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]
