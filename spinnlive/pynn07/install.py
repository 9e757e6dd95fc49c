"""Make ``import pyNN.spiNNaker``, and ``pyNN.spinnaker``, give a module that knows both dialects."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType

from spinnlive.toolchain.hook import after_import

TODAY = "pyNN.spiNNaker"
EARLY = "pyNN.spinnaker"
"""How the early slides spell it."""


def install() -> None:
    """Arrange it for the rest of this process; sPyNNaker is imported when a script does.

    The module has all names of the genuine one, most of them as they are, and 0.7's beside them.
    Called again, it does nothing.
    """
    if any(isinstance(finder, _EarlySpelling) for finder in sys.meta_path):
        return
    sys.meta_path.insert(0, _EarlySpelling())
    after_import(TODAY, _replace)


def _replace(genuine: ModuleType) -> None:
    """Put our module in the place of the genuine one, which `spinnlive.pynn07.genuine` keeps."""
    module = both_dialects(genuine)
    sys.modules[TODAY] = sys.modules[EARLY] = module
    package = sys.modules["pyNN"]
    for name in (TODAY, EARLY):
        setattr(package, name.rpartition(".")[2], module)


def both_dialects(genuine: ModuleType) -> ModuleType:
    """Make a module of the genuine one's names with `spinnlive.pynn07.names` over them."""
    from spinnlive.pynn07.names import NAMES, NOT_BY_STAR

    module = ModuleType(genuine.__name__, genuine.__doc__)
    module.__dict__.update(vars(genuine))
    module.__dict__.update(NAMES)
    public = {name for name in vars(module) if not name.startswith("_")}
    module.__dict__["__all__"] = sorted(public - NOT_BY_STAR)
    return module


class _EarlySpelling(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds ``pyNN.spinnaker``: the same module under its early name."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != EARLY:
            return None
        return importlib.machinery.ModuleSpec(fullname, self)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        sys.modules[EARLY] = importlib.import_module(TODAY)
