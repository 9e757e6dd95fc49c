"""What is imported when: `import spinnlive` and `spinnlive board` bring what they need and no more.

Modules are counted, not milliseconds.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import spinnlive
from spinnlive import wire
from spinnlive.cli.main import COMMANDS, main

TOOLCHAIN = ("pyNN", "spynnaker", "spinn_front_end_common", "spinnman")
HEAVY = ("numpy", "matplotlib", "msgpack", "anyio", "rich")
OURS = ("spinnlive.live", "spinnlive.gateway", "spinnlive.recording", "spinnlive.toolchain.private")

MOST_MODULES = 450
"""Python's own among them. 282 with Python 3.11 when `spinnlive board` was made light, 900 before."""


def modules_after(code: str) -> set[str]:
    """The modules that a fresh Python has after running some code."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", f"{code}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(done.stdout.split())


def below(modules: set[str], packages: tuple[str, ...]) -> set[str]:
    return {name for name in modules if name.startswith(tuple(f"{each}." for each in packages))} | (
        modules & set(packages)
    )


def test_importing_spinnlive_imports_next_to_nothing() -> None:
    modules = modules_after("import spinnlive")
    assert not below(modules, (*TOOLCHAIN, *HEAVY, *OURS, "trio", "click"))


def test_the_board_command_imports_what_a_board_needs() -> None:
    modules = modules_after("from spinnlive.cli.main import main; main.get_command(None, 'board')")
    assert "spinnlive.boards.emulated" in modules
    assert not below(modules, (*TOOLCHAIN, *HEAVY, *OURS))
    assert len(modules) < MOST_MODULES


def test_every_command_is_where_the_table_says() -> None:
    for name in COMMANDS:
        command = main.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None and command.name == name
    assert main.get_command(None, "no such command") is None  # type: ignore[arg-type]


def names_for_type_checkers(package: object) -> set[str]:
    """What a package imports under ``if TYPE_CHECKING``."""
    tree = ast.parse(Path(str(vars(package)["__file__"])).read_text())
    (block,) = (
        node
        for node in tree.body
        if isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
    )
    return {
        f"{node.module}.{alias.name}"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


@pytest.mark.parametrize("package", [spinnlive, wire], ids=lambda package: package.__name__)
def test_names_on_demand_are_all_there_and_the_same_for_type_checkers(package: object) -> None:
    exported = vars(package)["__all__"]
    assert exported == sorted(exported, key=lambda name: (not name.isupper(), name.islower(), name))
    assert set(exported) <= set(dir(package))
    for name in exported:
        assert getattr(package, name) is not None
    starred: dict[str, object] = {}
    exec(f"from {package.__name__} import *", starred)  # type: ignore[attr-defined]
    assert set(exported) <= set(starred)
    for place in names_for_type_checkers(package):
        module, _, name = place.rpartition(".")
        assert getattr(sys.modules[module], name) is getattr(package, name)
        assert name in exported
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        package.nonsense  # type: ignore[attr-defined]  # noqa: B018
