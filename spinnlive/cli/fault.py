"""`spinnlive fault` and `spinnlive gdb`: let things go wrong on an emulated board, and stop its cores to see why."""

from __future__ import annotations

import click
import trio

from spinnlive.boards import faults
from spinnlive.boards.control import control
from spinnlive.boards.faults import ActiveFault
from spinnlive.cli.inspect import parse_place
from spinnlive.errors import UsageError


def fault_line(fault: ActiveFault) -> str:
    """One line on what a fault has done."""
    return f"{fault.kind} {fault.where} {fault.percent:g} %: {fault.done} of {fault.met}"


async def _fault(address: str, words: str) -> None:
    if words.split()[:1] == ["freeze"]:
        seconds = words.split()[1:]
        await faults.freeze(address, float(seconds[0]) if seconds else None)
    elif words == "thaw":
        await control(address, "thaw")
    elif words:
        await faults.fault(address, words)
    else:
        for fault in await faults.active(address):
            click.echo(fault_line(fault))


@click.command(epilog="Everything but freeze and thaw is recorded, and happens again in a replay.")
@click.argument("address")
@click.argument("words", nargs=-1)
def fault(address: str, words: tuple[str, ...]) -> None:
    """Let something go wrong on the emulated board at ADDRESS; without WORDS, tell what acts.

    \b
    lose|duplicate|reorder in|out PERCENT [COUNT]
    delay in|out PERCENT MICROSECONDS [COUNT]
    drop X,Y,LINK PERCENT [COUNT]
    kill chip X,Y | kill core X,Y,P | kill link X,Y,LINK
    flip X,Y ADDRESS BIT
    seed NUMBER | clear
    freeze [SECONDS] | thaw
    """
    try:
        trio.run(_fault, address, " ".join(words))
    except ValueError as error:
        raise UsageError(f"freeze wants a number of seconds: {error}") from error


@click.command()
@click.argument("address")
@click.argument("place")
@click.option(
    "--port", default=0, type=click.IntRange(0, 65535), help="TCP port; a free one without it."
)
def gdb(address: str, place: str, port: int) -> None:
    """Open a port for GDB on core PLACE (X,Y,P) of the emulated board at ADDRESS.

    While the debugger holds the core, the whole machine stands still.
    """
    numbers = parse_place(place)
    if len(numbers) != 3:
        raise UsageError(f"a core is X,Y,P, such as 0,0,1; not {place!r}")
    told = trio.run(control, address, f"gdb {place} {port}")
    click.echo(
        f'gdb-multiarch -ex "set architecture armv5te" -ex "target remote {address}:{told["port"]}"'
    )
