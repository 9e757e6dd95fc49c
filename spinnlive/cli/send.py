"""`spinnlive send`: spikes, rates and steps into a live run that is served elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import click
import trio

from spinnlive.errors import UsageError
from spinnlive.gateway.connect import connect


@click.command()
@click.option(
    "--at", type=click.IntRange(min=0), metavar="TICK", help="Let them fire at this tick."
)
@click.option("--repeat", type=click.IntRange(min=1), default=1, metavar="N", help="Send N times.")
@click.option("--every", type=float, default=100.0, metavar="MS", help="Pause between times.")
@click.option("--rate", type=float, metavar="HZ", help="Set the neurons' rate instead.")
@click.option("--step", type=float, metavar="MS", help="Afterwards let the network advance.")
@click.option("--token", help="What the server asks for, if SPINNLIVE_TOKEN does not say.")
@click.argument("url")
@click.argument("population", required=False)
@click.argument("neurons", nargs=-1)
def send(
    at: int | None,
    repeat: int,
    every: float,
    rate: float | None,
    step: float | None,
    token: str | None,
    url: str,
    population: str | None,
    neurons: tuple[str, ...],
) -> None:
    """Make NEURONS of POPULATION fire, in the live run served at URL.

    NEURONS are ids and ranges such as 0 3 10-19; a single - reads them from the standard input, a
    line for each time.
    """
    if population is None and step is None:
        raise UsageError("nothing to send: name a population and neurons, or --step")

    async def run() -> None:
        async with connect(url, token=token, name="spinnlive send") as remote:
            if population is not None and rate is not None:
                ids = parse_neurons(neurons)
                await remote.set_rates(population, [rate] * len(ids), ids)
            elif population is not None and neurons == ("-",):
                while line := await trio.to_thread.run_sync(sys.stdin.readline):
                    if line.strip():
                        await remote.inject(population, parse_neurons(line.split()), at)
            elif population is not None:
                for number in range(repeat):
                    if number:
                        await trio.sleep(every / 1000)
                    await remote.inject(population, parse_neurons(neurons), at)
            if step is not None:
                click.echo(f"tick {await remote.step(step)}")

    trio.run(run)


def parse_neurons(words: Iterable[str]) -> list[int]:
    """Give the ids that words such as ``3`` and ``10-19`` name. Raises UsageError for others."""
    ids: list[int] = []
    for word in words:
        first, dash, last = word.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise UsageError(f"{word!r} is no neuron id, and no range such as 10-19")
        ids += range(int(first), int(last or first) + 1)
    if not ids:
        raise UsageError("no neurons named: ids and ranges such as 0 3 10-19")
    return ids
