"""A live run without a board: for the replay of a recording, and for users' own tests.

`LiveRun` itself is the genuine one, with all of its streams and checks. Only what it stands on is
replaced: where sPyNNaker would run the network on a board, a `Play` makes time pass and says what
happens in it.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import trio
from numpy.typing import ArrayLike

from spinnlive.errors import RunStateError, SpinnliveError
from spinnlive.live.clock import Clock
from spinnlive.live.database import NetworkMap, SourceCore
from spinnlive.live.keys import KeyTable
from spinnlive.live.parts import Parts
from spinnlive.live.sources import Basis, Sources
from spinnlive.live.spikes import SpikeRouter
from spinnlive.live.tap import Tap
from spinnlive.live.watermark import Watermark
from spinnlive.live.weights import WeightSnapshot
from spinnlive.toolchain.values import PopulationFacts, ProjectionFacts

Play = Callable[[int | None], Awaitable[None]]
"""Lets so many ticks pass, or passes on until cancelled when it is None."""


OTHERS = 256
"""Neurons of what is no population of the user's, such as the heartbeats of that many gatherers."""


class StageClock(Clock):
    """A clock whose waiters wake when time has been moved on, not by the host's own clock."""

    def __init__(
        self, timestep_us: int, time_scale_factor: int, host_time: Callable[[], float], tap: Tap
    ) -> None:
        super().__init__(timestep_us, time_scale_factor, host_time, tap, trio.sleep_until)
        self._over: BaseException | None = None
        self._targets: list[int] = []
        self._moved = trio.lowlevel.ParkingLot()

    async def sleep_until(self, tick: float) -> None:
        """Return when ``tick`` has been reached; see `Clock.sleep_until`."""
        await self.wait_until(math.ceil(tick))

    async def wait_until(self, tick: int) -> None:
        """Return when ``tick`` has been reached; see `Clock.wait_until`."""
        self._targets.append(tick)
        try:
            await trio.lowlevel.checkpoint()
            while self._over is None and self.read().position < tick:
                await self._moved.park()
        finally:
            self._targets.remove(tick)
        if self._over is not None:
            raise self._over

    @property
    def awaited(self) -> int | None:
        """The earliest tick that somebody waits for."""
        return min(self._targets, default=None)

    def moved(self) -> None:
        """Time has passed: let those look whose tick may have come."""
        self._moved.unpark_all()

    def end(self, error: BaseException | None) -> None:
        """The run is over: whoever waits is told."""
        self._over = error or RunStateError("the live run is closed")
        super().end(error)
        self._moved.unpark_all()


@dataclass(frozen=True, slots=True)
class Stage:
    """The network as a live run needs to know it; times as in `Clock`."""

    board: str
    populations: tuple[PopulationFacts, ...]
    labels: tuple[str, ...]
    live: frozenset[str]
    timestep_us: int
    time_scale_factor: int
    host_time: Callable[[], float]
    background: trio.Nursery
    projections: tuple[ProjectionFacts, ...] = ()
    heartbeats: tuple[bool, ...] = (False,)


class StageConnection:
    """What stands for the connection to a board: nothing but clock, router and tap."""

    def __init__(self, stage: Stage) -> None:
        self.network = NetworkMap(
            ethernet={(0, 0): stage.board},
            root=stage.board,
            app_id=0,
            timestep_us=stage.timestep_us,
            time_scale_factor=stage.time_scale_factor,
            tags=(),
            live=stage.live,
            keys=_keys(stage),
            sources={
                each.label: (SourceCore(0, 0, 1, 0, each.size - 1),) for each in stage.populations
            },
            cores=(),
        )
        self.tap = Tap()
        self.clock = StageClock(
            stage.timestep_us, stage.time_scale_factor, stage.host_time, self.tap
        )
        self.watermark = Watermark(stage.heartbeats)
        self.router = SpikeRouter(
            self.network.keys, self.clock.timestep_ms, self.tap, self.watermark
        )
        self.receivers = ()

    async def barrier(self) -> None:
        """Nothing is on its way."""
        await trio.lowlevel.checkpoint()

    def settle(self) -> None:
        """Nothing is delivered that is not counted."""


def _keys(stage: Stage) -> KeyTable:
    """Give every neuron a key, as a board would; on a stage nobody looks at them."""
    sizes = dict.fromkeys(stage.labels, OTHERS)
    sizes.update((each.label, each.size) for each in stage.populations)
    counts = [sizes[label] for label in stage.labels]
    return KeyTable.build(
        stage.labels,
        np.arange(sum(counts)),
        np.repeat(np.arange(len(counts)), counts),
        np.concatenate([np.empty(0, np.int64), *(np.arange(count) for count in counts)]),
    )


