"""What every part of the public live run has: its parts, its course, its populations by name."""

from __future__ import annotations

from typing import Any

from spinnlive.errors import NoLiveOutput, SpinnliveError, UnknownPopulation
from spinnlive.live.clock import Clock
from spinnlive.live.course import Course
from spinnlive.live.injector import Injector
from spinnlive.live.listing import (
    PopulationInfo,
    ProjectionInfo,
    list_populations,
    list_projections,
)
from spinnlive.live.parts import Parts
from spinnlive.live.rates import Rates
from spinnlive.live.sources import Basis
from spinnlive.live.statistics import LiveStatistics, count
from spinnlive.live.streams import Policy
from spinnlive.toolchain.values import PopulationFacts


class RunBase:
    """The network that is on the board, and what it consists of."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._course = Course(parts)
        self._populations = {each.label: each for each in parts.populations}
        self._injectors: dict[str, Injector] = {}
        self._rates: dict[str, Rates] = {}
        self._sources = parts.sources(
            Basis(
                self.clock,
                parts.connection.tap,
                parts.background,
                self._course.tick,
                lambda: not self._course.closed,
            )
        )

    @property
    def clock(self) -> Clock:
        """The run's clock: ``tick``, ``time_ms``, ``board_speed``."""
        return self._parts.connection.clock

    @property
    def address(self) -> str:
        """Address of the board (of the first one, if the machine has several)."""
        return self._parts.connection.network.root

    @property
    def populations(self) -> tuple[PopulationInfo, ...]:
        """The populations of the network, and what can be asked of each."""
        return list_populations(self._parts.populations, self._parts.connection.network.live)

    @property
    def projections(self) -> tuple[ProjectionInfo, ...]:
        """The projections of the network."""
        return list_projections(self._parts.simulator.projections(), self._parts.populations)

    @property
    def failure(self) -> SpinnliveError | None:
        """What ended the live run from the board's side, if anything did."""
        return self._course.failure

    def statistics(self) -> LiveStatistics:
        """Give the counts so far."""
        sent = sum(injector.spikes_sent for injector in self._injectors.values())
        return count(self._parts.connection, sent)

    def _live(self, population: Any) -> PopulationFacts:
        """Give a population that sends live spikes."""
        self._course.check_open()
        facts, having = self._facts(population), self._parts.connection.network.live
        if facts.label not in having:
            raise NoLiveOutput(
                f"population {facts.label!r} sends no live spikes (those that do: "
                f"{', '.join(sorted(having)) or 'none'}): call "
                "sim.external_devices.activate_live_output_for(population) before open_live"
            )
        return facts

    def _facts(self, population: Any) -> PopulationFacts:
        label = population if isinstance(population, str) else getattr(population, "label", None)
        if label not in self._populations:
            raise UnknownPopulation(
                f"the network has no population {label if label is not None else population!r}; "
                f"it has: {', '.join(self._populations)}"
            )
        return self._populations[label]

    def _policy(self, policy: Policy) -> Policy:
        """Give the policy that a stream gets in place of the one that was asked for."""
        return policy
