"""`spinnlive demo`: a pole balanced by a spiking network on a SpiNNaker board."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click
import trio

from spinnlive.errors import UsageError


@click.command()
@click.option("--seconds", default=20.0, show_default=True, help="Biological time to balance for (s).")
@click.option("--board", help="Address of a board to use instead of an emulated one.")
@click.option(
    "--picture",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("spinnlive-demo.png"),
    show_default=True,
    help="Where to draw what happened.",
)
@click.option("--seed", default=1, show_default=True, help="Seed of the environment's first state.")
def demo(seconds: float, board: str | None, picture: Path, seed: int) -> None:
    """Balance Gymnasium's CartPole-v1 with a spiking network on a SpiNNaker board."""
    try:
        from spinnlive.demo import format_summary, run_demo
    except ImportError as error:
        raise UsageError(
            f"the demo needs {error.name}, which is not installed: `pip install 'spinnlive[demo]'`"
        ) from error
    run = partial(run_demo, seconds=seconds, board=board, picture=picture, seed=seed, progress=True)
    click.echo(format_summary(trio.run(run)))
