"""What sPyNNaker's import puts off is imported by its first use, and nobody else sees a difference."""

from __future__ import annotations

import builtins
import importlib
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from fonts import fonts

from spinnlive.toolchain import hook, put_off
from spinnlive.toolchain.put_off import PUT_OFF, StandIn, putting_off

LIBRARY = "spinnlive_put_off_library"
USER = "spinnlive_put_off_user"
OTHER = "spinnlive_put_off_other"
TABLE = {USER: (LIBRARY, f"{LIBRARY}.part", f"{LIBRARY}.part.deep")}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    package = tmp_path / LIBRARY
    (package / "part").mkdir(parents=True)
    (package / "__init__.py").write_text("name = 'library'\n")
    (package / "part" / "__init__.py").write_text(
        "class Thing:\n"
        "    kind = 'genuine'\n"
        "    def __call__(self, number): return 2 * number\n"
        "thing = Thing()\n"
    )
    (package / "part" / "deep.py").write_text("depth = 3\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def user(folder: Path, code: str) -> ModuleType:
    """Import a module of this code, with its imports put off."""
    (folder / f"{USER}.py").write_text(code)
    genuine = builtins.__import__
    sys.modules.pop(USER, None)
    importlib.invalidate_caches()
    with putting_off(TABLE):
        module = importlib.import_module(USER)
    assert builtins.__import__ is genuine
    return module


def imported() -> set[str]:
    return {name for name in sys.modules if name.partition(".")[0] == LIBRARY}


@pytest.mark.parametrize(
    ("statement", "use", "value", "names"),
    [
        (f"import {LIBRARY}", f"{LIBRARY}.name", "library", [LIBRARY]),
        (f"import {LIBRARY} as x", "x.name", "library", ["x"]),
        (f"import {LIBRARY}.part", f"{LIBRARY}.part.thing(2)", 4, [LIBRARY]),
        (f"import {LIBRARY}.part", f"{LIBRARY}.name", "library", [LIBRARY]),
        (f"import {LIBRARY}.part as x", "x.thing.kind", "genuine", ["x"]),
        (f"import {LIBRARY}.part.deep", f"{LIBRARY}.part.deep.depth", 3, [LIBRARY]),
        (f"import {LIBRARY}.part.deep as x", "x.depth", 3, ["x"]),
        (f"from {LIBRARY} import part", "part.thing.kind", "genuine", ["part"]),
        (f"from {LIBRARY}.part import thing", "thing(4)", 8, ["thing"]),
        (
            f"from {LIBRARY}.part import Thing, thing as x",
            "Thing().kind",
            "genuine",
            ["Thing", "x"],
        ),
    ],
)
def test_every_kind_of_import_waits_for_its_first_use(
    folder: Path, statement: str, use: str, value: object, names: list[str]
) -> None:
    module = user(folder, f"{statement}\ndef use(): return {use}\n")
    assert imported() == set()
    assert all(type(vars(module)[name]) is StandIn for name in names)
    assert module.use() == value
    assert imported() >= {LIBRARY}
    assert not any(type(each) is StandIn for each in vars(module).values())
    assert module.use() == value


def test_imports_of_one_module_are_made_up_for_together(folder: Path) -> None:
    """So that a part of a package that another statement imports is where it always was."""
    module = user(folder, f"import {LIBRARY}\nimport {LIBRARY}.part as x\n")
    assert vars(module)[LIBRARY].part.thing(1) == 2


def test_others_get_the_genuine_library_meanwhile(folder: Path) -> None:
    (folder / f"{OTHER}.py").write_text(f"from {LIBRARY}.part import thing\n")
    module = user(folder, f"from {LIBRARY}.part import thing\nimport {OTHER}\n")
    assert type(vars(sys.modules[OTHER])["thing"]).__name__ == "Thing"
    assert type(vars(module)["thing"]) is StandIn
    assert module.thing.kind == "genuine"


def test_a_library_that_is_imported_already_is_not_put_off(folder: Path) -> None:
    part = importlib.import_module(f"{LIBRARY}.part")
    module = user(folder, f"from {LIBRARY}.part import thing\n")
    assert vars(module)["thing"] is part.thing


def test_a_part_is_put_off_though_its_package_is_imported(folder: Path) -> None:
    importlib.import_module(LIBRARY)
    module = user(folder, f"from {LIBRARY} import part\nfrom {LIBRARY} import name\n")
    assert type(vars(module)["part"]) is StandIn
    assert module.name == "library"
    assert imported() == {LIBRARY}
    assert module.part.thing.kind == "genuine"
    with pytest.raises(ImportError, match="nonsense"):
        user(folder, f"from {LIBRARY} import nonsense\n")


def test_what_is_known_without_the_library_does_not_import_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {f"{LIBRARY}.part": {"thing": lambda number: number + 1}}
    monkeypatch.setattr(put_off, "KNOWN", known)
    module = user(folder, f"from {LIBRARY} import part\n")
    assert module.part.thing(1) == 2
    assert imported() == set()
    assert module.part.Thing.kind == "genuine"
    assert module.part.thing(1) == 2


def test_a_library_that_is_not_installed_is_missed_at_once(folder: Path) -> None:
    (folder / f"{USER}.py").write_text("import spinnlive_no_such_library\n")
    table = {USER: ("spinnlive_no_such_library",)}
    with putting_off(table), pytest.raises(ModuleNotFoundError):
        importlib.import_module(USER)


def test_a_library_that_is_forbidden_is_missed_at_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, LIBRARY, None)
    with pytest.raises(ModuleNotFoundError):
        user(folder, f"import {LIBRARY}.part\n")


