"""The `spinnlive` command: collects the subcommands and turns our errors into one clear line."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

from spinnlive.errors import SpinnliveError, UsageError

COMMANDS = {
    "bench": "bench",
    "board": "board",
    "demo": "demo",
    "export": "export",
    "fault": "fault",
    "gdb": "fault",
    "inspect": "inspect",
    "monitor": "monitor",
    "probe": "probe",
    "replay": "replay",
    "run": "run",
    "send": "send",
    "serve": "serve",
    "tap": "tap",
}
"""The commands, and in which module of this package each is; only that of the command in question is imported."""

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
    """The group of `COMMANDS`, in which an error of ours, or Ctrl-C, ends the program with one line."""

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"spinnlive.cli.{COMMANDS[name]}"), name)
        return command

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
