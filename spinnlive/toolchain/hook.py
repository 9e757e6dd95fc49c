"""Run a function once a module has been imported, or around its import, whoever imports it and whenever.

``import spinnlive`` must arrange sPyNNaker's settings whether it comes before or after
``import pyNN.spiNNaker``, and must not itself import sPyNNaker, which takes seconds.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from types import ModuleType

Around = Callable[[ModuleType], AbstractContextManager[object]]


def after_import(name: str, action: Callable[[ModuleType], None]) -> None:
    """Call ``action(module)`` as soon as the module ``name`` is there: now, or right after its
    import."""
    module = sys.modules.get(name)
    if module is not None:
        action(module)
        return

    @contextmanager
    def then_act(module: ModuleType) -> Iterator[None]:
        yield
        action(module)

    around_import(name, then_act)


def around_import(name: str, around: Around) -> None:
    """Execute the module ``name`` inside ``with around(module):`` when it is imported next."""
    sys.meta_path.insert(0, _Watcher(name, around))


def arrange_settings() -> None:
    """Let ``sim.setup()`` go by `spinnlive.toolchain.defaults`, which costs nothing until sPyNNaker is imported."""
    after_import("spynnaker.pyNN.spinnaker", _install_defaults)


def _install_defaults(spinnaker: ModuleType) -> None:
    from spinnlive.toolchain import defaults

    defaults.install(spinnaker)


class _Watcher(importlib.abc.MetaPathFinder):
    """Lets the other finders find the module and wraps its loader; leaves ``sys.meta_path`` when
    that happens."""

    def __init__(self, name: str, around: Around) -> None:
        self._name = name
        self._around = around

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self._around)
        return spec


class _Loader(importlib.abc.Loader):
    """Another loader with something around it; the module keeps the other only."""

    def __init__(self, inner: importlib.abc.Loader, around: Around) -> None:
        self._inner = inner
        self._around = around

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._inner.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._inner
        if module.__spec__ is not None:
            module.__spec__.loader = self._inner
        with self._around(module):
            self._inner.exec_module(module)
