"""Names of a package that are imported when somebody asks for them, so that nobody waits for what he does not use.

`spinnlive board` answers within a third of a second; importing all that `spinnlive` exports takes twice as long.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def on_demand(
    package: str, names: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Give a package's ``__getattr__`` and ``__dir__`` (PEP 562), by which it has these names, too.

    ``names``: for each module those that come from there, separated by spaces. A name is looked up once, and is then
    the package's own. Type checkers do not see it: the package imports the same under ``if TYPE_CHECKING``.
    """
    home = {name: module for module, theirs in names.items() for name in theirs.split()}
    own = sys.modules[package].__dict__

    def get(name: str) -> Any:
        module = home.get(name)
        if module is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        own[name] = value = getattr(import_module(module), name)
        return value

    def list_all() -> list[str]:
        return sorted({*own, *home})

    return get, list_all
