"""`spinnlive monitor`: a live run in the browser."""

from __future__ import annotations

import click

from spinnlive.cli.serve import serve


@click.command(
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    epilog="It takes the options of `spinnlive serve`.",
    add_help_option=True,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, required=True, metavar="SCRIPT ...")
def monitor(arguments: tuple[str, ...]) -> None:
    """Run a sPyNNaker SCRIPT and open a page that follows its network in the browser.

    Spikes, rates, weights, pace, losses and latencies, as they come. The same page is there under
    `spinnlive serve`, at the server's address.
    """
    serve.main(["--browser", *arguments], prog_name="spinnlive monitor", standalone_mode=True)
