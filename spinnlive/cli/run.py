"""`spinnlive run`: a PyNN script, with a board under it."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option(
    "--board", metavar="ADDRESS", help="Board to use, instead of the cfg's or an emulated one."
)
@click.option(
    "--chips",
    type=click.Choice(["4", "48"]),
    default="4",
    help="Size of the emulated board. 4: a SpiNN-3. 48: a SpiNN-5.",
)
@click.option(
    "--time-scale-factor",
    type=click.IntRange(min=1),
    metavar="N",
    help="Run N times slower than real time, whatever script and cfg say.",
)
@click.option("-v", "--verbose", is_flag=True, help="Show sPyNNaker's own log and progress.")
@click.option(
    "--plot",
    metavar="show|FOLDER",
    help="Open the script's figures, or save each as FOLDER/SCRIPT-N.png.",
)
@click.option(
    "--record",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write what all populations recorded: FILE.npz (arrays) or FILE.pkl (Neo Blocks).",
)
@click.argument("script", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run(
    board: str | None,
    chips: str,
    time_scale_factor: int | None,
    verbose: bool,
    plot: str | None,
    record: Path | None,
    script: Path,
    arguments: tuple[str, ...],
) -> None:
    """Run a sPyNNaker SCRIPT, in today's PyNN or in PyNN 0.7, with its ARGUMENTS.

    It runs on the board that --board or spynnaker.cfg names, or on an emulated one.
    """
    from spinnlive.script.run import Options, run_script

    options = Options(
        script, arguments, board, int(chips), time_scale_factor, verbose, plot, record
    )
    sys.exit(run_script(options))
