"""The live run: what a task holds while its network is on the board."""

from __future__ import annotations

import math
import numbers
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import trio
from numpy.typing import ArrayLike

from spinnlive.boards.bulk import Memory
from spinnlive.boards.scp_calls import ScpCalls
from spinnlive.errors import (
    BoardLost,
    DeadCore,
    NoInjector,
    NoLiveOutput,
    NoRateControl,
    RemoteError,
    RunStateError,
    SpinnliveError,
    ToolchainError,
    UnknownPopulation,
    UsageError,
)
from spinnlive.live import readers
from spinnlive.live.client import Connection, LiveClient
from spinnlive.live.clock import LAST_TICK, Clock
from spinnlive.live.feed import fed
from spinnlive.live.injector import Injector
from spinnlive.live.intake import Intakes
from spinnlive.live.listing import (
    PopulationInfo,
    ProjectionInfo,
    list_populations,
    list_projections,
)
from spinnlive.live.matrices import Matrices
from spinnlive.live.merge import MergedSpikes
from spinnlive.live.pace import (
    SHORTEST_TELEMETRY_MS,
    ClockTick,
    Guard,
    Pace,
    Stall,
    tell_pace,
    tell_ticks,
)
from spinnlive.live.rates import Rates
from spinnlive.live.recorded import RecordedBlock, Recording, feed_samples
from spinnlive.live.report import LiveReport, make_report, stopped
from spinnlive.live.setting import write_weights
from spinnlive.live.spif import Polarity, SpifInput, spif_input, spif_output
from spinnlive.live.spikes import SpikeBatch, SpikeStream
from spinnlive.live.statistics import LiveStatistics, count
from spinnlive.live.stepping import Stepping
from spinnlive.live.streams import Policy, Stream
from spinnlive.live.waiting import Condition, condition
from spinnlive.live.watch import Watch
from spinnlive.live.weights import (
    WeightReader,
    WeightSnapshot,
    feed_snapshots,
    select,
)
from spinnlive.live.windows import WindowStream
from spinnlive.live.worker import Worker
from spinnlive.toolchain.simulator import Simulator
from spinnlive.toolchain.values import PopulationFacts

BUFFER = 1024
"""Batches that a spike stream holds unless told otherwise: a second at 1 ms ticks."""

PATIENCE_S = 60.0
"""How long a cancelled run may take to stop and read its recordings back (seconds)."""

PATIENCE_WITHOUT_BOARD_S = 3.0
"""The same once the board or a core is gone: sPyNNaker would try for minutes (seconds)."""

TIME_TOLERANCE = 1e-6
"""How far a duration may be from a whole number of ticks (ticks)."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a live run is made of; `spinnlive.live.open` puts it together."""

    simulator: Simulator
    worker: Worker
    populations: tuple[PopulationFacts, ...]
    client: LiveClient
    connection: Connection
    scp: ScpCalls
    watch: Watch
    intakes: Intakes
    background: trio.Nursery
    stepping: Stepping
    memory: Memory


