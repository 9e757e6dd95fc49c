"""`spinnlive replay`: have a recorded live run again, in figures or under the script that made it."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import click
import trio

from spinnlive.errors import RemoteError
from spinnlive.recording.kinds import RunFacts
from spinnlive.recording.replay import Replay, open_recording

REPORT_MS = 1000.0
"""Biological time between two lines (ms)."""


def facts_lines(facts: RunFacts) -> list[str]:
    """Say what a recording is of."""
    timing = f"{facts.timestep_us / 1000:g} ms time steps"
    if facts.time_scale_factor != 1:
        timing += f", timeScaleFactor {facts.time_scale_factor}"
    lines = [f"{facts.started[:19].replace('T', ' ')} UTC, board {facts.board}, {timing}"]
    for population in facts.populations:
        what = "injector" if population.is_injector else ""
        what = "live" if population.label in facts.live else what
        lines.append(f"  {population.label}: {population.size} neurons {what}".rstrip())
    lines += [f"  {each.label} ({each.dynamics})" for each in facts.projections]
    lines.append("  " + ", ".join(f"{name} {version}" for name, version in facts.versions.items()))
    return lines


async def play(path: Path, speed: float) -> None:
    """Play a recording, with a line for every second of biological time."""
    async with open_recording(path, speed=speed) as live:
        for line in facts_lines(live.facts):
            click.echo(line)
        counts = dict.fromkeys(live.facts.live, 0)
        async with trio.open_nursery() as nursery:
            for label in counts:
                nursery.start_soon(_count, live, label, counts)
            nursery.start_soon(_events, live)
            nursery.start_soon(_report, live, counts)
            await trio.testing.wait_all_tasks_blocked()
            await live.run()
            nursery.cancel_scope.cancel()
        statistics = live.statistics()
        click.echo(
            f"{live.clock.time_ms:.0f} ms of biological time: {statistics.spikes_in} spikes "
            f"received, {statistics.spikes_out} sent, {statistics.kernel_drops} datagrams lost"
        )


async def _count(live: Replay, label: str, counts: dict[str, int]) -> None:
    async for batch in live.spikes(label):
        counts[label] += len(batch.neuron_ids)


async def _events(live: Replay) -> None:
    async for event in live.values("state"):
        click.echo(f"{event.tick * live.clock.timestep_ms:8.0f} ms  {event.what}")


async def _report(live: Replay, counts: dict[str, int]) -> None:
    step = max(1, round(REPORT_MS / live.clock.timestep_ms))
    while True:
        await live.clock.wait_until((live.clock.tick // step + 1) * step)
        spikes = ", ".join(f"{label} {count}" for label, count in counts.items())
        click.echo(f"{live.clock.time_ms:8.0f} ms  spikes: {spikes or 'none live'}")


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option(
    "--speed",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    help="1: as it was; 0: as fast as it is read.",
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument(
    "script", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def replay(file: Path, speed: float, script: Path | None, arguments: tuple[str, ...]) -> None:
    """Play the recording FILE of a live run: in figures, or to the SCRIPT that was run then.

    The script's open_live() gets the recording in the place of a board; nothing is loaded, and what
    it injects is checked and counted only.
    """
    if script is None:
        try:
            trio.run(play, file, speed)
        except RemoteError as error:  # of then
            click.echo(f"the live run ended with {type(error).__name__}: {error}")
        return
    from spinnlive.live.open import instead
    from spinnlive.script.run import execute

    with instead(partial(open_recording, file, speed=speed)):
        sys.exit(execute(script, arguments))
