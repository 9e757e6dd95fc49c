"""What a live run says of its populations to whoever has not defined them."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from spinnlive.toolchain.values import PopulationFacts


@dataclass(frozen=True, slots=True)
class PopulationInfo:
    """A population: its ``size`` in neurons, whether it sends ``live`` spikes, and whether it is an
    ``injector``, which takes them."""

    label: str
    size: int
    live: bool
    injector: bool


def list_populations(
    populations: tuple[PopulationFacts, ...], live: Container[str]
) -> tuple[PopulationInfo, ...]:
    """Put together what the tool chain and the network's database say; ``live``: labels of those
    that send spikes."""
    return tuple(
        PopulationInfo(each.label, each.size, each.label in live, each.is_injector)
        for each in populations
    )