def test_a_name_that_is_not_there_is_missed_by_its_first_use(folder: Path) -> None:
    module = user(folder, f"from {LIBRARY}.part import nonsense\n")
    for _ in range(2):
        with pytest.raises(AttributeError, match="nonsense"):
            vars(module)["nonsense"].kind  # noqa: B018


def test_a_module_that_uses_the_library_while_it_is_imported_gets_it(folder: Path) -> None:
    module = user(folder, f"from {LIBRARY}.part import Thing\nclass More(Thing.__class__): pass\n")
    assert issubclass(module.More, type)
    assert type(vars(module)["Thing"]) is type


def test_who_keeps_a_stand_in_has_the_genuine_thing(folder: Path) -> None:
    module = user(folder, f"from {LIBRARY}.part import Thing, thing\n")
    kept, kept_class = vars(module)["thing"], vars(module)["Thing"]
    part = importlib.import_module(f"{LIBRARY}.part")
    assert isinstance(kept, part.Thing)
    assert repr(kept) == repr(part.thing)
    assert type(pickle.loads(pickle.dumps(kept))) is part.Thing
    assert dir(kept) == dir(part.thing)
    assert type(kept_class()) is part.Thing
    kept.size = 5
    assert part.thing.size == 5
    del kept.size
    assert not hasattr(part.thing, "size")


def test_a_failing_import_leaves_nothing_behind(folder: Path) -> None:
    genuine = builtins.__import__
    with pytest.raises(ZeroDivisionError):
        user(folder, f"import {LIBRARY}\n1 / 0\n")
    assert builtins.__import__ is genuine


def test_somebody_elses_import_function_stays(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        builtins, "__import__", builtins.__import__
    )  # put back what the test leaves
    with putting_off(TABLE):
        ours = builtins.__import__

        def theirs(*args: object, **options: object) -> object:
            return ours(*args, **options)  # type: ignore[arg-type]

        builtins.__import__ = theirs  # type: ignore[assignment]
    assert builtins.__import__ is theirs
    (folder / f"{USER}.py").write_text(f"import {LIBRARY}.part\n")
    importlib.import_module(USER)
    assert f"{LIBRARY}.part" in imported()


def test_two_threads_may_be_the_first(folder: Path) -> None:
    part = folder / LIBRARY / "part" / "__init__.py"
    part.write_text(f"import threading\nthreading.Event().wait(0.05)\n{part.read_text()}")
    module = user(folder, f"from {LIBRARY}.part import thing\n")
    both = threading.Barrier(2)
    answers: list[int] = []

    def use() -> None:
        thing = vars(module)["thing"]
        both.wait(30)
        answers.append(thing(21))

    threads = [threading.Thread(target=use, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == [42, 42]
    assert vars(module)["thing"] is sys.modules[f"{LIBRARY}.part"].thing


def test_it_can_be_switched_off_and_is_over_once_spynnaker_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arranged: list[str] = []
    monkeypatch.setattr(put_off, "around_import", lambda name, around: arranged.append(name))
    monkeypatch.setitem(sys.modules, put_off.SPYNNAKER, ModuleType("there"))
    put_off.arrange_imports()
    assert arranged == []
    monkeypatch.delitem(sys.modules, put_off.SPYNNAKER)
    monkeypatch.setenv(put_off.VARIABLE, "0")
    put_off.arrange_imports()
    assert arranged == []
    monkeypatch.delenv(put_off.VARIABLE)
    put_off.arrange_imports()
    assert arranged == [put_off.SPYNNAKER]


USES = Path(__file__).parent / "scripts" / "put_off_libraries.py"
"""Prints all that sPyNNaker does with what is put off."""


LIBRARIES = "ebrains_drive jsonschema matplotlib.pyplot scipy.sparse scipy.special scipy.stats"


def output(*arguments: str, **environment: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-P", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "MPLBACKEND": "Agg", "MPLCONFIGDIR": fonts(), **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_spynnaker_gives_the_same_and_every_module_of_the_table_puts_off() -> None:
    """A new version of sPyNNaker whose modules import otherwise than the table says starts more
    slowly; nothing else is wrong then."""
    ours, usual = output(str(USES)), output(str(USES), **{put_off.VARIABLE: "0"})
    assert ours[:2] == ["none", " ".join(PUT_OFF)]
    assert usual[:2] == [LIBRARIES, ""]
    assert ours[2:] == usual[2:]
    assert ours[-2:] == ["True True", LIBRARIES]


def test_a_watched_module_keeps_its_own_loader(folder: Path) -> None:
    hook.after_import(f"{LIBRARY}.part", lambda module: None)
    part = importlib.import_module(f"{LIBRARY}.part")
    assert type(part.__loader__) is type(importlib.import_module(LIBRARY).__loader__)
    assert part.__spec__ is not None and part.__spec__.loader is part.__loader__
