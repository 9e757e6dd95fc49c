"""The live run: what a task holds while its network is on the board."""

from __future__ import annotations

import math
import numbers
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import trio
from numpy.typing import ArrayLike

from spinnlive.boards.scp import ScpClient
from spinnlive.errors import (
    BoardLost,
    NoInjector,
    NoLiveOutput,
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
from spinnlive.live.injector import Injector
from spinnlive.live.intake import Intakes
from spinnlive.live.merge import MergedSpikes
from spinnlive.live.report import LiveReport, make_report, stopped
from spinnlive.live.spikes import SpikeBatch, SpikeStream
from spinnlive.live.statistics import LiveStatistics, count
from spinnlive.live.stepping import Stepping
from spinnlive.live.streams import Policy
from spinnlive.live.waiting import Condition, condition
from spinnlive.live.watch import Watch
from spinnlive.live.weights import WeightReader, WeightStream
from spinnlive.live.windows import WindowStream
from spinnlive.live.worker import Worker
from spinnlive.toolchain.simulator import Simulator
from spinnlive.toolchain.values import PopulationFacts

BUFFER = 1024
"""Batches that a spike stream holds unless told otherwise: a second at 1 ms ticks."""

PATIENCE_S = 60.0
"""How long a cancelled run may take to stop and read its recordings back (seconds)."""

PATIENCE_WITHOUT_BOARD_S = 3.0
"""The same once the board is gone: sPyNNaker would try for minutes (seconds)."""

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
    scp: ScpClient
    watch: Watch
    intakes: Intakes
    background: trio.Nursery
    stepping: Stepping


class LiveRun:
    """A network on a board, loaded and at tick 0; made by `spinnlive.open_live`.

    Populations are named by their PyNN object or by their label.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._populations = {each.label: each for each in parts.populations}
        self._injectors: dict[str, Injector] = {}
        self._closed = False
        self._failure: SpinnliveError | None = None
        self._busy = False
        self._run_scope = trio.CancelScope()
        self._changed = trio.Event()
        self._planned_end: int | None = None
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
    def failure(self) -> SpinnliveError | None:
        """What ended the live run from the board's side, if anything did."""
        return self._failure

    async def run(self, duration_ms: float | None = None) -> None:
        """Let the network run for exactly this biological time (ms), or until cancelled.

        Time goes on from where it stopped. When this returns the network is paused and sPyNNaker
        has read the recordings back. Cancelling stops the network and waits for the same.

        Raises `UsageError` for a duration that is not a whole number of ticks; `RunStateError` when
        the live run is closed or another ``run`` is under way; `CoreFailure` when a core stops with
        an error, `BoardLost` when the board stops answering, `ToolchainError` for what else
        sPyNNaker cannot do.
        """
        self._check_open()
        ticks = None
        if duration_ms is not None:
            ticks = whole_ticks("duration", duration_ms, self.clock.timestep_ms)
        if self._busy:
            raise RunStateError("the network is already running: one run at a time")
        self._busy = True
        self._run_scope = trio.CancelScope()
        try:
            with self._run_scope:
                await self._leave_steps()
                self._planned_end = None if ticks is None else self.clock.tick + ticks
                await self._run(duration_ms)
        finally:
            self._busy = False
            self._announce()
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

        Raises `UnknownPopulation`, and `NoInjector` for a population of another kind.
        """
        self._check_open()
        facts = self._facts(population)
        if not facts.is_injector:
            having = ", ".join(p.label for p in self._populations.values() if p.is_injector)
            raise NoInjector(
                f"population {facts.label!r} is no SpikeInjector, so it cannot be sent spikes "
                f"(those that can: {having or 'none'})"
            )
        if facts.label not in self._injectors:
            self._injectors[facts.label] = Injector(
                facts.label,
                facts.size,
                self._parts.intakes.lanes(facts.label),
                self.clock,
                ready=self._until_running,
                check_open=self._check_open,
                spawn=self._parts.background.start_soon,
                shift=lambda: 0,
                tap=self._parts.connection.tap,
            )
        return self._injectors[facts.label]

    def weights(self, projection: Any, *, every: float) -> WeightStream:
        """Give a stream of the projection's weights, one snapshot every so many ms of biological
        time.

        The first snapshot comes at once, the next ones at whole multiples of ``every`` (ms) on the
        board's clock. Raises `UnknownProjection`; `UsageError` for a projection whose weights
        cannot be read while it runs, or an ``every`` that is not a whole number of ticks.
        """
        self._check_open()
        ticks = whole_ticks("every", every, self.clock.timestep_ms)
        layout = self._parts.simulator.weights_layout(projection)
        reader = WeightReader(self._parts.scp, layout, self.clock.timestep_ms)
        tap = self._parts.connection.tap
        return WeightStream(reader, layout, self.clock, ticks, self._tick, tap)

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

    async def _run(self, duration_ms: float | None) -> None:
        """Run in the worker with the watch beside it; the first error of either counts."""
        parts = self._parts
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(parts.watch.run)
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
    lost = isinstance(watch.failure, BoardLost)
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
