"""Libraries that sPyNNaker imports and a live run rarely uses, put off until something uses them.

More than half of the time that ``import pyNN.spiNNaker`` takes goes into Matplotlib's pyplot, which
only the plots of the CSA package want, parts of scipy, which random parameters and Poisson sources
want, and what EBRAINS' machines and JSON files need. If spinnlive is imported first, the modules in
`PUT_OFF` get stand-ins for these; the first use of one imports the genuine library and puts it in
the stand-ins' place.

Only the import statements of these modules are answered so, and only while sPyNNaker is imported for
the first time. `sys.modules` holds genuine modules only, and the libraries' own namespaces are left
alone: anybody else who imports ``scipy.stats``, before, meanwhile or after, gets it as ever.
"""

from __future__ import annotations

import builtins
import gc
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from types import ModuleType, SimpleNamespace
from typing import Any, cast

from spinnlive.toolchain.hook import around_import

VARIABLE = "SPINNLIVE_PUT_OFF"
"""Environment variable: ``0`` has sPyNNaker import everything at once, as it does by itself."""

SPYNNAKER = "spynnaker.pyNN"
"""Whose first import it is about; it imports all the others."""

_RANDOM = "spynnaker.pyNN.utilities.random_stats.random_stats_"
_PUSH_BOT = "spynnaker.pyNN.external_devices_models.push_bot.parameters"

PUT_OFF: Mapping[str, tuple[str, ...]] = {
    # importing module: what it imports and uses in functions only
    "csa.plot": ("matplotlib", "matplotlib.pyplot"),
    "lazyarray": ("scipy",),
    f"{_PUSH_BOT}.push_bot_retina_viewer": ("matplotlib",),
    "pacman.utilities.file_format_schemas": ("jsonschema",),
    "spinnman.spalloc.spalloc_allocator": ("ebrains_drive",),
    "spinn_front_end_common.interface.profiling.profile_data": ("scipy.stats",),
    "spynnaker.pyNN.models.neuron.population_vertex": ("scipy",),
    "spynnaker.pyNN.models.spike_source.spike_source_poisson_vertex": ("scipy.stats",),
    "spynnaker.pyNN.utilities.utility_calls": ("scipy.stats",),
    **{
        f"{_RANDOM}{kind}_impl": ("scipy.stats",)
        for kind in (
            "binomial",
            "exponential",
            "exponential_clipped",
            "gamma",
            "log_normal",
            "normal",
            "normal_clipped",
            "poisson",
            "randint",
            "scipy",
            "uniform",
            "vonmises",
        )
    },
}
"""Read in the source of sPyNNaker 1!7.4.1. A module of another version that uses a library while it
is imported makes it be imported then, which costs time and nothing else."""


def is_sparse(value: object) -> bool:
    """Say what ``scipy.sparse.issparse`` says: no, as long as nobody has imported what makes sparse
    arrays."""
    genuine = getattr(sys.modules.get("scipy.sparse"), "issparse", None)
    return genuine is not None and bool(genuine(value))


KNOWN: Mapping[str, Mapping[str, Callable[..., Any]]] = {"scipy.sparse": {"issparse": is_sparse}}
"""What can be said without the library: lazyarray asks this about every parameter of a population."""


def arrange_imports() -> None:
    """Have sPyNNaker's first import put off what it can; nothing, if that import is over."""
    if os.environ.get(VARIABLE) != "0" and SPYNNAKER not in sys.modules:
        around_import(SPYNNAKER, _light_import)


@contextmanager
def _light_import(module: ModuleType) -> Iterator[None]:
    with ExitStack() as stack:
        stack.enter_context(putting_off(PUT_OFF))
        stack.enter_context(_not_collecting())
        yield


