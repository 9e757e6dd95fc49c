"""The runner itself, on scripts and tests made up for it: every way in which one can end is told as it was."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from results import Outcome, Result, Store
from why import LONGEST_WHY, Knowledge, Known, last_exception, read_knowledge, shorten

RUNNER = Path(__file__).parent

SCRIPTS = {
    "good/works.py": """
        from pathlib import Path
        import beside
        assert beside.NAME == "beside"
        assert "machine_name = 127." in (Path.home() / ".spynnaker.cfg").read_text()
        assert "fast = True" in (Path.home() / ".spynnaker.cfg").read_text()
        Path("written").touch()
    """,
    "good/beside.py": 'NAME = "beside"',
    "bad.py": 'raise ValueError("of no use")',
    "for_ever.py": "import threading; threading.Event().wait()",
}

TESTS = {
    "some_integration_tests/test_all.py": """
        import os, unittest
        class TestAll(unittest.TestCase):
            def test_1_good(self): pass
            def test_2_bad(self): self.assertEqual(1, 2)
            def test_3_skipped(self): self.skipTest("needs the moon")
            def test_4_ends_all(self): os._exit(3)
            def test_5_good(self): pass
    """,
    "some_integration_tests/test_broken.py": "import no_such_module",
    "some_integration_tests/test_shared.py": "class Shared: pass",
    "unittests/test_other.py": "def test_other(): assert False",
}


def _make(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    return folder


def _run(tmp_path: Path, *arguments: object) -> tuple[int, str, dict[str, Result]]:
    done = subprocess.run(
        [sys.executable, RUNNER, "--results", tmp_path / "results", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    store = Store(tmp_path / "results" / "results.jsonl")
    return done.returncode, done.stdout + done.stderr, store.results


@pytest.mark.board
def test_scripts_are_run_and_told_apart(tmp_path: Path) -> None:
    examples = _make(tmp_path / "examples", SCRIPTS)
    arguments = ("--examples", examples, "--limit", 5, "--chips", 4, "--set", "Buffers.fast=True")
    code, said, results = _run(tmp_path, *arguments)
    assert code == 1
    assert {item: (each.outcome, each.why) for item, each in results.items()} == {
        "good/works.py": (Outcome.PASSED, ""),
        "good/beside.py": (Outcome.PASSED, ""),
        "bad.py": (Outcome.FAILED, "ValueError: of no use"),
        "for_ever.py": (Outcome.FAILED, "not over after 5 s"),
    }
    assert "Examples: 2 of 4 passed (50.0 %)" in said
    assert "ValueError: of no use" in (tmp_path / "results" / "conformance.md").read_text()
    assert not (examples / "good" / "written").exists(), "the user's folder was written to"


@pytest.mark.board
def test_results_stand_until_something_changes(tmp_path: Path) -> None:
    examples = _make(tmp_path / "examples", SCRIPTS)
    arguments = ("--examples", examples, "--chips", 4, "--set", "Buffers.fast=True", "-k", "good/")
    code, _, first = _run(tmp_path, *arguments)
    assert code == 0
    (examples / "good" / "works.py").write_text("assert False")
    code, _, second = _run(tmp_path, *arguments)
    assert code == 1
    assert second["good/beside.py"] == first["good/beside.py"]
    assert second["good/works.py"].why == "AssertionError"


@pytest.mark.board
def test_every_test_has_its_outcome_even_when_one_ends_the_process(tmp_path: Path) -> None:
    tests = _make(tmp_path / "tests", TESTS)
    code, said, results = _run(tmp_path, "--tests", tests, "--chips", 4)
    assert code == 1
    named = {item.rpartition("::")[2] or item: each for item, each in results.items()}
    assert {name: each.outcome for name, each in named.items()} == {
        "test_1_good": Outcome.PASSED,
        "test_2_bad": Outcome.FAILED,
        "test_3_skipped": Outcome.SKIPPED,
        "test_4_ends_all": Outcome.FAILED,
        "test_5_good": Outcome.PASSED,
        "some_integration_tests/test_broken.py": Outcome.FAILED,
        "some_integration_tests/test_shared.py": Outcome.SKIPPED,
    }
    assert "needs the moon" in named["test_3_skipped"].why
    assert "1 != 2" in named["test_2_bad"].why
    assert "exit code 3" in named["test_4_ends_all"].why
    assert "no_such_module" in named["some_integration_tests/test_broken.py"].why
    assert "2 of 5 passed" in said
    assert "2 skipped" in said


def test_only_the_named_failure_is_excused() -> None:
    known = Known(("examples/*.py",), "OverflowError", "upstream", "it overflows")
    knowledge = Knowledge((), (known,))

    def failed(item: str, why: str) -> Result:
        return Result(item, Outcome.FAILED, why, 4, 1.0, 1.0, "")

    assert knowledge.excuse(failed("examples/a.py", "OverflowError: 300")) is known
    assert knowledge.excuse(failed("examples/a.py", "ValueError: 300")) is None
    assert knowledge.excuse(failed("learning/a.py", "OverflowError: 300")) is None


def test_the_last_exception_is_found_among_what_follows_it() -> None:
    output = """
Traceback (most recent call last):
  File "a.py", line 1, in <module>
KeyError: 'first'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "b.py", line 1, in <module>
    raise ValueError
ValueError: second
      in two lines
!WARNING: 7 log messages were generated
"""
    assert last_exception(output) == "ValueError: second in two lines"
    assert last_exception("no traceback\nlast line\n") == "last line"
    assert last_exception("") == ""
    assert len(shorten("x " * LONGEST_WHY)) == LONGEST_WHY


def test_the_table_of_what_is_known_can_be_read() -> None:
    knowledge = read_knowledge()
    assert knowledge.set_apart("sudoku/sudoku_main.py") is not None
    assert knowledge.set_apart("learning/simple.py") is None
    assert all(each.says and each.cause and each.owner for each in knowledge.known)
