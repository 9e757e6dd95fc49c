"""`spinnlive board`: an emulated board in the foreground, with a line that says how it is."""

from __future__ import annotations

import signal
from contextlib import suppress

import click
import trio
from rich.console import Console
from rich.live import Live

from spinnlive.boards.emulated import BoardStatus, EmulatedBoard, Pace
from spinnlive.errors import BoardFailed, BoardLost

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


async def _show(board: EmulatedBoard, console: Console) -> None:
    """Renew the status line until cancelled. On something else than a terminal, say nothing more."""
    before, since = await board.status(), trio.current_time()
    with Live(console=console, auto_refresh=False, transient=True) as display:
        while True:
            await trio.sleep(REFRESH_S)
            try:
                now = await board.status()
            except BoardLost as error:
                raise BoardFailed(f"the board ended by itself (exit code {board.exit_code})") from error
            if console.is_terminal:
                line = status_line(board.address, now, before, trio.current_time() - since)
                display.update(line, refresh=True)
            before, since = now, trio.current_time()


async def run_board(address: str | None, chips: int, booted: bool, pace: Pace) -> None:
    """Run an emulated board until SIGINT or SIGTERM, then say what it has done."""
    console = Console(highlight=False)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_wait_for_interrupt, nursery.cancel_scope)
        async with EmulatedBoard(address, chips=chips, booted=booted, pace=pace) as board:
            state = "booted" if booted else "waiting for a boot on UDP port 54321"
            console.print(
                f"An emulated SpiNN-{board.version} ({chips} chips) answers on {board.address}, {state}. "
                "Ctrl-C ends it."
            )
            try:
                await _show(board, console)
            finally:
                with trio.move_on_after(1, shield=True), suppress(BoardLost):
                    last = await board.status()
                    console.print(
                        f"Ran for {last.emulated_s:.1f} s of emulated time; packets in {last.datagrams_in}, "
                        f"out {last.datagrams_out}."
                    )


@click.command()
@click.option("--address", help="Loopback address to answer on; a free one is chosen without it.")
@click.option("--chips", type=click.Choice(["4", "48"]), default="4", help="4: a SpiNN-3. 48: a SpiNN-5.")
@click.option("--booted", is_flag=True, help="Start with SCAMP up; otherwise wait to be booted over UDP.")
@click.option(
    "--pace",
    type=click.Choice(["realtime", "free"]),
    default="realtime",
    help="Tie emulated time to the wall clock, or run as fast as it goes.",
)
def board(address: str | None, chips: str, booted: bool, pace: Pace) -> None:
    """Run an emulated SpiNNaker board in the foreground."""
    trio.run(run_board, address, int(chips), booted, pace)
