"""`spinnlive probe`: what answers at an address."""

from __future__ import annotations

import click
import trio

from spinnlive.boards.probe import BoardReport
from spinnlive.boards.probe import probe as probe_board


def format_report(report: BoardReport) -> str:
    """The report as a few aligned lines."""
    used = ", ".join(f"{count} by application {app}" for app, count in sorted(report.cores_in_use.items()))
    columns = 1 + max(x for x, _ in report.chips)
    rows = 1 + max(y for _, y in report.chips)
    lines = {
        "address": report.address,
        "version": f"{report.version.name} {'.'.join(map(str, report.version.version))} on {report.version.hardware}",
        "board": f"SpiNN-{report.hardware}",
        "chips": f"{len(report.chips)} ({columns} x {rows})",
        "cores": f"{report.cores}, {len(report.chips)} of them monitors",
        "in use": used or "none",
        "round trip": f"{report.round_trip_ms:.2f} ms (median)",
    }
    return "\n".join(f"{name:<11} {text}" for name, text in lines.items())


@click.command()
@click.argument("address")
def probe(address: str) -> None:
    """Say what answers at ADDRESS: version, chips, cores, cores in use, round-trip time."""
    click.echo(format_report(trio.run(probe_board, address)))
