"""What PyNN 0.7 remembers of a network and today's PyNN does not: from ``setup()`` to the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Network:
    """The network under construction.

    ``populations`` made so far. ``ceilings``: neurons per core that were set for a cell type after
    its first population. ``files``: what writes the files that were asked for, run by ``end()``.
    ``max_delay`` given to ``setup()``, in ms.
    """

    populations: list[Any] = field(default_factory=list)
    ceilings: dict[type, int] = field(default_factory=dict)
    files: list[Callable[[], None]] = field(default_factory=list)
    max_delay: float | None = None


_network = Network()


def current() -> Network:
    """Give the network that the script is building."""
    return _network


def start(max_delay: float | None = None) -> None:
    """Forget the network; ``setup()`` begins another."""
    global _network
    _network = Network(max_delay=max_delay)
