"""Run one file on an emulated board of its own: a script as a user would, a file of tests with pytest."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import trio
from material import File
from results import Outcome, Result
from scratch import Ended, Settings, copy_material, environment, make_home, run_python
from why import last_exception, shorten

from spinnlive.boards.emulated import EmulatedBoard
from spinnlive.errors import BoardLost

PLUGIN = Path(__file__).parent / "plugin"


@dataclass(frozen=True, slots=True)
class Conditions:
    """How to run a file. ``python``: the interpreter. ``limit_s``: for a script or a test (s). ``address``: of the
    board, None for a free one. ``booted``: whether the board is. ``python_path``: folders with packages that are not
    installed. ``settings``: for the HOME's cfg. ``logs``: where the outputs go."""

    python: Path
    limit_s: float
    address: str | None
    booted: bool
    python_path: tuple[Path, ...]
    settings: Settings
    logs: Path
    fingerprint: str


async def run_file(file: File, chips: int, conditions: Conditions) -> list[Result]:
    """Run a script or a file of tests on a board of ``chips`` chips."""
    run = _run_script if file.kind == "script" else _run_tests
    return await run(file, chips, conditions)


async def _run_script(file: File, chips: int, conditions: Conditions) -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
        copy = copy_material(file.root, Path(folder))
        script = copy / file.name
        async with _board(chips, conditions) as board:
            home = make_home(Path(folder), board, conditions.settings)
            began = trio.current_time()
            ended = await run_python(
                [str(conditions.python), str(script)],
                cwd=script.parent,
                env=environment(home, conditions.python_path),
                limit_s=conditions.limit_s,
            )
            seconds = trio.current_time() - began
            emulated_s = await _emulated_s(board)
    _keep_log(file, chips, conditions, ended.output)
    outcome, why = Outcome.PASSED, ""
    if ended.code != 0:
        outcome, why = Outcome.FAILED, _why_script(ended, conditions.limit_s)
    return [
        Result(file.name, outcome, why, chips, seconds, emulated_s, conditions.fingerprint),
    ]


def _why_script(ended: Ended, limit_s: float) -> str:
    if ended.code is None:
        return f"not over after {limit_s:.0f} s"
    if ended.code < 0:
        return f"ended by signal {-ended.code}"
    return last_exception(ended.output)


async def _run_tests(file: File, chips: int, conditions: Conditions) -> list[Result]:
    """Run a file's tests in one process, or, as often as a test does not come to its end, the rest in another."""
    results: dict[str, Result] = {}
    output = ""
    while True:
        ended, told = await _run_pytest(file, chips, conditions, list(results))
        output += ended.output
        news = {
            result.item: result
            for result in _settle(told, ended, chips, conditions)
            if result.item not in results
        }
        results |= news
        if ended.code is not None and ended.code >= 0 and "running" not in told.outcomes.values():
            break
        if not news:
            break
    _keep_log(file, chips, conditions, output)
    if results:
        return list(results.values())
    outcome, why = Outcome.FAILED, last_exception(output)
    if (
        ended.code == pytest.ExitCode.NO_TESTS_COLLECTED
    ):  # it may hold what other files' tests share
        outcome, why = Outcome.SKIPPED, "no tests in it"
    return [Result(file.name, outcome, why, chips, 0.0, 0.0, conditions.fingerprint)]


@dataclass(frozen=True, slots=True)
class _Told:
    """What the plugin has written: outcome, reason and seconds of each test."""

    outcomes: dict[str, str]
    whys: dict[str, str]
    seconds: dict[str, float]
    emulated_s: float


async def _run_pytest(
    file: File, chips: int, conditions: Conditions, done: Sequence[str]
) -> tuple[Ended, _Told]:
    with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
        copy = copy_material(file.root, Path(folder))
        outcomes = Path(folder) / "outcomes.jsonl"
        async with _board(chips, conditions) as board:
            home = make_home(Path(folder), board, conditions.settings)
            env = environment(home, [PLUGIN, *conditions.python_path])
            env |= {"CONFORMANCE_OUTCOMES": str(outcomes), "CONFORMANCE_DONE": "\n".join(done)}
            ended = await run_python(
                _pytest_command(copy, file.name, conditions),
                cwd=copy,
                env=env,
                limit_s=float(
                    "inf"
                ),  # pytest ends a test that takes too long, and says where it was
            )
            emulated_s = await _emulated_s(board)
        return ended, _read_outcomes(outcomes, emulated_s)


def _pytest_command(root: Path, name: str, conditions: Conditions) -> list[str]:
    return [
        str(conditions.python),
        "-m",
        "pytest",
        f"--rootdir={root}",
        f"--override-ini=faulthandler_timeout={conditions.limit_s:.0f}",
        "--override-ini=faulthandler_exit_on_timeout=true",
        "-p",
        "conformance_outcomes",
        "-p",
        "no:cacheprovider",
        name,
    ]


def _read_outcomes(path: Path, emulated_s: float) -> _Told:
    told = _Told({}, {}, {}, emulated_s)
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    for line in lines:
        each = json.loads(line)
        item = each["item"]
        told.seconds[item] = told.seconds.get(item, 0.0) + each["seconds"]
        if (
            told.outcomes.get(item) != "failed"
        ):  # its tearing down may fail as well, but is no cause
            told.outcomes[item], told.whys[item] = each["outcome"], each["why"]
    return told


def _settle(told: _Told, ended: Ended, chips: int, conditions: Conditions) -> Iterator[Result]:
    """The results of the tests that have begun."""
    for item, outcome in told.outcomes.items():
        why = told.whys[item]
        if outcome == "running":
            outcome, why = "failed", f"the process ended in it (exit code {ended.code})"
            if "Timeout" in ended.output:
                why = f"not over after {conditions.limit_s:.0f} s"
        yield Result(
            item,
            Outcome(outcome),
            shorten(why),
            chips,
            told.seconds[item],
            told.emulated_s,
            conditions.fingerprint,
        )


def _board(chips: int, conditions: Conditions) -> EmulatedBoard:
    return EmulatedBoard(conditions.address, chips=chips, booted=conditions.booted)


async def _emulated_s(board: EmulatedBoard) -> float:
    """The board's emulated time (s); 0 if it is lost, which its user's failure tells of."""
    try:
        return (await board.status()).emulated_s
    except BoardLost:
        return 0.0


def _keep_log(file: File, chips: int, conditions: Conditions, output: str) -> None:
    name = file.name.replace(os.sep, "-").removesuffix(".py")
    conditions.logs.mkdir(parents=True, exist_ok=True)
    (conditions.logs / f"{name}-{chips}.log").write_text(output, encoding="utf-8")
