"""`spinnlive inspect`: what goes on inside an emulated board."""

from __future__ import annotations

import click
import trio
from rich import box
from rich.console import Console
from rich.table import Table

from spinnlive.boards import look
from spinnlive.boards.look import ChipView, CoreRegisters, CoreView
from spinnlive.errors import UsageError

LOAD_S = 0.2
"""The load is taken over this long (seconds of the wall clock)."""

PRINTED_COLUMNS = 120
"""Width of tables that go to a file or another program (characters)."""

IDLE = ("IDLE", "DEAD")
"""States of cores that are left out unless everything is asked for."""


def parse_place(text: str) -> tuple[int, ...]:
    """``X,Y`` or ``X,Y,P`` as numbers."""
    parts = text.split(",")
    if len(parts) not in (2, 3) or not all(part.isdecimal() for part in parts):
        raise UsageError(f"a chip is X,Y and a core X,Y,P, such as 0,0 or 0,0,1; not {text!r}")
    return tuple(map(int, parts))


def state_name(core: CoreView) -> str:
    """The name of a core's state, or its number if it has none."""
    return getattr(core.state, "name", str(core.state))


def chip_tables(now: ChipView, before: ChipView, *, everything: bool) -> list[Table]:
    """A chip's cores, and its devices, as tables."""
    loads = now.load_since(before)
    cores = Table(
        title=f"Chip {now.x},{now.y} at {now.emulated_s:.3f} s",
        title_justify="left",
        box=box.SIMPLE,
    )
    for heading in (
        "core",
        "state",
        "app",
        "name",
        "error",
        "load",
        "sent",
        "received",
    ):
        cores.add_column(
            heading, justify="left" if heading in ("state", "name") else "right", no_wrap=True
        )
    for core in now.cores:
        if state_name(core) in IDLE and not everything:
            continue
        cores.add_row(
            f"({core.physical})" if core.number is None else str(core.number),
            state_name(core) if core.running else "stopped",
            str(core.application),
            core.name,
            str(core.rt_code or ""),
            f"{loads[core.physical]:.1%}",
            str(core.packets_sent),
            str(core.packets_received),
        )
    devices = Table(show_header=False, box=box.SIMPLE)
    devices.add_row("links", ", ".join(map(str, now.links)))
    devices.add_row("LEDs", " ".join("on" if lit else "off" for lit in now.leds))
    devices.add_row("router entries", str(now.router_entries))
    devices.add_row("packets dumped, aged", f"{now.packets_dumped}, {now.packets_aged}")
    for name, count in zip(look.ROUTER_COUNTERS, now.router_counters, strict=True):
        if count or everything:
            devices.add_row(f"router, {name}", str(count))
    if now.ethernet is not None:
        devices.add_row(
            "Ethernet",
            f"{now.ethernet.frames_in} in, {now.ethernet.frames_out} out, {now.ethernet.frames_dropped} dropped",
        )
    return [cores, devices]


def core_table(view: CoreRegisters) -> Table:
    """A core's registers as a table; those saved at a run-time error beside them."""
    failed = view.core.rt_code != 0
    saved = dict(zip((*look.REGISTERS[:8], "cpsr", "sp", "lr"), view.saved, strict=True))
    title = f"{view.core.name or 'no program'}, {state_name(view.core)}"
    table = Table(
        title=title + (f", run-time error {view.core.rt_code}" if failed else ""),
        title_justify="left",
        box=box.SIMPLE,
    )
    table.add_column("register")
    table.add_column("now")
    if failed:
        table.add_column("at the error")
    for name, value in zip(look.REGISTERS, view.registers, strict=True):
        cells = [name, f"{value:#010x}"]
        if failed:
            cells.append(f"{saved[name]:#010x}" if name in saved else "")
        table.add_row(*cells)
    return table


async def _inspect(address: str, place: tuple[int, ...], everything: bool) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PRINTED_COLUMNS
    if len(place) == 3:
        x, y, p = place
        console.print(core_table(await look.core(address, x, y, p)))
        text = await look.iobuf(address, x, y, p)
        if text:
            console.print(text, markup=False, end="")
        return
    x, y = place
    before = await look.chip(address, x, y)
    await trio.sleep(LOAD_S)
    for table in chip_tables(await look.chip(address, x, y), before, everything=everything):
        console.print(table)


@click.command()
@click.argument("address")
@click.argument("place", default="0,0")
@click.option("--all", "everything", is_flag=True, help="Also idle cores, and counters at zero.")
def inspect(address: str, place: str, everything: bool) -> None:
    """Look inside the emulated board at ADDRESS.

    PLACE is a chip, X,Y (0,0 without it): its cores with load and state, router and Ethernet; or a core, X,Y,P: its
    registers and its output text.
    """
    trio.run(_inspect, address, parse_place(place), everything)
