"""`spinnlive tap`: the streams of a live run that is served elsewhere, printed, recorded or drawn."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click
import numpy as np
import trio
from rich.console import Group
from rich.live import Live
from rich.text import Text

from spinnlive.cli.raster import Raster
from spinnlive.errors import UsageError
from spinnlive.gateway.connect import connect
from spinnlive.live.spikes import SpikeBatch

if TYPE_CHECKING:
    from spinnlive.gateway.remote import Remote

SHOWN_IDS = 12
"""Neuron ids of a batch that a printed line names."""

FRAMES_PER_S = 8
"""How often the picture is drawn anew."""

Take = Callable[[str, str, Any], None]


@click.command()
@click.option("--weights", multiple=True, metavar="PROJECTION", help="Weights of this projection.")
@click.option("--counts", type=float, metavar="MS", help="Spikes per neuron in windows of MS.")
@click.option("--clock", is_flag=True, help="The live run's clock.")
@click.option("--telemetry", is_flag=True, help="Counts and measures of the live run.")
@click.option(
    "--every",
    type=float,
    default=1000.0,
    metavar="MS",
    help="Interval of weights, clock, telemetry.",
)
@click.option("--list", "listing", is_flag=True, help="Say what there is, and end.")
@click.option(
    "--record",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Append a JSON line for each batch to FILE.",
)
@click.option("--plot", is_flag=True, help="Draw the last seconds of spikes.")
@click.option("--span", type=float, default=2000.0, metavar="MS", help="How much --plot shows.")
@click.option("-n", "number", type=click.IntRange(min=1), metavar="N", help="End after N batches.")
@click.option("--token", help="What the server asks for, if SPINNLIVE_TOKEN does not say.")
@click.argument("url")
@click.argument("populations", nargs=-1)
def tap(
    weights: tuple[str, ...],
    counts: float | None,
    clock: bool,
    telemetry: bool,
    every: float,
    listing: bool,
    record: Path | None,
    plot: bool,
    span: float,
    number: int | None,
    token: str | None,
    url: str,
    populations: tuple[str, ...],
) -> None:
    """Show the live spikes of POPULATIONS (all, if none is named) of the live run served at URL.

    Ends when the live run does, or with Ctrl-C.
    """

    async def run() -> None:
        async with connect(url, token=token, name="spinnlive tap") as remote:
            if listing:
                click.echo("\n".join(describe(remote)))
                return
            other = [f"{name}" for name in weights]
            asked = list(populations)
            if not asked and not (other or clock or telemetry):
                asked = [each.label for each in remote.populations if each.live]
                if not asked:
                    raise UsageError(f"no population at {url} sends live spikes")
            streams = [
                *(
                    ("spikes", label, remote.spikes(label))
                    if counts is None
                    else ("counts", label, remote.counts(label, counts))
                    for label in asked
                ),
                *(("weights", name, remote.weights(name, every=every)) for name in other),
                *([("clock", "", remote.clock(every))] if clock else []),
                *([("telemetry", "", remote.telemetry(every))] if telemetry else []),
            ]
            with contextlib.ExitStack() as stack:
                takers: list[Take] = []
                if record is not None:
                    takers.append(recorder(stack.enter_context(record.open("a"))))
                if plot:
                    takers.append(stack.enter_context(plotter(remote, asked, span)))
                if not takers:
                    takers.append(lambda what, label, one: click.echo(line(what, label, one)))
                await follow(streams, takers, number)

    trio.run(run)


async def follow(
    streams: list[tuple[str, str, Any]], takers: list[Take], number: int | None
) -> None:
    """Read all streams until they end, or until ``number`` batches have come."""
    left = number

    async def read(what: str, label: str, stream: AsyncIterator[Any]) -> None:
        nonlocal left
        async for one in stream:
            for take in takers:
                take(what, label, one)
            if left is not None:
                left -= 1
                if left == 0:
                    nursery.cancel_scope.cancel()
                    return

    async with trio.open_nursery() as nursery:
        for what, label, stream in streams:
            nursery.start_soon(read, what, label, stream)


def describe(remote: Remote) -> list[str]:
    """What a server has, a line for each population and projection."""
    return [
        f"{remote.server}; you may {', '.join(remote.rights)}; it can {', '.join(remote.capabilities)}",
        *(
            f"population  {each.label}  {each.size} neurons"
            + (", live spikes" if each.live else "")
            + (", injector" if each.injector else "")
            + (", rates" if each.rates else "")
            for each in remote.populations
        ),
        *(
            f"projection  {each.label}  {each.pre} ({each.pre_size}) → {each.post} ({each.post_size})"
            for each in remote.projections
        ),
    ]


def line(what: str, label: str, one: Any) -> str:
    """A batch as a line for people."""
    if what == "spikes":
        ids = one.neuron_ids
        named = " ".join(map(str, ids[:SHOWN_IDS])) + (" …" if len(ids) > SHOWN_IDS else "")
        return f"{one.time_ms:10.1f} ms  {label}  {len(ids)}: {named}"
    if what == "counts":
        return f"{one.time_ms:10.1f} ms  {label}  {int(one.counts.sum())} in {one.ticks} ticks"
    if what == "weights":
        values = one.weights
        known = f"{values.min():.4g} to {values.max():.4g}, mean {values.mean():.4g} {one.unit}"
        return f"{one.time_ms:10.1f} ms  {label}  {len(values)} synapses" + (
            f", {known}" if len(values) else ""
        )
    if what == "clock":
        speed = "" if one.board_speed is None else f"  {one.board_speed:.3f} of the pace"
        return f"tick {one.position:.1f} ± {one.uncertainty:.1f}{speed}"
    return "  ".join(f"{name} {value:g}" for name, value in sorted(one.items()))


def recorder(file: IO[str]) -> Take:
    """Write a JSON line for each batch: ``what``, ``label``, and its fields."""

    def take(what: str, label: str, one: Any) -> None:
        fields = asdict(one) if is_dataclass(one) and not isinstance(one, type) else {"values": one}
        json.dump({"what": what, "label": label, **fields}, file, default=np.ndarray.tolist)
        file.write("\n")
        file.flush()

    return take


@contextlib.contextmanager
def plotter(remote: Remote, labels: list[str], span_ms: float) -> Any:
    """Draw a raster for each population; what is no spikes is passed over."""
    width, height = shutil.get_terminal_size()
    sizes = {each.label: each.size for each in remote.populations}
    rows = max(1, (height - 2) // max(1, len(labels)) - 1)
    rasters = {
        label: Raster(sizes.get(label, 1), span_ms, max(10, width - 2), rows) for label in labels
    }

    def picture() -> Group:
        parts: list[Text] = []
        for label, raster in rasters.items():
            parts.append(Text(f"{label}  {raster.rate_hz:.1f} Hz", style="bold"))
            parts += map(Text, raster.lines())
        return Group(*parts)

    def take(what: str, label: str, one: Any) -> None:
        if isinstance(one, SpikeBatch):
            rasters[label].add(one)

    with Live(get_renderable=picture, refresh_per_second=FRAMES_PER_S):
        yield take
