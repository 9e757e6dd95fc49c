"""Looking inside an emulated board, as nobody can on a real one: cores, queues, routers, registers, output text.

Looking changes nothing: the machine goes on as if nobody had.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from spinnlive import wire
from spinnlive.boards.control import control

REGISTERS = (*(f"r{number}" for number in range(13)), "sp", "lr", "pc", "cpsr")
"""Names of `CoreRegisters.registers`, in order."""

ROUTER_COUNTERS = (
    *(f"{where} {kind}" for kind in ("MC", "P2P", "NN", "FR") for where in ("local", "external")),
    *(f"dumped {kind}" for kind in ("MC", "P2P", "NN", "FR")),
    *(f"user {number}" for number in range(4)),
)
"""What the router's diagnostic counters count as SCAMP sets them up, in order."""


@dataclass(frozen=True, slots=True)
class CoreView:
    """A core.

    ``number`` is SCAMP's (0 is the monitor), None for a core that SCAMP does not use; ``physical`` the silicon's.
    ``state``, ``application``, ``name`` and ``rt_code`` (the run-time error; 0 is none) are what its software says of
    itself. ``running``: it is clocked, out of reset and not dead; ``waiting``: for an interrupt. ``busy_s``: emulated
    time that it has spent executing (s). ``packets_waiting`` to be read, ``packets_to_send`` in its transmit queue,
    ``transfers`` of its DMA controller under way.
    """

    number: int | None
    physical: int
    state: wire.CpuState | int
    application: int
    name: str
    rt_code: int
    running: bool
    waiting: bool
    pc: int
    busy_s: float
    instructions: int
    packets_waiting: int
    packets_to_send: int
    transfers: int
    packets_sent: int
    packets_received: int
    packets_unheard: int


@dataclass(frozen=True, slots=True)
class EthernetView:
    """A chip's Ethernet controller: frames so far, and those that wait."""

    frames_in: int
    frames_out: int
    frames_dropped: int
    waiting_in: int
    waiting_out: int


@dataclass(frozen=True, slots=True)
class ChipView:
    """A chip at emulated time ``emulated_s`` (s).

    ``links``: those that lead to a neighbour. ``leds``: which are lit. ``router_entries``: used entries of the
    multicast table. ``packets_dumped``: given up by the router because an output was blocked for too long;
    ``packets_aged``: because they went round in a loop.
    ``router_counters``: named by `ROUTER_COUNTERS`. ``ethernet``: None on a chip without one.
    """

    x: int
    y: int
    emulated_s: float
    booted: bool
    links: tuple[int, ...]
    leds: tuple[bool, ...]
    router_entries: int
    packets_dumped: int
    packets_aged: int
    router_counters: tuple[int, ...]
    ethernet: EthernetView | None
    cores: tuple[CoreView, ...]

    def load_since(self, before: ChipView) -> dict[int, float]:
        """The share of the emulated time since an earlier look in which each core executed, by physical number."""
        elapsed = self.emulated_s - before.emulated_s
        return {
            now.physical: (now.busy_s - then.busy_s) / elapsed if elapsed > 0 else 0.0
            for now, then in zip(self.cores, before.cores, strict=True)
        }


@dataclass(frozen=True, slots=True)
class CoreRegisters:
    """A core's registers now, and what its software saved when it stopped with a run-time error.

    ``registers``: named by `REGISTERS`. ``saved``: r0 to r7, psr, sp and lr at the error, all 0 without one.
    ``user``: the four words that a program may use as it likes. ``loaded_at``: when (seconds since 1970).
    """

    core: CoreView
    registers: tuple[int, ...]
    saved: tuple[int, ...]
    user: tuple[int, ...]
    software_errors: int
    loaded_at: int
    debugged: bool


def _core_view(told: dict[str, Any]) -> CoreView:
    state = told.pop("state")
    known = {each.value for each in wire.CpuState}
    return CoreView(state=wire.CpuState(state) if state in known else state, **told)


async def chip(address: str, x: int, y: int) -> ChipView:
    """How a chip of the emulated board at ``address`` is."""
    told = await control(address, f"chip {x},{y}")
    ethernet = told["ethernet"]
    return ChipView(
        x=x,
        y=y,
        emulated_s=told["emulated_s"],
        booted=told["booted"],
        links=tuple(link for link in range(6) if told["links"] >> link & 1),
        leds=tuple(told["leds"]),
        router_entries=told["router_entries"],
        packets_dumped=told["packets_dumped"],
        packets_aged=told["packets_aged"],
        router_counters=tuple(told["router_counters"]),
        ethernet=None if ethernet is None else EthernetView(**ethernet),
        cores=tuple(_core_view(core) for core in told["cores"]),
    )


async def core(address: str, x: int, y: int, p: int) -> CoreRegisters:
    """The registers of a core of the emulated board at ``address``; ``p`` is SCAMP's number."""
    told = await control(address, f"core {x},{y},{p}")
    return CoreRegisters(
        core=_core_view(told["core"]),
        registers=tuple(told["registers"]),
        saved=(*told["saved"], told["saved_psr"], told["saved_sp"], told["saved_lr"]),
        user=tuple(told["user"]),
        software_errors=told["software_errors"],
        loaded_at=told["loaded_at"],
        debugged=told["debugged"],
    )


async def iobuf(address: str, x: int, y: int, p: int) -> str:
    """The output text of a core of the emulated board at ``address``."""
    text = ""
    while True:
        told = await control(address, f"iobuf {x},{y},{p} {len(text)}")
        piece: str = told["text"]
        text += piece
        if not piece or len(text) >= told["total"]:
            return text
