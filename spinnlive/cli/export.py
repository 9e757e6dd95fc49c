"""`spinnlive export`: a recording of a live run for other programs."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
def export(file: Path, target: Path) -> None:
    """Write the recording FILE of a live run to TARGET: .nix, .pkl (Neo), .nwb or .npz."""
    from spinnlive.recording import export as exporting

    exporting.export(file, target)
    click.echo(f"{target}: {target.stat().st_size} bytes")
