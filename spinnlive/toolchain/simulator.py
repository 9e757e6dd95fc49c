"""sPyNNaker as the live run uses it: load, run, stop, through its public functions.

Every method but `Simulator.request_stop` blocks and belongs into one worker thread.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from spinnlive.errors import RunStateError, ToolchainError, UnknownProjection, UsageError
from spinnlive.toolchain import (
    gatherers,
    heartbeat,
    layout,
    limits,
    machine,
    private,
    progress,
    recorded,
    recordings,
    reports,
)
from spinnlive.toolchain.early_stop import EarlyStop
from spinnlive.toolchain.stepped import SteppedRun
from spinnlive.toolchain.values import (
    PopulationFacts,
    ProjectionFacts,
    RecordedSpikes,
    RecordingLayout,
    WeightsLayout,
)


class Simulator:
    """The network that was defined with ``sim`` (the module ``pyNN.spiNNaker``).

    Raises `UsageError` when ``sim`` is something else, `RunStateError` when ``sim.setup()`` was not
    called or the network already ran, and `ToolchainError` when this sPyNNaker lacks a private name
    that we need.
    """

    def __init__(self, sim: ModuleType) -> None:
        if not hasattr(getattr(sim, "external_devices", None), "run_forever"):
            raise UsageError(
                "open_live takes the module pyNN.spiNNaker (import pyNN.spiNNaker as sim), "
                f"not {sim!r}"
            )
        from spynnaker.pyNN.data import SpynnakerDataView

        private.check()
        if not SpynnakerDataView.is_setup() or SpynnakerDataView.is_shutdown():
            raise RunStateError("there is no network: call sim.setup(...) and define one first")
        if SpynnakerDataView.is_ran_ever():
            raise RunStateError(
                "this network has already run. A live run loads it itself: call sim.setup(...) "
                "and define it anew"
            )
        self._sim = sim
        self._view = SpynnakerDataView
        self._early_stop = EarlyStop()
        self._endless = False
        self.reached_ms: float | None = None

    @property
    def app_id(self) -> int:
        """The number under which the network's cores will be loaded."""
        return int(self._view.get_app_id())

    def load(
        self,
        host: str,
        port: int,
        sink: progress.Sink | None,
        report_folder: Path | None,
        heartbeats: Sequence[tuple[int, int]] | None = None,
        prompt: bool | None = None,
    ) -> tuple[PopulationFacts, ...]:
        """Map the network, load it and run it for no time at all; give its populations.

        Afterwards its tick is 0. The notifications of this and of every later run go to UDP
        ``host, port`` as well; other live clients are not told of this one, in which they would
        find nothing running; where one is there already, the network gets a gatherer of live spikes
        for each, see `gatherers`. ``sink`` is told of the progress, see `progress.redirect`.
        ``heartbeats``: None, or the Ethernet chips as `heartbeat.add` takes them, empty if they are
        not known; then those of a machine that is still to be allocated, if it can be. ``prompt`` is
        as `heartbeat.add` takes it.
        """
        from spinn_utilities.config_holder import set_config

        if self._view.get_n_populations() == 0:
            raise UsageError("the network has no population")
        if report_folder is not None:
            reports.keep(report_folder)
        set_config("Database", "create_database", "True")
        progress.redirect(sink)
        others = private.take_listeners()
        if gatherers.anyone_listens(others):
            gatherers.add_ours()
        beating = False
        if heartbeats is not None:
            with _explained():
                chips = heartbeats or machine.allocated_ethernets(self._sim)
                beating = heartbeat.add(chips, prompt)
        self._sim.external_devices.register_database_notification_request(host, port, None)
        try:
            self.run(0)
        except ToolchainError as error:
            if beating and limits.too_big(error.__cause__):
                raise ToolchainError(f"{error}. {heartbeat.SENTENCE}") from error.__cause__
            raise
        finally:
            self._view.add_database_socket_addresses(others)
            progress.redirect(None)
        return tuple(self._facts(each) for each in self._view.iterate_populations())

    def run(self, duration_ms: float | None) -> None:
        """Run for this biological time (ms), or until `request_stop` when it is None.

        Afterwards ``reached_ms`` is the biological time that the network stands at.

        Raises `ToolchainError` from whatever sPyNNaker raised.
        """
        self._early_stop.install()
        self._early_stop.clear()
        self.reached_ms = None
        self._endless = duration_ms is None
        with _explained():
            if duration_ms is None:
                self._sim.external_devices.run_forever()
            else:
                self._sim.run(duration_ms)
            self.reached_ms = float(self._sim.get_current_time())

    def run_stepped(self, run: SteppedRun, step_ms: float) -> None:
        """Run in steps of this biological time (ms) until ``run`` is ended; else as `run`."""
        self.reached_ms = None
        timestep_ms = self._view.get_simulation_time_step_ms()
        with _explained(), run.arranged() as ticks:
            self._sim.external_devices.run_sync(ticks * timestep_ms, step_ms)
            self.reached_ms = float(self._sim.get_current_time())

    def next_sync(self) -> int:
        """Give the number of the signal (SYNC0 or SYNC1, in turns) that takes the cores on, and
        count it as sent."""
        return int(self._view.get_next_sync_signal().value)

    def simulation_cores(self) -> frozenset[tuple[int, int, int]]:
        """Give the cores (x, y, p) that take part in runs; monitors do not."""
        from spinnman.model.enums import ExecutableType

        subsets = self._view.get_cores_for_type(ExecutableType.USES_SIMULATION_INTERFACE)
        return frozenset((each.x, each.y, p) for each in subsets for p in each.processor_ids)

    def request_stop(self) -> bool:
        """Ask that the run under way end; may be called from any thread.

        Returns False when it has not come far enough to be stopped: ask again.
        """
        if not self._endless:
            self._early_stop.request()
            return True
        from spinn_utilities.exceptions import SpiNNUtilsException

        try:
            self._sim.external_devices.request_stop()
        except (SpiNNUtilsException, NotImplementedError):
            return False
        return True

    def weights_layout(self, projection: Any) -> WeightsLayout:
        """Describe where the weights of a projection (the object, or its label) are; see
        `layout.weights_layout`.

        Raises `UnknownProjection` for one that the network does not have. Touches no board.
        """
        known = list(self._view.iterate_projections())
        for each in known:
            if each is projection or (isinstance(projection, str) and each.label == projection):
                return layout.weights_layout(each)
        raise UnknownProjection(
            f"the network has no projection {getattr(projection, 'label', projection)!r}; "
            f"it has: {', '.join(str(each.label) for each in known) or 'none'}"
        )

    def recording_layout(self, label: str, variable: str) -> RecordingLayout:
        """Describe where the samples of a variable of a population are; see
        `recordings.recording_layout`. Touches no board."""
        (population,) = (each for each in self._view.iterate_populations() if each.label == label)
        return recordings.recording_layout(population, variable)

    def projections(self) -> tuple[ProjectionFacts, ...]:
        """Describe the network's projections. Touches no board."""
        return tuple(
            ProjectionFacts(
                label=layout.name_of(each),
                pre=each.pre.label,
                post=each.post.label,
                dynamics=type(private.synapses_of(each).synapse_dynamics).__name__,
            )
            for each in self._view.iterate_projections()
        )

    def recorded_spikes(self, label: str) -> RecordedSpikes | None:
        """Give what the board recorded of a population's spikes; None when it records none."""
        for each in self._view.iterate_populations():
            if each.label == label:
                return recorded.spikes(each)
        return None

    def _facts(self, population: Any) -> PopulationFacts:
        from spynnaker.pyNN.models.utility_models.spike_injector import SpikeInjector

        vertex = self._vertex(population.label)
        is_injector = isinstance(population.celltype, SpikeInjector)
        control = getattr(vertex, "incoming_control_edge", None)  # Poisson sources can have one
        return PopulationFacts(
            label=population.label,
            size=population.size,
            is_injector=is_injector,
            rate_control=None if control is None else str(control.pre_vertex.label),
            records_spikes=is_injector and "spikes" in vertex.get_recording_variables(),
        )

    def _vertex(self, label: str) -> Any:
        """Give what sPyNNaker makes of a population: an application vertex of the same label."""
        return next(each for each in self._view.iterate_vertices() if each.label == label)


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what sPyNNaker raises into `ToolchainError`."""
    try:
        yield
    except UsageError:
        raise
    except Exception as error:
        raise ToolchainError(
            f"sPyNNaker could not run the network: {type(error).__name__}: {error}"
        ) from error
