"""`spinnlive board`: an emulated board in the foreground, with a line that says how it is."""

from __future__ import annotations

import signal
from contextlib import suppress
from functools import partial
from pathlib import Path

import click
import trio

from spinnlive.boards.control import BoardStatus, Pace
from spinnlive.boards.emulated import BOARDS_JOINED, CHIPS_A_BOARD, MOST_THREADS, EmulatedBoard
from spinnlive.boards.exit_code import describe_exit
from spinnlive.boards.replay import replay
from spinnlive.errors import BoardFailed, BoardLost, UsageError

REFRESH_S = 0.5
"""How often the status line is renewed (seconds)."""


def status_line(address: str, now: BoardStatus, before: BoardStatus, elapsed_s: float) -> str:
    """One line on the board's state; rates are taken between two states ``elapsed_s`` (s) apart."""

    def rate(after: int, earlier: int) -> float:
        return (after - earlier) / elapsed_s if elapsed_s > 0 else 0.0

    if not now.booted:
        return f"{address}  waiting for a boot on UDP port 54321"
    return (
        f"{address}  emulated {now.emulated_s:8.1f} s  speed {now.speed:4.2f} x real time  "
        f"packets in {now.datagrams_in} ({rate(now.datagrams_in, before.datagrams_in):.0f}/s)  "
        f"out {now.datagrams_out} ({rate(now.datagrams_out, before.datagrams_out):.0f}/s)  "
        f"{rate(now.instructions, before.instructions) / 1e6:.0f} MIPS"
    )


async def _wait_for_interrupt(cancel: trio.CancelScope) -> None:
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            cancel.cancel()
            return


async def _show(board: EmulatedBoard) -> None:
    """Renew the status line until cancelled. On something else than a terminal, say nothing more."""
    from rich.console import Console  # the board answers by now
    from rich.live import Live

    console = Console(highlight=False)
    before, since = await board.status(), trio.current_time()
    with Live(console=console, auto_refresh=False, transient=True) as display:
        while True:
            await trio.sleep(REFRESH_S)
            try:
                now = await board.status()
            except BoardLost as error:
                raise BoardFailed(
                    f"the board ended by itself ({describe_exit(board.exit_code)})"
                ) from error
            if console.is_terminal:
                line = status_line(board.address, now, before, trio.current_time() - since)
                display.update(line, refresh=True)
            before, since = now, trio.current_time()


async def run_board(board: EmulatedBoard, *, waits: bool) -> None:
    """Run an emulated board until SIGINT or SIGTERM, then say what it has done.

    ``waits``: it waits to be booted.
    """
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_wait_for_interrupt, nursery.cancel_scope)
        async with board:
            state = "waiting for a boot on UDP port 54321" if waits else "booted"
            boards = len(board.addresses)
            machine = f"SpiNN-{board.version}" if boards == 1 else f"machine of {boards} SpiNN-5"
            reach = board.address if boards == 1 else f"{board.address} to {board.addresses[-1]}"
            click.echo(
                f"An emulated {machine} ({board.chips} chips) answers on {reach}, {state}. Ctrl-C ends it."
            )
            try:
                await _show(board)
            finally:
                with trio.move_on_after(1, shield=True), suppress(BoardLost):
                    last = await board.status()
                    click.echo(
                        f"Ran for {last.emulated_s:.1f} s of emulated time; packets in {last.datagrams_in}, "
                        f"out {last.datagrams_out}."
                    )


async def run_replay(log: Path, threads: int) -> None:
    """Have a recorded run again and tell the outcome; raises `BoardFailed` when it is another run."""
    told = await replay(log, threads=threads)
    click.echo(
        f"Replayed {told.until_s:.3f} s of emulated time: {told.datagrams_in} packets in, "
        f"{told.datagrams_out} out. State {told.state_hash}."
    )
    if told.diverged_at_s is not None:
        raise BoardFailed(
            f"the replay differs from the record from {told.diverged_at_s:.6f} s of emulated time on: "
            f"{told.difference}"
        )
    if told.whole:
        click.echo("The same as recorded, bit for bit.")
    else:
        click.echo("The same as recorded; the record breaks off there.")


_FILE = click.Path(dir_okay=False, path_type=Path)
_THERE = click.Path(dir_okay=False, exists=True, path_type=Path)


@click.command()
@click.option(
    "--address",
    help="Loopback address to answer on; a free one is chosen without it. Further boards take the next ones.",
)
@click.option(
    "--board",
    "kind",
    type=click.Choice(["spinn3", "spinn5"]),
    help="spinn3: 4 chips (default). spinn5: 48 chips.",
)
@click.option(
    "--boards",
    type=click.Choice([str(number) for number in BOARDS_JOINED]),
    default="1",
    help="How many SpiNN-5 are joined into one machine.",
)
@click.option("--chips", type=click.Choice(["4", "48"]), help="The same as --board, by size.")
@click.option(
    "--booted", is_flag=True, help="Start with SCAMP up; otherwise wait to be booted over UDP."
)
@click.option(
    "--pace",
    type=click.Choice(["realtime", "free"]),
    default="realtime",
    help="Tie emulated time to the wall clock, or run as fast as it goes.",
)
@click.option(
    "--threads",
    type=click.IntRange(1, MOST_THREADS),
    default=1,
    help="Host threads; what happens on the board is the same with any number.",
)
@click.option(
    "--dead-core",
    multiple=True,
    metavar="X,Y,P",
    help="A core that does not work (physical number).",
)
@click.option("--dead-chip", multiple=True, metavar="X,Y", help="A chip that does not work.")
@click.option("--dead-link", multiple=True, metavar="X,Y,LINK", help="A link that does not work.")
@click.option(
    "--record", type=_FILE, help="Write all that enters the board to a new file, for --replay."
)
@click.option("--restore", type=_THERE, help="Go on from a snapshot.")
@click.option(
    "--replay",
    "log",
    type=_THERE,
    help="Have a recorded run again, as fast as it goes, and say where it first differs.",
)
def board(
    address: str | None,
    kind: str | None,
    boards: str,
    chips: str | None,
    booted: bool,
    pace: Pace,
    threads: int,
    dead_core: tuple[str, ...],
    dead_chip: tuple[str, ...],
    dead_link: tuple[str, ...],
    record: Path | None,
    restore: Path | None,
    log: Path | None,
) -> None:
    """Run an emulated SpiNNaker board in the foreground."""
    if log is not None:
        trio.run(run_replay, log, threads)
        return
    large = kind == "spinn5" or chips == "48"
    if (large and chips == "4") or (kind == "spinn3" and chips == "48"):
        raise UsageError(f"--board {kind} does not have {chips} chips")
    if boards != "1" and not large:
        raise UsageError(
            f"--boards {boards}: only SpiNN-5 boards can be joined; add --board spinn5"
        )
    emulated = EmulatedBoard(
        address,
        chips=CHIPS_A_BOARD * int(boards) if large else 4,
        booted=booted,
        pace=pace,
        threads=threads,
        faults=[
            f"kill {kind} {place}"
            for kind, places in (("core", dead_core), ("chip", dead_chip), ("link", dead_link))
            for place in places
        ],
        record=record,
        restore=restore,
    )
    trio.run(partial(run_board, emulated, waits=not booted and restore is None))
