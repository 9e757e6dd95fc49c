"""The live run's input: spikes for injectors, rates for Poisson populations."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any

from spinnlive.errors import NoInjector, NoRateControl
from spinnlive.live.injector import Injector
from spinnlive.live.rates import Rates
from spinnlive.live.run_base import RunBase
from spinnlive.live.spif import Polarity, SpifInput, spif_input


class RunInput(RunBase):
    """What goes into the network while it runs."""

    def injector(self, population: Any) -> Injector:
        """Give the way to send spikes into a SpikeInjector.

        Raises `UnknownPopulation`, and `NoInjector` for a population of another kind, or one whose
        spikes would go nowhere.
        """
        self._course.check_open()
        facts = self._facts(population)
        if not facts.is_injector:
            having = ", ".join(p.label for p in self._populations.values() if p.is_injector)
            raise NoInjector(
                f"population {facts.label!r} is no SpikeInjector, so it cannot be sent spikes "
                f"(those that can: {having or 'none'})"
            )
        if facts.label not in self._parts.connection.network.sources:
            raise NoInjector(
                f"population {facts.label!r} has no routing keys, because nothing takes its spikes: "
                "give it a projection or a live output"
            )
        if facts.label not in self._injectors:
            self._injectors[facts.label] = Injector(
                facts.label,
                facts.size,
                self._parts.intakes.lanes(facts.label),
                self.clock,
                keys=self._parts.connection.network.keys.of(facts.label)
                if facts.records_spikes
                else None,
                ready=self._course.until_running,
                check_open=self._course.check_open,
                spawn=self._parts.background.start_soon,
                shift=lambda: self._course.put_off_ticks,
                tap=self._parts.connection.tap,
            )
        return self._injectors[facts.label]

    def connect_spif(
        self,
        port: int,
        population: Any,
        width: int,
        height: int,
        *,
        polarity: Polarity = "drop",
        host: str = "127.0.0.1",
    ) -> AbstractAsyncContextManager[SpifInput]:
        """Let an event camera's events fire a SpikeInjector's neurons while the block lasts.

        ``async with live.connect_spif(3333, retina, 346, 260) as camera``: SPIF words over UDP, as
        ``aestream input ... output udp 127.0.0.1 3333`` sends them, with and without time stamps
        (events are injected when they come). Pixel x, y is neuron y × width + x; see `Polarity`.
        The camera may be faster than the board takes spikes: then the oldest that wait are dropped,
        and counted (`SpifInput.statistics`). ``host``: where to listen; beyond loopback anybody who
        reaches it can inject.

        Raises `UnknownPopulation`, `NoInjector`; `UsageError` for a population smaller than the
        camera, `AddressInUse` when the port is taken.
        """
        return spif_input(self.injector(population), host, port, width, height, polarity)

    def rates(self, population: Any) -> Rates:
        """Give the way to change the rates of a Poisson population while it runs.

        Raises `UnknownPopulation`, and `NoRateControl` for a population for which
        ``add_poisson_live_rate_control`` was not called.
        """
        self._course.check_open()
        facts = self._facts(population)
        control = facts.rate_control
        if control is None:
            having = ", ".join(p.label for p in self._populations.values() if p.rate_control)
            raise NoRateControl(
                f"population {facts.label!r} has no live rate control (those that have: "
                f"{having or 'none'}): call sim.external_devices.add_poisson_live_rate_control("
                "population) for a SpikeSourcePoisson before open_live"
            )
        if facts.label not in self._rates:
            self._rates[facts.label] = Rates(
                facts.label,
                self._parts.connection.network.keys.of(control),
                self._parts.intakes.lanes(control),
                self.clock,
                ready=self._course.until_running,
                tap=self._parts.connection.tap,
            )
        return self._rates[facts.label]
