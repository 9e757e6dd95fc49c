"""Stepped mode: the network stands, and each step takes it on by exactly so many ticks.

It is sPyNNaker's synchronised running. The tool chain's thread is inside one long run all the time
(`spinnlive.toolchain.stepped`); the cores stand every ``step`` ticks, and what lets them go on is
this module's signal. sPyNNaker divides that run into parts that its recordings have room for, and
gives the first signal of each part itself; so that it does not do so before somebody wants a step,
its confirmation of readiness is kept back at a *gate*.

Where the network stands is one of: ``OFF`` (no stepped mode), ``GATE`` (at the begin of a part),
``SYNC`` (in the middle of one), ``END`` (a part is over, sPyNNaker reads the recordings), or it is
``MOVING``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from enum import Enum, auto

import trio

from spinnlive import wire
from spinnlive.boards.scp_calls import ScpCalls
from spinnlive.errors import RunStateError, SpinnliveError, ToolchainError
from spinnlive.live.client import LiveClient, at_once
from spinnlive.live.clock import Clock
from spinnlive.live.database import Core, SourceCore
from spinnlive.live.outbox import DATAGRAMS, Outbox
from spinnlive.live.standing import SYNC_STATES, SimulationCores
from spinnlive.live.worker import Worker
from spinnlive.toolchain.simulator import Simulator
from spinnlive.toolchain.stepped import SteppedRun

LEAVING_S = 20.0
"""How long cores may take to end their run after an error, before sPyNNaker is left to it (seconds)."""


class Place(Enum):
    """Where the network is; see the module."""

    OFF = auto()
    GATE = auto()
    SYNC = auto()
    END = auto()
    MOVING = auto()


class Stepping:
    """The stepped mode of one live run.

    ``quiet`` keeps others from asking much of the board; ``delivered`` waits for the live spikes;
    ``patience_s`` says how long sPyNNaker may take to end. ``changed`` is called whenever `standing`
    may have changed; ``transmit`` sends a datagram to an injector's core; while `standing`,
    datagrams go into ``outbox`` instead.
    """

    def __init__(
        self,
        simulator: Simulator,
        worker: Worker,
        client: LiveClient,
        clock: Clock,
        scp: ScpCalls,
        nursery: trio.Nursery,
        app_id: int,
        quiet: trio.Lock,
        delivered: Callable[[int, bool], Awaitable[None]],
        patience_s: Callable[[], float],
    ) -> None:
        self.transmit: Callable[[bytes, SourceCore], Awaitable[None]] = _nowhere
        self.outbox = Outbox()
        self._simulator = simulator
        self._worker = worker
        self._client = client
        self._clock = clock
        self._scp = scp
        self._nursery = nursery
        self._app_id = app_id
        self._quiet = quiet
        self._delivered = delivered
        self._patience_s = patience_s
        self.changed: Callable[[], None] = _nothing
        self._turn = trio.Lock()
        self._place = Place.OFF
        self._moved = trio.Event()
        self._step = 0
        self._tick = 0
        self._state = wire.CpuState.SYNC0
        self._cores: SimulationCores | None = None
        self._run = SteppedRun(1)
        self._gate = trio.Event()
        self._scope = trio.CancelScope()
        self._error: SpinnliveError | None = None

    @property
    def active(self) -> bool:
        """Whether stepped mode has been entered and not left."""
        return self._place is not Place.OFF

    @property
    def standing(self) -> bool:
        """Whether spikes sent now reach the network's next tick."""
        return self._place in (Place.GATE, Place.SYNC)

    async def stand(self) -> None:
        """Wait until the network stands, or stepped mode is over."""
        while self._place in (Place.MOVING, Place.END):
            await self._moved.wait()

    async def step(self, ticks: int, cores: Iterable[Core]) -> None:
        """Take the network on by ``ticks``; enters stepped mode when it must.

        Returns when every core stands and every live spike has been delivered. Cancelling leaves
        the step to end by itself: the next one waits for that.
        """
        async with self._turn:
            if not self.active or ticks % self._step:
                await self._enter(ticks, tuple(cores))
            for _ in range(ticks // self._step):
                await self._one_step()

    async def leave(self) -> None:
        """End stepped mode, after a step that is under way: sPyNNaker reads the recordings, and the
        network can run freely again."""
        async with self._turn:
            await self._leave()

    async def abort(self) -> None:
        """End stepped mode after an error, as well as it can be done."""
        if not self.active:
            return
        with trio.move_on_after(LEAVING_S):
            try:
                if self._cores is not None and self._place is not Place.END:
                    await self._cores.end_run(release=self._place is not Place.GATE)
            except SpinnliveError:
                pass  # the error that led here says more
        self._run.fail()
        self._gate.set()
        self._scope.cancel()
        await self._until_off()

    async def _enter(self, step: int, cores: tuple[Core, ...]) -> None:
        if self.active:
            if step == self._step:
                return
            await self._leave()
        self._step = step
        self._tick = self._clock.tick
        self._error = None
        self._run = SteppedRun(step)
        self._scope = trio.CancelScope()
        ours = self._simulator.simulation_cores()
        taking_part = [core for core in cores if (core.x, core.y, core.p) in ours]
        self._cores = SimulationCores(self._scp, taking_part, self._app_id)
        self._client.before_start = self._wait_at_gate
        self._go(Place.END)  # as between two parts
        self._nursery.start_soon(self._hold)
        await self._stand_or_raise()

    async def _one_step(self) -> None:
        await self._stand_or_raise()
        assert self._cores is not None, "stepped mode was entered"
        target = self._tick + self._step
        wanted = SYNC_STATES[1 - SYNC_STATES.index(self._state)]
        self._planned = (target, wanted)
        at_gate = self._place is Place.GATE
        if self._tick > 0 or not at_gate:  # before its first tick an injector knows no time
            await self._inject()
        self._go(Place.MOVING)
        self._clock.start(target)
        if at_gate:
            self._gate.set()  # sPyNNaker sends the signal
        else:
            await self._cores.signal(self._next_signal())
        await self._arrive()

    async def _arrive(self) -> None:
        """Wait for the end of the step under way."""
        assert self._cores is not None, "stepped mode was entered"
        target, wanted = self._planned
        wait_s = self._step * self._clock.tick_s
        try:
            self._state = await self._cores.come_to((wanted, wire.CpuState.READY), wait_s)
            await self._delivered(target, True)
        except SpinnliveError as error:
            self._error = error
            self._go(Place.SYNC)
            raise
        self._tick = target
        self._clock.stop()
        self._clock.set_tick(target)
        if self._state is wire.CpuState.READY:
            self._run.part_over()
            self._go(Place.END)
        else:
            self._go(Place.SYNC)

    async def _inject(self) -> None:
        """Send what was injected while the network stood, and see that the injectors have it."""
        datagrams = self.outbox.take()
        chips = sorted({(core.x, core.y) for _, core in datagrams})
        for number, (datagram, core) in enumerate(datagrams, start=1):
            await self.transmit(datagram, core)
            if number % DATAGRAMS == 0 or number == len(datagrams):
                # each chip's SCAMP takes what comes to it in turn
                await self._scp.burst([wire.version_request(*chip) for chip in chips])

    def _next_signal(self) -> wire.Signal:
        signal = wire.Signal(self._simulator.next_sync())
        expected = wire.Signal.SYNC0 if self._state is wire.CpuState.SYNC0 else wire.Signal.SYNC1
        if signal is not expected:
            raise ToolchainError(
                f"sPyNNaker's next signal is {signal.name}, the cores wait for {expected.name}"
            )
        return signal

    async def _leave(self) -> None:
        if not self.active:
            return
        if self._place is Place.MOVING:
            await self._arrive()
        await self._stand_or_raise()
        assert self._cores is not None, "stepped mode was entered"
        while self._cores.asked and self._place is Place.SYNC:
            await self._one_step()  # empties the mailboxes
        at_gate = self._place is Place.GATE
        # a message that SCAMP drops for want of a tag would leave a core behind
        async with self._quiet:
            await self._cores.end_run(release=not at_gate)
        if at_gate:
            self._run.end(self._tick)
            self._gate.set()
        else:
            self._next_signal()
            await self._cores.come_to((wire.CpuState.READY,))
            # gatherers hold what came in the last tick until the network goes on
            await self._delivered(self._tick + 1, False)
            self._run.end(self._tick + 1)
        await self._until_off()
        if self._error is not None:
            raise self._error

    async def _until_off(self) -> None:
        while self._place is not Place.OFF:
            await self._moved.wait()

    async def _stand_or_raise(self) -> None:
        if self._place is Place.MOVING:  # the step before was cancelled
            await self._arrive()
        await self.stand()
        if self._error is not None:
            raise self._error
        if not self.active:
            raise RunStateError("stepped mode was left")

    async def _hold(self) -> None:
        """Be inside sPyNNaker's run as long as stepped mode lasts."""
        step_ms = self._step * self._clock.timestep_ms
        try:
            with self._scope:
                await self._worker.call(
                    self._simulator.run_stepped,
                    self._run,
                    step_ms,
                    stop=self._stop,
                    patience_s=self._patience_s,
                )
        except SpinnliveError as error:
            self._error = self._error or error
        finally:
            self._client.before_start = at_once
            if self._simulator.reached_ms is not None:
                tick = round(self._simulator.reached_ms / self._clock.timestep_ms)
                self._clock.set_tick(tick)
            self._go(Place.OFF)

    def _stop(self) -> bool:
        self._run.end(None)
        self._gate.set()
        return True

    async def _wait_at_gate(self) -> None:
        """Keep the tool chain from starting the next part before somebody wants a step."""
        self._gate = trio.Event()
        if self._run.ending or self._cores is None:
            return
        try:
            self._state = await self._cores.come_to(SYNC_STATES)
        except SpinnliveError as error:
            self._error = error
            self._go(Place.END)
            return
        self._go(Place.GATE)
        await self._gate.wait()

    def _go(self, place: Place) -> None:
        self._place = place
        self._moved.set()
        self._moved = trio.Event()
        self.changed()


def _nothing() -> None:
    """Wait for somebody to care."""


async def _nowhere(datagram: bytes, core: SourceCore) -> None:
    """Send nothing; what a live run puts in place of this does."""
