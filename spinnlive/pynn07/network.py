"""What PyNN 0.7 remembers of a network and today's PyNN does not: from ``setup()`` to the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Network:
    """The network under construction.

    ``populations`` made so far. ``ceilings``: neurons per core that were set for a cell type after
    its first population; ``limited``: every type that the script set it for. ``files``: what writes
    the files that were asked for, run by ``end()``. ``max_delay`` given to ``setup()``, in ms.
    ``speaks_07``: a call could only be PyNN 0.7's. ``has_run``: it was run before.
    """

    populations: list[Any] = field(default_factory=list)
    ceilings: dict[type, int] = field(default_factory=dict)
    limited: set[type] = field(default_factory=set)
    files: list[Callable[[], None]] = field(default_factory=list)
    max_delay: float | None = None
    speaks_07: bool = False
    has_run: bool = False


_network = Network()


def current() -> Network:
    """Give the network that the script is building."""
    return _network


def heard_07() -> None:
    """Note that the script speaks PyNN 0.7."""
    _network.speaks_07 = True


def start(max_delay: float | None = None) -> None:
    """Forget the network; ``setup()`` begins another."""
    global _network
    _network = Network(max_delay=max_delay)
