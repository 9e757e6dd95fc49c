"""The live run: what a task holds while its network is on the board."""

from __future__ import annotations

import math
import numbers
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import trio

from spinnlive import wire
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
from spinnlive.live.client import Connection, LiveClient
from spinnlive.live.clock import Clock
from spinnlive.live.database import SourceCore
from spinnlive.live.injector import Injector
from spinnlive.live.spikes import SpikeBatch
from spinnlive.live.stepping import Stepping
from spinnlive.live.streams import Policy, Stream
from spinnlive.live.watch import Watch
from spinnlive.live.weights import WeightReader, WeightStream, poll_tick
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

LAST_TICK = 0xFFFFFFFF
"""Cores count their ticks in 32 bits."""


@dataclass(frozen=True, slots=True)
class LiveStatistics:
    """Counts of a live run so far.

    ``kernel_drops`` are datagrams that the kernel dropped because nobody read them in time;
    ``unknown_keys`` spikes of no population of the network; ``malformed`` datagrams that made no
    sense; ``strangers`` datagrams from hosts that are no board of the run.
    """

    packets_in: int
    spikes_in: int
    spikes_out: int
    kernel_drops: int
    unknown_keys: int
    malformed: int
    strangers: int


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
    sender: socket.socket
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
        parts.stepping.transmit = self._send_on

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

    def spikes(
        self, population: Any, *, policy: Policy = "drop_oldest", buffer: int = BUFFER
    ) -> Stream[SpikeBatch]:
        """Give a stream of the population's live spikes from now on; see `Stream` and `SpikeBatch`.

        ``buffer`` is in batches, about one for each tick with a spike; ``policy`` says what happens
        when it is full. Every stream of a population gets every spike. Raises `UnknownPopulation`;
        `NoLiveOutput` when ``activate_live_output_for`` was not called for it; `UsageError` for a
        policy or buffer that cannot be.
        """
        self._check_open()
        label = self._facts(population).label
        if label not in self._parts.connection.network.live:
            having = ", ".join(sorted(self._parts.connection.network.live)) or "none"
            raise NoLiveOutput(
                f"population {label!r} sends no live spikes (those that do: {having}): call "
                "sim.external_devices.activate_live_output_for(population) before open_live"
            )
        return self._parts.connection.router.open(label, policy, buffer)

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
                self._parts.connection.network.sources.get(facts.label, ()),
                ready=self._until_running,
                transmit=self._transmit,
                barrier=self._barrier,
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
        receiver, router = self._parts.connection.receiver, self._parts.connection.router
        return LiveStatistics(
            packets_in=receiver.packets,
            spikes_in=router.spikes,
            spikes_out=sum(injector.spikes_sent for injector in self._injectors.values()),
            kernel_drops=receiver.kernel_drops,
            unknown_keys=router.unknown_keys,
            malformed=receiver.malformed + router.untimed,
            strangers=receiver.strangers,
        )

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
                self.clock.set_tick(round(parts.simulator.reached_ms / self.clock.timestep_ms))

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

    async def _transmit(self, datagram: bytes, core: SourceCore) -> None:
        if self._parts.stepping.standing:
            self._parts.stepping.outbox.hold(datagram, core)
        else:
            await self._send_on(datagram, core)

    async def _send_on(self, datagram: bytes, core: SourceCore) -> None:
        """Send at once where the kernel has room, which is always but in a flood."""
        board = self._parts.connection.network.ethernet[core.x, core.y]
        while True:
            try:
                self._parts.sender.sendto(datagram, (board, wire.SCP_UDP_PORT))
                return
            except BlockingIOError:
                await trio.lowlevel.wait_writable(self._parts.sender)
            except ConnectionRefusedError:
                return  # an earlier datagram met a closed port; the watch will tell

    async def _barrier(self, core: SourceCore) -> None:
        if not self._parts.stepping.active:  # a standing core does not answer
            await poll_tick(self._parts.scp, self.clock, core.x, core.y, core.p)

    def _announce(self) -> None:
        self._changed.set()
        self._changed = trio.Event()

    def _check_open(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._closed:
            raise RunStateError("the live run is closed")

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
