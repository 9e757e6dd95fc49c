"""`spinnlive serve`: a script's network, open to other programs while it runs."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

import click

from spinnlive.gateway.access import is_loopback
from spinnlive.gateway.pages import MONITOR
from spinnlive.gateway.settings import DEFAULT_PORT, RIGHTS, TOKEN_VARIABLE, Right


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="TCP port for everything; 0: any that is free.",
)
@click.option(
    "--allow",
    type=click.Choice(RIGHTS),
    multiple=True,
    default=("read",),
    show_default=True,
    help="What clients may do; give it several times for several rights.",
)
@click.option(
    "--token",
    is_flag=True,
    help=f"Ask clients for a token, from {TOKEN_VARIABLE} or made up; always so beyond loopback.",
)
@click.option(
    "--name", "hosts", multiple=True, metavar="HOST", help="A name under which browsers may come."
)
@click.option("--step", "stepped", is_flag=True, help="Let only clients' steps move time on.")
@click.option("--board", metavar="ADDRESS", help="Board to use, as in `spinnlive run`.")
@click.option(
    "--chips", type=click.Choice(["4", "48"]), default="4", help="Size of the emulated board."
)
@click.option(
    "--time-scale-factor", type=click.IntRange(min=1), metavar="N", help="Run N times slower."
)
@click.option("--browser", is_flag=True, help="Open the page that shows the live run.")
@click.option("-v", "--verbose", is_flag=True, help="Show sPyNNaker's own log and progress.")
@click.argument("script", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def serve(
    host: str,
    port: int,
    allow: tuple[Right, ...],
    token: bool,
    hosts: tuple[str, ...],
    stepped: bool,
    board: str | None,
    chips: str,
    time_scale_factor: int | None,
    browser: bool,
    verbose: bool,
    script: Path,
    arguments: tuple[str, ...],
) -> None:
    """Run a sPyNNaker SCRIPT and let other programs follow its network.

    They connect over TCP or WebSocket (spinnlive.connect, `spinnlive tap`, protocols/stream.md), and
    a browser shows the network at the same address (`spinnlive monitor` opens it). A
    script that calls run() ends as ever; one that only defines a network runs until Ctrl-C.
    """
    from spinnlive.script.run import Options
    from spinnlive.script.serve import ServeOptions, serve_script

    settings: dict[str, object] = {"host": host, "port": port, "hosts": hosts, "pages": MONITOR}
    secret = _token() if token or not is_loopback(host) else None
    if secret is not None:
        settings |= {"tokens": {secret: allow}, "rights": ()}
    else:
        settings["rights"] = allow
    options = Options(script, arguments, board, int(chips), time_scale_factor, verbose)
    sys.exit(serve_script(options, ServeOptions(settings, stepped, browser, secret), _say))


def _token() -> str:
    """The user's token, or a new one, which is told."""
    token = os.environ.get(TOKEN_VARIABLE)
    if token is None:
        token = secrets.token_urlsafe()
        click.echo(f"spinnlive: clients need {TOKEN_VARIABLE}={token}", err=True)
    return token


def _say(text: str) -> None:
    for line in text.splitlines():
        click.echo(f"spinnlive: {line}", err=True)
