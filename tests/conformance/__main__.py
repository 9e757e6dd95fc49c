"""Run people's own PyNN scripts, and tests that were written for real boards, on emulated boards.

``python tests/conformance --examples FOLDER --tests FOLDER``: see docs/conformance.md.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click
import table
import trio
from execute import Conditions, run_file
from material import File, fingerprint, scripts, test_files
from results import Outcome, Result, Store
from scratch import Settings
from why import Knowledge, read_knowledge, shorten

from spinnlive.boards.emulated import board_program
from spinnlive.errors import BoardFailed

SIZES = (4, 48, 144)
"""Each file is run on a SpiNN-3; what does not pass there on a SpiNN-5, and at last on three of these."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run, and how."""

    files: tuple[File, ...]
    sizes: tuple[int, ...]
    python: Path
    booted: bool
    limit_s: float
    addresses: tuple[str | None, ...]
    python_path: tuple[Path, ...]
    settings: Settings
    results: Path
    again: bool


def _settled(file: File, print_of: str, store: Store, plan: Plan) -> bool:
    """Whether a file's results stand: nothing that they depend on has changed since."""
    kept = store.of_file(file.name)
    if not kept or any(result.fingerprint != print_of for result in kept):
        return False
    return not (plan.again and any(result.outcome is Outcome.FAILED for result in kept))


async def _run_one(file: File, plan: Plan, address: str | None, print_of: str) -> list[Result]:
    """Run a file on boards of growing size until everything in it has passed."""
    conditions = Conditions(
        python=plan.python,
        limit_s=plan.limit_s,
        address=address,
        booted=plan.booted,
        python_path=plan.python_path,
        settings=plan.settings,
        logs=plan.results / "logs",
        fingerprint=print_of,
    )
    best: dict[str, Result] = {}
    for chips in plan.sizes:
        try:
            results = await run_file(file, chips, conditions)
        except BoardFailed as error:  # a large one on a busy host may not get up in time
            results = [
                Result(file.name, Outcome.FAILED, shorten(str(error)), chips, 0.0, 0.0, print_of)
            ]
        for result in results:
            if result.item not in best or best[result.item].outcome is not Outcome.PASSED:
                best[result.item] = result
        if all(result.outcome is Outcome.PASSED for result in best.values()):
            break
    return list(best.values())


async def _run_all(plan: Plan, store: Store, knowledge: Knowledge) -> None:
    """Run the files, those first that took least when they last ran; as many at once as there are addresses."""
    program = board_program()
    waiting = iter(sorted(plan.files, key=lambda file: store.seconds(file.name)))

    async def work(address: str | None) -> None:
        for file in waiting:
            print_of = fingerprint([program, file.path], [plan.python, plan.booted, plan.settings])
            if _settled(file, print_of, store, plan):
                continue
            for result in await _run_one(file, plan, address, print_of):
                store.add(result)
                click.echo(table.line(result, knowledge))

    async with trio.open_nursery() as nursery:
        for address in plan.addresses:
            nursery.start_soon(work, address)


def _report(plan: Plan, apart: list[str], store: Store, knowledge: Knowledge) -> bool:
    """Write the table and say how many passed. True if no failure is without a known cause."""
    groups: dict[str, list[Result]] = {}
    for file in plan.files:
        title = "Examples" if file.kind == "script" else f"Tests: {file.root.resolve().name}"
        groups.setdefault(title, []).extend(store.of_file(file.name))
    (plan.results / "conformance.md").write_text(
        table.markdown(dict(groups), apart, knowledge), encoding="utf-8"
    )
    for title, results in groups.items():
        click.echo(f"{title}: {table.count(results, knowledge)}")
    if apart:
        click.echo(f"Not run, because they need what is not here: {len(apart)}")
    click.echo(f"The whole table: {plan.results / 'conformance.md'}")
    return all(
        result.outcome is not Outcome.FAILED or knowledge.excuse(result)
        for results in groups.values()
        for result in results
    )


def _read_settings(
    _context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]
) -> Settings:
    settings: Settings = {}
    for setting in given:
        name, equals, value = setting.partition("=")
        section, dot, option = name.partition(".")
        if not equals or not dot:
            raise click.BadParameter(f"{setting!r} is not of the form SECTION.OPTION=VALUE")
        settings.setdefault(section, {})[option] = value
    return settings


FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--examples", type=FOLDER, multiple=True, help="A folder of PyNN scripts.")
@click.option("--tests", type=FOLDER, multiple=True, help="A folder with integration tests.")
@click.option("-k", "chosen", multiple=True, help="Only the files in whose path this is found.")
@click.option(
    "--python",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=sys.executable,
    help="The Python that runs scripts and tests, if not the one that has spinnlive.",
)
@click.option("--cold", is_flag=True, help="Leave it to the scripts' SpiNNMan to boot the board.")
@click.option("--again", is_flag=True, help="Run anew what has failed.")
@click.option(
    "--chips",
    type=click.Choice([*map(str, SIZES), "288"]),
    help="On this size of machine only.",
)
@click.option("--limit", default=1800.0, show_default=True, help="For one script or test (s).")
@click.option("--python-path", type=FOLDER, multiple=True, help="Where packages for tests lie.")
@click.option(
    "--set",
    "settings",
    metavar="SECTION.OPTION=VALUE",
    callback=_read_settings,
    multiple=True,
    help="A setting for sPyNNaker's cfg.",
)
@click.option("--address", multiple=True, help="Of a board; with several, as many run at once.")
@click.option(
    "--results",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("build/conformance"),
    show_default=True,
    help="Where results, logs and the table go.",
)
def main(
    examples: tuple[Path, ...],
    tests: tuple[Path, ...],
    chosen: tuple[str, ...],
    python: Path,
    cold: bool,
    again: bool,
    chips: str | None,
    limit: float,
    python_path: tuple[Path, ...],
    settings: Settings,
    address: tuple[str, ...],
    results: Path,
) -> None:
    """Run official examples and integration tests, unmodified, on emulated boards.

    A run that was interrupted goes on where it was; results stand until a script, the packages or the board change.
    """
    if not examples and not tests:
        raise click.UsageError(
            "name a folder: --examples FOLDER or --tests FOLDER (docs/conformance.md)"
        )
    knowledge = read_knowledge()
    found = [file for root in examples for file in scripts(root)]
    found += [file for root in tests for file in test_files(root)]
    if chosen:
        found = [file for file in found if any(part in file.name for part in chosen)]
    apart = [file.name for file in found if knowledge.set_apart(file.name)]
    plan = Plan(
        files=tuple(file for file in found if file.name not in apart),
        sizes=(int(chips),) if chips else SIZES,
        python=python.absolute(),  # of a virtual environment: its link must not be followed
        booted=not cold,
        limit_s=limit,
        addresses=address or (None,),
        python_path=python_path,
        settings=settings,
        results=results,
        again=again,
    )
    results.mkdir(parents=True, exist_ok=True)
    store = Store(results / "results.jsonl")
    click.echo(f"{len(plan.files)} files to run, {len(apart)} set apart")
    trio.run(partial(_run_all, plan, store, knowledge))
    sys.exit(0 if _report(plan, apart, store, knowledge) else 1)


if __name__ == "__main__":
    main()