@contextmanager
def putting_off(table: Mapping[str, tuple[str, ...]]) -> Iterator[None]:
    """While the block lasts, give the modules of ``table`` stand-ins for the imports named there.

    Not for a library that is imported already, nor for one that is not installed: whoever tries
    whether it is there shall find out.
    """
    genuine = builtins.__import__
    importers: dict[str, _Importer] = {}
    over = False

    def import_(
        name: str,
        globals: dict[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> Any:
        importer = "" if globals is None or over else globals.get("__name__", "")
        if globals is not None and name in table.get(importer, ()):
            names = tuple(fromlist or ())
            if _can_wait(name, names):
                return importers.setdefault(importer, _Importer(globals)).put_off(name, names)
        return genuine(name, globals, locals, fromlist or (), level)

    builtins.__import__ = cast(Any, import_)
    try:
        yield
    finally:
        over = True
        if builtins.__import__ is import_:
            builtins.__import__ = genuine
        # else somebody has put his own over ours, which goes on asking the genuine one


def _can_wait(name: str, fromlist: Sequence[str]) -> bool:
    """Say whether an import statement would import something, and would succeed."""
    wanted = [name] if name not in sys.modules else [f"{name}.{each}" for each in fromlist]
    return bool(wanted) and all(each not in sys.modules and _installed(each) for each in wanted)


def _installed(module: str) -> bool:
    """Look for a module without importing anything: for its package, if that is not there yet."""
    package = module.rpartition(".")[0]
    there = not package or sys.modules.get(package) is not None
    try:
        return importlib.util.find_spec(module if there else module.partition(".")[0]) is not None
    except (ImportError, ValueError):  # something is amiss: the import will say what
        return False


class _Importer:
    """A module and its import statements that were put off; they are made up for together."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self._namespace = namespace
        self._statements: list[tuple[str, tuple[str, ...]]] = []

    def put_off(self, name: str, fromlist: tuple[str, ...]) -> object:
        """Give what ``import name`` or ``from name import fromlist`` is to see for a module."""
        self._statements.append((name, fromlist))
        if fromlist:
            known = {each: KNOWN.get(f"{name}.{each}") for each in fromlist}
            return SimpleNamespace(
                **{each: StandIn(self, name, each, known[each]) for each in fromlist}
            )
        # `import a.b` binds a, `import a.b as c` looks in a for b, which must not import them yet
        stand_in = StandIn(self, name)
        while "." in name:
            name, _, part = name.rpartition(".")
            stand_in = StandIn(self, name, parts={part: stand_in})
        return stand_in

    def make_up(self) -> None:
        """Import all that was put off, and let the module have it in the place of the stand-ins.

        Safe in several threads, by the locks of the imports themselves: two do the same at worst.
        """
        for name, fromlist in self._statements:
            importlib.__import__(name, self._namespace, None, fromlist)
        for name, value in list(self._namespace.items()):
            if type(value) is StandIn and _own(value, "_importer") is self:
                self._namespace[name] = _found(value)


class StandIn:
    """Stands for a module, or for what is imported from one, until it is used; passes everything
    on, so that even those who keep it have the genuine one's behaviour, class and pickle."""

    __slots__ = ("_importer", "_module", "_name", "_parts")

    def __init__(
        self,
        importer: _Importer,
        module: str,
        name: str | None = None,
        parts: Mapping[str, Any] | None = None,
    ) -> None:
        object.__setattr__(self, "_importer", importer)
        object.__setattr__(self, "_module", module)
        object.__setattr__(self, "_name", name)
        object.__setattr__(self, "_parts", parts or {})

    def __getattribute__(self, name: str) -> Any:
        part = _own(self, "_parts").get(name)
        return getattr(_genuine(self), name) if part is None else part

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(_genuine(self), name, value)

    def __delattr__(self, name: str) -> None:
        delattr(_genuine(self), name)

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Call the genuine one."""
        return _genuine(self)(*args, **options)

    def __repr__(self) -> str:
        return repr(_genuine(self))


def _own(stand_in: StandIn, name: str) -> Any:
    return object.__getattribute__(stand_in, name)


def _genuine(stand_in: StandIn) -> Any:
    _own(stand_in, "_importer").make_up()
    return _found(stand_in)


def _found(stand_in: StandIn) -> Any:
    module = importlib.import_module(_own(stand_in, "_module"))
    name = _own(stand_in, "_name")
    return module if name is None else getattr(module, name)


@contextmanager
def _not_collecting() -> Iterator[None]:
    """Keep the garbage collector off: hardly anything that an import makes is garbage, and looking
    through all of it time and again is a tenth of the import's time.

    What there is afterwards counts as old, as if it had been looked through.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if not gc.get_freeze_count():  # nobody has frozen anything, which would thaw
            gc.freeze()
            gc.unfreeze()
        if collecting:
            gc.enable()
