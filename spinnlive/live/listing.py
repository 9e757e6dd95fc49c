"""What a live run says of its network to whoever has not defined it."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from spinnlive.toolchain.values import PopulationFacts, ProjectionFacts


@dataclass(frozen=True, slots=True)
class PopulationInfo:
    """A population: its ``size`` in neurons, whether it sends ``live`` spikes, whether it is an
    ``injector``, which takes them, and whether its ``rates`` can be changed live."""

    label: str
    size: int
    live: bool
    injector: bool
    rates: bool = False


@dataclass(frozen=True, slots=True)
class ProjectionInfo:
    """A projection, with the labels of its two populations and their sizes in neurons. Labels need
    not differ: sPyNNaker makes them of the populations' where none was given."""

    label: str
    pre: str
    post: str
    pre_size: int
    post_size: int


def list_populations(
    populations: tuple[PopulationFacts, ...], live: Container[str]
) -> tuple[PopulationInfo, ...]:
    """Put together what the tool chain and the network's database say; ``live``: labels of those
    that send spikes."""
    return tuple(
        PopulationInfo(
            each.label,
            each.size,
            live=each.label in live,
            injector=each.is_injector,
            rates=each.rate_control is not None,
        )
        for each in populations
    )


def list_projections(
    projections: tuple[ProjectionFacts, ...], populations: tuple[PopulationFacts, ...]
) -> tuple[ProjectionInfo, ...]:
    """Put together what the tool chain says of projections and of their populations."""
    sizes = {each.label: each.size for each in populations}
    return tuple(
        ProjectionInfo(
            each.label, each.pre, each.post, sizes.get(each.pre, 0), sizes.get(each.post, 0)
        )
        for each in projections
    )
