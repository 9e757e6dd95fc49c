"""Faults on demand on an emulated board: what can go wrong with a board and its network, in words.

``lose|duplicate|reorder in|out PERCENT [COUNT]`` and ``delay in|out PERCENT MICROSECONDS [COUNT]`` act on UDP
datagrams to the board (in) or from it (out); ``drop X,Y,LINK PERCENT [COUNT]`` on the packets that leave a chip by a
link. Without a count they act until ``clear``. ``kill chip X,Y``, ``kill core X,Y,P`` and ``kill link X,Y,LINK`` are
for good, ``flip X,Y ADDRESS BIT`` flips a bit of SDRAM or system RAM. ``reset board N`` is the board's reset button,
``reset chip X,Y`` one chip's reset line, and ``power board N`` switches a board off and on, which empties its memories;
the boot ROM then waits for an image, as after power-on. ``seed NUMBER`` starts the random numbers anew:
the same faults at the same emulated times do the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from spinnlive.boards.control import control
from spinnlive.errors import UsageError


@dataclass(frozen=True, slots=True)
class ActiveFault:
    """A fault that acts on datagrams or on the packets of a link.

    ``where`` is ``"in"``, ``"out"``, or the link as ``"X,Y,LINK"``. Of the ``met`` datagrams or packets that it has
    looked at, it has happened to ``done``; ``percent`` is how many it wants.
    """

    kind: str
    where: str
    percent: float
    met: int
    done: int


async def fault(address: str, words: str) -> None:
    """Let something go wrong with the emulated board at ``address``, now.

    Raises `UsageError` when the words mean nothing, and `BoardLost` when no board answers.
    """
    await control(address, f"fault {words}")


async def active(address: str) -> tuple[ActiveFault, ...]:
    """The faults of the emulated board at ``address`` that act on datagrams and links."""
    told = await control(address, "faults")
    return tuple(
        ActiveFault(
            kind=each["kind"],
            where=each["direction"] if "direction" in each else ",".join(map(str, each["link"])),
            percent=each["percent"],
            met=each["met"],
            done=each["done"],
        )
        for each in told["faults"]
    )


async def freeze(address: str, seconds: float | None) -> None:
    """Let nothing happen on the emulated board at ``address`` for so long (wall clock, s); None: until thawed."""
    if seconds is not None and seconds < 0.001:
        raise UsageError(f"a board is frozen for a millisecond or more, not for {seconds} s")
    await control(address, "freeze forever" if seconds is None else f"freeze {seconds * 1000:.0f}")
