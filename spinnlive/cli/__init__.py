"""The `spinnlive` command; one module for each of its subcommands."""

from spinnlive.cli.main import main

__all__ = ["main"]
