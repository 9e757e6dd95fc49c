"""A function runs once a module is there, whether the import came before or comes after."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from spinnlive.toolchain.hook import after_import


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = "spinnlive_hook_example"
    (tmp_path / f"{name}.py").write_text("value = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, name, raising=False)
    return name


def test_import_after(module: str) -> None:
    seen: list[ModuleType] = []
    finders = list(sys.meta_path)
    after_import(module, seen.append)
    assert seen == []
    imported = importlib.import_module(module)
    assert seen == [imported]
    assert imported.value == 1
    assert sys.meta_path == finders


def test_import_before(module: str) -> None:
    imported = importlib.import_module(module)
    seen: list[ModuleType] = []
    after_import(module, seen.append)
    assert seen == [imported]


def test_a_module_that_does_not_exist_stays_missing() -> None:
    after_import("spinnlive_no_such_module", lambda module: None)
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("spinnlive_no_such_module")
