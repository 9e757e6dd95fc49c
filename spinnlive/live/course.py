"""The course of a live run: how its network runs, steps, stands, fails and ends.

`spinnlive.live.run_time` is what users call; here is the state behind it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from spinnlive.errors import RemoteError, RunStateError, SpinnliveError, ToolchainError, UsageError
from spinnlive.live.clock import Clock
from spinnlive.live.pace import Guard, Stall
from spinnlive.live.parts import Parts, patience_s
from spinnlive.live.pausing import Pausing
from spinnlive.live.report import stopped
from spinnlive.live.ticks import whole_ticks


class Course:
    """Where one live run stands.

    ``failure`` is what ended it from the board's side; ``closed`` says that it is over;
    ``planned_end`` is the tick at which the run under way ends by itself; ``put_off_ticks`` by how
    much a `Stall` has put off what was timed; ``pausing`` holds the wish that it stand.
    """

    def __init__(self, parts: Parts) -> None:
        self.closed = False
        self.failure: SpinnliveError | None = None
        self.planned_end: int | None = None
        self.put_off_ticks = 0
        self.pausing = Pausing()
        self._parts = parts
        self._busy = False
        self._run_scope = trio.CancelScope()
        self._changed = trio.Event()
        parts.stepping.changed = self._announce
        parts.stepping.transmit = parts.intakes.post

    @property
    def clock(self) -> Clock:
        """The run's clock."""
        return self._parts.connection.clock

    @property
    def standing(self) -> bool:
        """Whether no run is under way, not even one that is being stopped."""
        return not (self._busy or self.clock.running)

    async def run(
        self, duration_ms: float | None, stall: Stall | None, pausable_every: float | None
    ) -> None:
        """Let the network run; see `RunTime.run`."""
        self.check_open()
        ticks = every = None
        if duration_ms is not None:
            ticks = whole_ticks("duration", duration_ms, self.clock.timestep_ms)
        if pausable_every is not None:
            every = whole_ticks("pausable_every", pausable_every, self.clock.timestep_ms)
            if ticks is not None and ticks % every:
                raise UsageError(
                    f"a run of {duration_ms:g} ms cannot be pausable every {pausable_every:g} ms: "
                    "its length must be a multiple of that"
                )
        if self._busy:
            raise RunStateError("the network is already running: one run at a time")
        self._busy = True
        self._run_scope = trio.CancelScope()
        guard = None if stall is None else self._guard(stall)
        try:
            with self._run_scope, self.pausing.run():
                if every is None:
                    await self._leave_steps()
                    await self._in_stretches(ticks, guard)
                else:
                    async with self._failing():
                        await self._in_steps(ticks, every, guard)
        finally:
            self._busy = False
            self._announce()
        if guard is not None and guard.error is not None:
            raise guard.error
        if self.closed:
            raise RunStateError("the live run was closed before this run was over")

    async def step(self, duration_ms: float) -> None:
        """Take a step; see `RunTime.step`."""
        ticks = self._steppable(duration_ms)
        async with self._failing():
            with self._parts.awake.held():
                await self._parts.stepping.step(ticks, self._parts.connection.network.cores)

    async def leave_steps(self) -> None:
        """End stepped mode; see `RunTime.leave_steps`."""
        self.check_open()
        async with self._failing():
            await self._leave_steps()

    async def pause(self) -> None:
        """Have the run under way stand; see `RunTime.pause`."""
        self.check_open()
        try:
            await self.pausing.pause()
        except RunStateError:
            self.check_open()
            raise

    async def resume(self) -> None:
        """Let a paused run go on; see `RunTime.resume`."""
        self.check_open()
        self.pausing.resume()
        await trio.lowlevel.checkpoint()
        while self._busy and not (self.clock.running or self.pausing.wanted):
            await self._changed.wait()

    def started(self, *, awaited: bool = False) -> None:
        """The tool chain says that the board runs; ``awaited`` as in `Clock.start`."""
        if self._parts.stepping.active:
            return  # which knows better
        self.clock.start(self.planned_end, awaited=awaited)
        self._announce()

    def stopped(self) -> None:
        """The tool chain says that the board has stopped."""
        if self._parts.stepping.active:
            return
        self.clock.stop()
        self._announce()

    async def close(self) -> None:
        """Stop a run that is under way, end every stream. Call it shielded from cancellation."""
        self.closed = True
        self._run_scope.cancel()
        self.clock.end(self.failure)
        self._announce()
        while self._busy:
            await self._changed.wait()
        try:
            await self._leave_steps()
        except SpinnliveError as error:
            await self._give_up_steps(error)
        self._parts.connection.router.end(self.failure)

    def _guard(self, stall: Stall) -> Guard:
        return Guard(stall, self.clock, self.tick, self._put_off, self._run_scope.cancel)

    def _put_off(self, ticks: int) -> None:
        self.put_off_ticks += ticks

    def _steppable(self, duration_ms: float) -> int:
        self.check_open()
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
        return self.fail(cause)

    async def tick(self) -> int:
        """Give the board's tick; in stepped mode, of the next moment that it stands."""
        if self._parts.stepping.active:
            await self._parts.stepping.stand()
            return self.clock.tick
        return await self._parts.watch.tick()

    async def _in_stretches(self, ticks: int | None, guard: Guard | None) -> None:
        """Run freely; sPyNNaker runs it again after every pause."""
        end = self.planned_end = None if ticks is None else self.clock.tick + ticks
        while end is None or self.clock.tick < end:
            with self.pausing.stretch() as stretch:
                left = None if end is None else (end - self.clock.tick) * self.clock.timestep_ms
                with self._parts.awake.held():
                    await self._run(left, guard)
            if self.pausing.wanted:
                await self.pausing.hold()
            elif not stretch.cancelled_caught:  # else the wish was taken back meanwhile
                return

    async def _in_steps(self, ticks: int | None, every: int, guard: Guard | None) -> None:
        """Run step after step, each as soon as the one before is over, but for pauses."""
        try:
            async with trio.open_nursery() as nursery:
                if guard is not None:
                    nursery.start_soon(guard.watch)
                await self._take_steps(ticks, every)
                nursery.cancel_scope.cancel()
        except BaseExceptionGroup as group:
            failures = group.subgroup(SpinnliveError)
            if failures is None:
                raise
            raise _first(failures) from None

    async def _take_steps(self, ticks: int | None, every: int) -> None:
        end = None if ticks is None else self.clock.tick + ticks
        while end is None or self.clock.tick < end:
            with self._parts.awake.held():
                await self._step_on(every, end)
            if self.pausing.wanted:
                await self.pausing.hold()

    async def _step_on(self, every: int, end: int | None) -> None:
        """Take a step, and more until the run is to stand or has come to its end."""
        while True:
            with trio.CancelScope(shield=True):
                await self._parts.stepping.step(every, self._parts.connection.network.cores)
            await trio.lowlevel.checkpoint()
            if self.pausing.wanted or (end is not None and self.clock.tick >= end):
                return

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
                    patience_s=self.patience_s,
                )
                nursery.cancel_scope.cancel()
            if parts.client.error is not None:
                raise self.fail(parts.client.error)
        except BaseExceptionGroup as group:
            failures = group.subgroup(SpinnliveError)
            if failures is None:
                raise
            raise self.fail(await self._cause(_first(failures))) from None
        finally:
            if parts.simulator.reached_ms is not None:
                tick = round(parts.simulator.reached_ms / self.clock.timestep_ms)
                self.clock.set_tick(tick)
                with trio.CancelScope(shield=True):
                    await stopped(parts.connection, tick, whole=tick == self.planned_end)

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

    def check_reportable(self) -> None:
        """Raise `RunStateError` unless sPyNNaker can be asked what was recorded."""
        if self._parts.stepping.active:
            raise RunStateError(
                "in stepped mode sPyNNaker has not read what was recorded: its report can be made after "
                "`await live.leave_steps()`"
            )
        if not (self.standing or self.pausing.paused):
            raise RunStateError("the network runs: its report can be made when it stands")

    def fail(self, error: SpinnliveError) -> SpinnliveError:
        """End the live run with this error, and give it."""
        self.failure = error
        self.clock.end(error)
        self._parts.connection.router.end(error)
        self.closed = True
        return error

    def patience_s(self) -> float:
        """Give how long sPyNNaker may take to end a call that was cancelled (seconds)."""
        return patience_s(self._parts.watch)

    async def until_running(self) -> None:
        """Wait until spikes can be injected: the network stands in stepped mode, or is in a tick. Raises as
        `check_open`."""
        while not (self.clock.heard or self._parts.stepping.standing):
            self.check_open()
            if self.clock.running:
                await self.clock.change()
            else:
                await self._changed.wait()
        self.check_open()

    def _announce(self) -> None:
        self._changed.set()
        self._changed = trio.Event()

    def check_open(self) -> None:
        """Raise what ended the live run, or `RunStateError` when it is closed."""
        if self.failure is not None:
            raise self.failure
        if self.closed:
            raise RunStateError("the live run is closed")


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