def among(
    snapshot: WeightSnapshot, pre: ArrayLike | None, post: ArrayLike | None
) -> WeightSnapshot:
    """Give only the synapses between these neurons; None means all."""
    wanted = np.ones(len(snapshot.pre), bool)
    for ids, chosen in ((snapshot.pre, pre), (snapshot.post, post)):
        if chosen is not None:
            wanted &= np.isin(ids, np.atleast_1d(np.asarray(chosen)))
    return replace(
        snapshot,
        pre=snapshot.pre[wanted],
        post=snapshot.post[wanted],
        weights=snapshot.weights[wanted],
        delays_ms=snapshot.delays_ms[wanted],
    )


class _Simulator:
    """Stands for sPyNNaker."""

    def __init__(
        self, connection: StageConnection, play: Play, projections: tuple[ProjectionFacts, ...]
    ) -> None:
        self._clock = connection.clock
        self._play = play
        self._projections = projections
        self.reached_ms: float | None = None

    async def run(self, duration_ms: float | None) -> None:
        """Let this biological time (ms) pass."""
        self.reached_ms = None
        ticks = None if duration_ms is None else round(duration_ms / self._clock.timestep_ms)
        try:
            await self._play(ticks)
        finally:
            self.reached_ms = self._clock.tick * self._clock.timestep_ms

    def request_stop(self) -> bool:
        """Say that it can be stopped: cancelling has done so."""
        return True

    def projections(self) -> tuple[ProjectionFacts, ...]:
        """Give what the stage knows of them."""
        return self._projections

    async def recorded_spikes(self, label: str) -> None:
        """No board has recorded anything."""


class _Worker:
    """Stands for the thread of sPyNNaker."""

    async def call(self, function: Callable[..., Awaitable[Any]], *args: Any, **_: object) -> Any:
        """Call the function, which does not block."""
        return await function(*args)


class _Watch:
    """Stands for what looks after the board: nothing ever happens to this one."""

    failure: SpinnliveError | None = None

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def run(self) -> None:
        """Watch until cancelled."""
        await trio.sleep_forever()

    async def tick(self) -> int:
        """Give the tick."""
        await trio.lowlevel.checkpoint()
        return self._clock.tick

    async def diagnose(self) -> None:
        """Find nothing."""


class _Stepping:
    """Stands for stepped mode: a step is a stretch of the play, and in between it stands."""

    active = False

    def __init__(self, play: Play) -> None:
        self._play = play
        self._turn = trio.Lock()
        self.standing = False
        self.changed: Callable[[], None] = lambda: None
        self.transmit: Callable[..., Awaitable[None]] | None = None

    async def step(self, ticks: int, cores: object) -> None:
        """Let so many ticks pass."""
        async with self._turn:
            await self._play(ticks)
            self.standing = True
            self.changed()

    async def abort(self) -> None:
        """Nothing is left to be ended."""


class _Lane:
    """Stands for the way to an injector's core: what is sent there leaves for nowhere."""

    def __init__(self, size: int) -> None:
        self.core = SourceCore(0, 0, 0, 0, size - 1)

    async def send(self, packet: bytes) -> None:
        """Let it go."""

    def send_now(self, packet: bytes) -> bool:
        """Let it go: there is always room."""
        return True


class _Intakes:
    """Stands for the ways into the board."""

    def __init__(self, populations: tuple[PopulationFacts, ...]) -> None:
        self._sizes = {each.label: each.size for each in populations}

    def lanes(self, label: str) -> list[_Lane]:
        """Give one core for all of a population."""
        return [_Lane(self._sizes[label])]

    async def post(self, datagram: bytes, core: SourceCore) -> None:
        """Let it go."""


class _Client:
    """Stands for our side of the tool chain's handshake."""

    error: SpinnliveError | None = None


def parts_on(
    stage: Stage, play: Play, sources: Callable[[Basis], Sources]
) -> tuple[Parts, StageConnection]:
    """Give the parts of a live run whose time is made by ``play``, and the connection among them.

    What is injected leaves for nowhere: only the tap is told of it.
    """
    connection = StageConnection(stage)
    parts = Parts(
        simulator=cast(Any, _Simulator(connection, play, stage.projections)),
        worker=cast(Any, _Worker()),
        populations=stage.populations,
        client=cast(Any, _Client()),
        connection=cast(Any, connection),
        scp=cast(Any, None),
        watch=cast(Any, _Watch(connection.clock)),
        intakes=cast(Any, _Intakes(stage.populations)),
        background=stage.background,
        stepping=cast(Any, _Stepping(play)),
        sources=sources,
    )
    return parts, connection