class LiveRun:
    """A network on a board, loaded and at tick 0; made by `spinnlive.open_live`.

    Populations are named by their PyNN object or by their label.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._populations = {each.label: each for each in parts.populations}
        self._injectors: dict[str, Injector] = {}
        self._rates: dict[str, Rates] = {}
        self._closed = False
        self._failure: SpinnliveError | None = None
        self._busy = False
        self._run_scope = trio.CancelScope()
        self._changed = trio.Event()
        self._planned_end: int | None = None
        self._put_off_ticks = 0
        parts.stepping.changed = self._announce
        parts.stepping.transmit = parts.intakes.post

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
        return self._failure

    async def run(self, duration_ms: float | None = None, *, stall: Stall | None = None) -> None:
        """Let the network run for exactly this biological time (ms), or until cancelled.

        Time goes on from where it stopped. When this returns the network is paused and sPyNNaker
        has read the recordings back. Cancelling stops the network and waits for the same.
        ``stall`` says what to do when the board or the host falls behind, see `Stall`.

        Raises `UsageError` for a duration that is not a whole number of ticks; `RunStateError` when
        the live run is closed or another ``run`` is under way; `CoreFailure` when a core stops with
        an error, `BoardLost` when the board stops answering, `ToolchainError` for what else
        sPyNNaker cannot do; `FellBehind` if ``stall`` says so, and what its ``call`` raises: the
        network is stopped then, and can run again.
        """
        self._check_open()
        ticks = None
        if duration_ms is not None:
            ticks = whole_ticks("duration", duration_ms, self.clock.timestep_ms)
        if self._busy:
            raise RunStateError("the network is already running: one run at a time")
        self._busy = True
        self._run_scope = trio.CancelScope()
        guard = None if stall is None else self._guard(stall)
        try:
            with self._run_scope:
                await self._leave_steps()
                self._planned_end = None if ticks is None else self.clock.tick + ticks
                await self._run(duration_ms, guard)
        finally:
            self._busy = False
            self._announce()
        if guard is not None and guard.error is not None:
            raise guard.error
        if self._closed:
            raise RunStateError("the live run was closed before this run was over")

    async def step(self, duration_ms: float) -> None:
        """Let the network run for exactly this biological time (ms), then stand and wait.

        Between steps every core stands: what is injected then reaches the network in the first tick
        of the next step, however long that takes to come. When this returns, all live spikes of the
        step have been given to their streams. So a simulated environment and the network advance in
        lockstep, and the whole loop is reproducible.

        The first step enters stepped mode, which lasts until `run`, `leave_steps` or the end of the
        live run; only after it can spikes be injected. Steps may have any length: multiples of the
        first one's follow each other at once, any other length leaves stepped mode and enters it
        anew, which takes a second or so and one tick more of biological time. Where recordings fill
        the board's memory, sPyNNaker reads them between two steps.

        Cancelling returns at once, and the network ends its step by itself: the next call waits for
        that. Raises `UsageError` for a duration that is not a whole number of ticks; `RunStateError`
        when the live run is closed or `run` is under way; `CoreFailure`, `BoardLost` and
        `ToolchainError` as `run`.
        """
        ticks = self._steppable(duration_ms)
        async with self._failing():
            await self._parts.stepping.step(ticks, self._parts.connection.network.cores)

    async def leave_steps(self) -> None:
        """End stepped mode; nothing happens outside of it.

        sPyNNaker reads the recordings back, and `run` goes on from here. In the middle of stepped
        mode the toolchain has no way to end it where the network stands: it goes on for one tick
        more, as `clock` then says.
        """
        self._check_open()
        async with self._failing():
            await self._leave_steps()

    @property
    def watermark(self) -> int:
        """All live spikes before this tick have been delivered, but for late ones."""
        return self._parts.connection.watermark.tick

    def spikes(
        self, *populations: Any, policy: Policy = "drop_oldest", buffer: int = BUFFER
    ) -> SpikeStream | MergedSpikes:
        """Give a stream of the populations' live spikes from now on; see `SpikeBatch`.

        Of one population, batches come as they arrive (`SpikeStream`); of several, merged in the
        order of their ticks (`MergedSpikes`). ``buffer`` is in batches, about one for each tick
        with a spike of a population; ``policy`` says what happens when it is full. Every stream
        gets every spike. Raises `UnknownPopulation`; `NoLiveOutput` when
        ``activate_live_output_for`` was not called for one; `UsageError` for a policy or buffer
        that cannot be.
        """
        labels = [self._live(population).label for population in populations]
        return readers.spikes(self._parts.connection, labels, policy, buffer)

    def window(
        self, population: Any, ms: float, *, policy: Policy = "drop_oldest", buffer: int = BUFFER
    ) -> WindowStream:
        """Give a stream of spike counts per neuron, one for each window of ``ms`` of biological
        time; see `WindowCounts`.

        ``buffer`` is in windows. Raises as `spikes`, and `UsageError` when ``ms`` is not a whole
        number of ticks.
        """
        facts = self._live(population)
        ticks = whole_ticks("ms", ms, self.clock.timestep_ms)
        return readers.window(
            self._parts.connection, facts.label, facts.size, ticks, policy, buffer
        )

    async def wait_for(
        self,
        population: Any,
        *,
        spikes: int | None = None,
        neurons: ArrayLike | None = None,
        when: Condition | None = None,
        within_ms: float | None = None,
    ) -> SpikeBatch | None:
        """Wait until the population has done something; give the batch of spikes that did it.

        What: has fired ``spikes`` more spikes (default 1), counting those of ``neurons`` (default
        all); or ``when(batch)`` says True to one of its batches. None after ``within_ms`` of
        biological time without it, counted from where the network is now; it does not pass while
        the network stands. Cancelling it has no effect on anything else.

        Raises as `spikes`; `NeuronIdError`; `UsageError` for a condition that cannot be;
        `RunStateError`, or what ended the live run, when it ends before.
        """
        facts = self._live(population)
        wanted = condition(facts.label, facts.size, spikes, neurons, when)
        ticks = None
        if within_ms is not None:
            ticks = whole_ticks("within_ms", within_ms, self.clock.timestep_ms)
        return await readers.wait_for(self._parts.connection, facts.label, wanted, ticks)

    async def report(self) -> LiveReport:
        """Say what became of the live spikes so far: delivered, late, and lost, and where.

        Populations that record their spikes are compared with what the board recorded, since the
        live run began or the network was last reset. Raises `RunStateError` while the network runs
        (`statistics` works then), and when the live run is closed.
        """
        self._check_open()
        if self._busy or self.clock.running:
            raise RunStateError("the network runs: its report can be made when it stands")
        parts = self._parts
        return await make_report(
            parts.connection,
            parts.scp,
            partial(parts.worker.call, parts.simulator.recorded_spikes, patience_s=self._patience),
        )

    def injector(self, population: Any) -> Injector:
        """Give the way to send spikes into a SpikeInjector.

        Raises `UnknownPopulation`, and `NoInjector` for a population of another kind, or one whose
        spikes would go nowhere.
        """
        self._check_open()
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
                ready=self._until_running,
                check_open=self._check_open,
                spawn=self._parts.background.start_soon,
                shift=lambda: self._put_off_ticks,
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

    async def send_spif(self, population: Any, host: str, port: int, width: int) -> None:
        """Send a population's live spikes as SPIF words to UDP ``host``, ``port``, until the live
        run ends: neuron n as the event at x = n mod width, y = n div width.

        AEStream's ``UDPInput`` and SPIF boards read them. Nobody says whether they arrive. Raises
        what `spikes` raises, and `UsageError` for an address that cannot be.
        """
        await spif_output(self.spikes(population), host, port, width)

    def weights(
        self,
        projection: Any,
        *,
        every: float,
        pre: ArrayLike | None = None,
        post: ArrayLike | None = None,
        policy: Policy = "block",
        buffer: int = 1,
    ) -> Stream[WeightSnapshot]:
        """Give a stream of the projection's weights, one snapshot every so many ms of biological
        time.

        The first snapshot comes at once, the next ones at whole multiples of ``every`` (ms) on the
        board's clock. ``pre`` and ``post`` are neuron ids: only synapses between these are read.
        With policy ``"block"`` a snapshot is made when it is asked for; others read ahead.

        Raises `UnknownProjection`; `NeuronIdError`; `UsageError` for a projection that has no
        weights on the board, or an ``every`` that is not a whole number of ticks.
        """
        self._check_open()
        parts, ticks = self._parts, whole_ticks("every", every, self.clock.timestep_ms)
        reader = self.weight_reader(projection, pre=pre, post=post)
        source = partial(
            feed_snapshots,
            reader=reader,
            clock=self.clock,
            every=ticks,
            tick=self._tick,
            tap=parts.connection.tap,
        )
        return fed(parts.background, policy, buffer, source)

    async def read_weights(
        self, projection: Any, *, pre: ArrayLike | None = None, post: ArrayLike | None = None
    ) -> WeightSnapshot:
        """Read the projection's weights now. Arguments and errors as for `weights`; also `BoardLost`
        and `ScpError`."""
        self._check_open()
        snapshot = await self.weight_reader(projection, pre=pre, post=post).read()
        self._parts.connection.tap.put("weights", snapshot)
        return snapshot

    async def set_weights(
        self,
        projection: Any,
        weights: ArrayLike,
        *,
        pre: ArrayLike | None = None,
        post: ArrayLike | None = None,
    ) -> None:
        """Set weights of a projection, running or standing; delays stay.

        ``weights``, in nA or µS as `WeightSnapshot` gives them: a number for all synapses (between
        ``pre`` and ``post``, if given); an array pre × post, NaN for what is to stay as it is; or a
        list of rows (pre, post, weight). The network obeys from each neuron's next spike on. When
        this returns, what was written has been read back; where a core had written its own weights
        over it, it was written again.

        Raises `WeightError` for a weight out of its bounds (the 16 bits of a synapse, the least and
        most of a plasticity rule) and for a pair without a synapse, before anything is written;
        `UnknownProjection`, `NeuronIdError`, `BoardLost`; `ScpError` when the cores do not leave a
        row alone. A cancelled call may have set a part.
        """
        self._check_open()
        parts = self._parts
        layout = parts.simulator.weights_layout(projection)
        wanted = select(layout, pre, post)
        matrices = Matrices(parts.memory, layout, wanted)
        await write_weights(matrices, weights, self.clock, self._tick)

    def recorded(
        self,
        population: Any,
        variable: str,
        *,
        every: float,
        policy: Policy = "block",
        buffer: int = BUFFER,
    ) -> Stream[RecordedBlock]:
        """Give a stream of what the population records of ``variable`` (``"v"``, ``"gsyn_exc"`` ...),
        while it does.

        Each `RecordedBlock` has the samples that are new, every so many ms of biological time, and
        once more whenever the network stops; together they are what ``get_data()`` gives. With
        policy ``"block"`` a block is read when it is asked for. Raises `UnknownPopulation`;
        `UsageError` for a variable that ``population.record()`` was not asked for, or an ``every``
        that is not a whole number of ticks.
        """
        self._check_open()
        parts, ticks = self._parts, whole_ticks("every", every, self.clock.timestep_ms)
        layout = parts.simulator.recording_layout(self._facts(population).label, variable)
        recording = Recording(parts.memory, layout, self.clock.timestep_ms)
        source = partial(
            feed_samples, recording=recording, clock=self.clock, every=ticks, tick=self._tick
        )
        return fed(parts.background, policy, buffer, source)

    def weight_reader(
        self, projection: Any, *, pre: ArrayLike | None = None, post: ArrayLike | None = None
    ) -> WeightReader:
        """Give what reads the projection's weights whenever asked: ``await reader.read()``, faster
        from the second time on than `read_weights`. Arguments and errors as for `weights`."""
        self._check_open()
        layout = self._parts.simulator.weights_layout(projection)
        wanted = select(layout, pre, post)
        step = self.clock.timestep_ms
        return WeightReader(self._parts.memory, layout, step, self._tick, wanted)

    def rates(self, population: Any) -> Rates:
        """Give the way to change the rates of a Poisson population while it runs.

        Raises `UnknownPopulation`, and `NoRateControl` for a population for which
        ``add_poisson_live_rate_control`` was not called.
        """
        self._check_open()
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
                ready=self._until_running,
            )
        return self._rates[facts.label]

    def ticks(
        self, every: float, *, policy: Policy = "latest", buffer: int = BUFFER
    ) -> Stream[ClockTick]:
        """Give a stream that follows the board's time: a `ClockTick` at every whole multiple of
        ``every`` (ms of biological time).

        It comes to about a tenth of a millisecond beside the clock's own uncertainty. What the host
        is too late for is skipped and counted as dropped. Raises `UsageError` for an ``every`` that
        is not a whole number of ticks, and as `spikes` for policy and buffer.
        """
        self._check_open()
        ticks = whole_ticks("every", every, self.clock.timestep_ms)
        source = partial(tell_ticks, clock=self.clock, every=ticks)
        return fed(self._parts.background, policy, buffer, source)

    def telemetry(
        self, every: float, *, policy: Policy = "latest", buffer: int = BUFFER
    ) -> Stream[Pace]:
        """Give a stream of how board and host keep the pace: a `Pace` every so many ms of *real*
        time, so that it comes as well while the board is behind or stands.

        Each asks the board for its tick. Raises `UsageError` for an ``every`` under 1 ms, and as
        `spikes` for policy and buffer.
        """
        self._check_open()
        if not every >= SHORTEST_TELEMETRY_MS:
            raise UsageError(
                f"every is {every!r} ms; telemetry comes every {SHORTEST_TELEMETRY_MS:g} ms or less "
                "often, as each reading asks the board"
            )
        source = partial(
            tell_pace,
            clock=self.clock,
            every_s=every / 1000,
            ask=self._tick,
            is_open=lambda: not self._closed,
        )
        return fed(self._parts.background, policy, buffer, source)

    def statistics(self) -> LiveStatistics:
        """Give the counts so far."""
        sent = sum(injector.spikes_sent for injector in self._injectors.values())
        return count(self._parts.connection, sent)

    def started(self) -> None:
        """The tool chain says that the board runs."""
        if self._parts.stepping.active:
            return  # which knows better
        self.clock.start(self._planned_end)
        self._announce()

    def stopped(self) -> None:
        """The tool chain says that the board has stopped."""
        if self._parts.stepping.active:
            return
        self.clock.stop()
        self._announce()

    async def close(self) -> None:
        """Stop a run that is under way, end every stream. Call it shielded from cancellation."""
        self._closed = True
        self._run_scope.cancel()
        self.clock.end(self._failure)
        self._announce()
        while self._busy:
            await self._changed.wait()
        try:
            await self._leave_steps()
        except SpinnliveError as error:
            await self._give_up_steps(error)
        self._parts.connection.router.end(self._failure)

    def _guard(self, stall: Stall) -> Guard:
        return Guard(stall, self.clock, self._tick, self._put_off, self._run_scope.cancel)

    def _put_off(self, ticks: int) -> None:
        self._put_off_ticks += ticks

    def _steppable(self, duration_ms: float) -> int:
        self._check_open()
        ticks = whole_ticks("duration", duration_ms, self.clock.timestep_ms)
        if self._busy:
            raise RunStateError("the network is running: take steps when that run is over")
        return ticks

    async def _leave_steps(self) -> None:
        if self._parts.stepping.active:
            await self._parts.stepping.leave()

    @asynccontextmanager
    async def _failing(self) -> AsyncIterator[None]:
        """Let a failure of the board in stepped mode end the live run."""
        try:
            yield
        except RemoteError as error:
            raise await self._give_up_steps(error) from error.__cause__

    async def _give_up_steps(self, error: SpinnliveError) -> SpinnliveError:
        with trio.CancelScope(shield=True):
            cause = await self._cause(error)
            await self._parts.stepping.abort()
        return self._fail(cause)

    async def _tick(self) -> int:
        """Give the board's tick; in stepped mode, of the next moment that it stands."""
        if self._parts.stepping.active:
            await self._parts.stepping.stand()
            return self.clock.tick
        return await self._parts.watch.tick()

    async def _run(self, duration_ms: float | None, guard: Guard | None) -> None:
        """Run in the worker with the watch beside it; the first error of either counts."""
        parts = self._parts
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(parts.watch.run)
                if guard is not None:
                    nursery.start_soon(guard.watch)
                await parts.worker.call(
                    parts.simulator.run,
                    duration_ms,
                    stop=parts.simulator.request_stop,
                    patience_s=self._patience,
                )
                nursery.cancel_scope.cancel()
            if parts.client.error is not None:
                raise self._fail(parts.client.error)
        except BaseExceptionGroup as group:
            failures = group.subgroup(SpinnliveError)
            if failures is None:
                raise
            raise self._fail(await self._cause(_first(failures))) from None
        finally:
            if parts.simulator.reached_ms is not None:
                tick = round(parts.simulator.reached_ms / self.clock.timestep_ms)
                self.clock.set_tick(tick)
                with trio.CancelScope(shield=True):
                    await stopped(parts.connection, tick, whole=tick == self._planned_end)

    async def _cause(self, error: SpinnliveError) -> SpinnliveError:
        """Look behind an error of the tool chain: a failed core is the better explanation."""
        if not isinstance(error, ToolchainError):
            return error
        with trio.CancelScope(shield=True):
            found = await self._parts.watch.diagnose()
        if found is None:
            return error
        found.__cause__ = error
        return found

    def _fail(self, error: SpinnliveError) -> SpinnliveError:
        self._failure = error
        self.clock.end(error)
        self._parts.connection.router.end(error)
        self._closed = True
        return error

    def _patience(self) -> float:
        return patience_s(self._parts.watch)

    async def _until_running(self) -> None:
        while not (self.clock.running or self._parts.stepping.standing):
            self._check_open()
            await self._changed.wait()
        self._check_open()

    def _announce(self) -> None:
        self._changed.set()
        self._changed = trio.Event()

    def _check_open(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._closed:
            raise RunStateError("the live run is closed")

    def _live(self, population: Any) -> PopulationFacts:
        """Give a population that sends live spikes."""
        self._check_open()
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


def patience_s(watch: Watch) -> float:
    """Give how long a stopped run may take to end (seconds)."""
    lost = isinstance(watch.failure, BoardLost | DeadCore)
    return PATIENCE_WITHOUT_BOARD_S if lost else PATIENCE_S


def whole_ticks(name: str, time_ms: float, timestep_ms: float) -> int:
    """Give a time (ms) in ticks. Raises `UsageError` unless it is a whole number of them, 1 to
    `LAST_TICK`."""
    ticks = time_ms / timestep_ms if isinstance(time_ms, numbers.Real) else math.nan
    if not 1 <= ticks <= LAST_TICK or abs(ticks - round(ticks)) > TIME_TOLERANCE:
        raise UsageError(
            f"{name} is {time_ms!r} ms; it must be a whole number of time steps of "
            f"{timestep_ms:g} ms, at most {LAST_TICK * timestep_ms:.0f} ms"
        )
    return round(ticks)


def _first(group: BaseExceptionGroup[SpinnliveError]) -> SpinnliveError:
    """Give the first error of a group that says most: one of the board rather than of the tool
    chain."""
    leaves: list[SpinnliveError] = []
    stack: list[BaseException] = [group]
    while stack:
        each = stack.pop()
        if isinstance(each, BaseExceptionGroup):
            stack.extend(each.exceptions)
        elif isinstance(each, SpinnliveError):
            leaves.append(each)
    return min(leaves, key=lambda leaf: isinstance(leaf, ToolchainError))
