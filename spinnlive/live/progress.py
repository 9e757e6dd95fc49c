"""One tidy line on the terminal while the network is mapped and loaded."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from spinnlive.toolchain.progress import Sink


@contextmanager
def progress_line(wanted: bool) -> Iterator[Sink | None]:
    """Show a line on stderr that goes when the block ends; give what it is to be told, from any
    thread.

    Gives None, and shows nothing, when it is not wanted or stderr is no terminal.
    """
    if not wanted or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

    display = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        console=Console(stderr=True),
        transient=True,
    )
    with display:
        task = display.add_task("Preparing the network", total=1.0)
        yield lambda what, share: display.update(task, description=what, completed=share)
