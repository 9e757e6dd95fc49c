"""The `spinnlive` command: collects the subcommands and turns our errors into one clear line."""

from __future__ import annotations

import sys
from typing import Any

import click

from spinnlive.cli.bench import bench
from spinnlive.cli.board import board
from spinnlive.cli.demo import demo
from spinnlive.cli.export import export
from spinnlive.cli.fault import fault, gdb
from spinnlive.cli.inspect import inspect
from spinnlive.cli.monitor import monitor
from spinnlive.cli.probe import probe
from spinnlive.cli.replay import replay
from spinnlive.cli.run import run
from spinnlive.cli.send import send
from spinnlive.cli.serve import serve
from spinnlive.cli.tap import tap
from spinnlive.errors import SpinnliveError, UsageError

EXIT_USAGE = 2
EXIT_FAILED = 1
EXIT_INTERRUPTED = 130
"""As shells report a program that Ctrl-C has ended: 128 and the number of SIGINT."""


def our_errors(error: BaseException) -> list[SpinnliveError] | None:
    """The errors of spinnlive inside an exception or group; None if there is anything else in it."""
    if isinstance(error, SpinnliveError):
        return [error]
    if not isinstance(error, BaseExceptionGroup):
        return None
    found: list[SpinnliveError] = []
    for inner in error.exceptions:
        ours = our_errors(inner)
        if ours is None:
            return None
        found += ours
    return found


def only_interrupted(error: BaseException) -> bool:
    """Whether an exception or group is nothing but Ctrl-C."""
    if isinstance(error, BaseExceptionGroup):
        return all(only_interrupted(inner) for inner in error.exceptions)
    return isinstance(error, KeyboardInterrupt)


class _Commands(click.Group):
    """A group of commands in which an error of ours, or Ctrl-C, ends the program with one line."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except BaseException as error:
            if only_interrupted(error):
                click.echo("spinnlive: interrupted", err=True)
                sys.exit(EXIT_INTERRUPTED)
            ours = our_errors(error)
            if ours is None:
                raise
            for each in ours:
                click.echo(f"spinnlive: {each}", err=True)
            sys.exit(EXIT_USAGE if isinstance(ours[0], UsageError) else EXIT_FAILED)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="spinnlive")
def main() -> None:
    """Run PyNN networks live on SpiNNaker, real or emulated."""


main.add_command(bench)
main.add_command(board)
main.add_command(demo)
main.add_command(export)
main.add_command(fault)
main.add_command(gdb)
main.add_command(inspect)
main.add_command(monitor)
main.add_command(probe)
main.add_command(replay)
main.add_command(run)
main.add_command(send)
main.add_command(serve)
main.add_command(tap)
