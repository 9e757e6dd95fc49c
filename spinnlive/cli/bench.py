"""`spinnlive bench`: how fast the emulated board is on this machine."""

from __future__ import annotations

from pathlib import Path

import click
import trio

from spinnlive.errors import UsageError


@click.group()
def bench() -> None:
    """Measure speeds on this machine."""


@bench.command("board")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("spinnlive-bench"),
    show_default=True,
    help="Where table, picture and history go, and the networks' snapshots, which are made once.",
)
@click.option(
    "--lif",
    multiple=True,
    type=click.IntRange(min=200),
    metavar="NEURONS",
    help="Measure the 1 ms network of LIF neurons in this size instead; may be repeated.",
)
@click.option("--chips", type=click.Choice(["4", "48"]), default="4", help="Board for --lif.")
def bench_board(folder: Path, lif: tuple[int, ...], chips: str) -> None:
    """Measure the emulated board: speed with given networks, cost when idle, time to start, the CartPole demo.

    Ends with what is to be reached and whether it was. Takes some six minutes. All that is compared is the same
    machine's, bit for bit; use it on one that has nothing else to do.
    """
    try:
        from spinnlive.bench import run
    except ImportError as error:
        raise UsageError(f"the bench needs {error.name}, which is not installed") from error
    networks = run.lif_networks(lif, int(chips)) if lif else run.NETWORKS

    async def go() -> None:
        await run.bench_board(folder, networks=networks, targets=not lif, say=click.echo)

    trio.run(go)
