"""What a live run tells of the inside of its network, and where it has that from.

A live run on a board reads the board (`BoardSources`); a scripted one asks its script, a replay its
recording. The public methods, `spinnlive.live.run_memory` and `spinnlive.live.run_time`, are the
same for all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import trio
from numpy.typing import ArrayLike

from spinnlive.boards.bulk import Memory
from spinnlive.live.clock import Clock
from spinnlive.live.feed import fed
from spinnlive.live.matrices import Matrices
from spinnlive.live.pace import Pace, tell_pace
from spinnlive.live.recorded import RecordedBlock, Recording, feed_samples
from spinnlive.live.setting import write_weights
from spinnlive.live.streams import Policy, Stream
from spinnlive.live.tap import Tap
from spinnlive.live.weights import (
    SnapshotReader,
    WeightReader,
    WeightSnapshot,
    feed_snapshots,
    select,
)
from spinnlive.toolchain.simulator import Simulator


@dataclass(frozen=True, slots=True)
class Basis:
    """What all sources stand on: ``tick`` asks for the tick, ``is_open`` says whether the live run is;
    streams are filled in tasks of ``background``."""

    clock: Clock
    tap: Tap
    background: trio.Nursery
    tick: Callable[[], Awaitable[int]]
    is_open: Callable[[], bool]


class Sources(ABC):
    """Asks for what it tells again and again. Durations are in ticks."""

    def __init__(self, basis: Basis) -> None:
        self.basis = basis

    @abstractmethod
    def weight_reader(
        self, projection: Any, pre: ArrayLike | None, post: ArrayLike | None
    ) -> SnapshotReader:
        """Give what reads the projection's weights; see `RunMemory.weight_reader`."""

    @abstractmethod
    async def set_weights(
        self, projection: Any, weights: ArrayLike, pre: ArrayLike | None, post: ArrayLike | None
    ) -> str:
        """Set weights, see `RunMemory.set_weights`; give the projection's label."""

    @abstractmethod
    def recorded(
        self, label: str, variable: str, every: int, policy: Policy, buffer: int
    ) -> Stream[RecordedBlock]:
        """Give a stream of samples; see `RunMemory.recorded`."""

    def weights(
        self,
        projection: Any,
        every: int,
        pre: ArrayLike | None,
        post: ArrayLike | None,
        policy: Policy,
        buffer: int,
    ) -> Stream[WeightSnapshot]:
        """Give a stream of weights; see `RunMemory.weights`."""
        basis = self.basis
        source = partial(
            feed_snapshots,
            reader=self.weight_reader(projection, pre, post),
            clock=basis.clock,
            every=every,
            tick=basis.tick,
            tap=basis.tap,
        )
        return fed(basis.background, policy, buffer, source)

    def telemetry(self, every_s: float, policy: Policy, buffer: int) -> Stream[Pace]:
        """Give a stream of the pace; see `RunTime.telemetry`."""
        basis = self.basis
        source = partial(
            tell_pace,
            clock=basis.clock,
            every_s=every_s,
            ask=basis.tick,
            is_open=basis.is_open,
            tap=basis.tap,
        )
        return fed(basis.background, policy, buffer, source)


class BoardSources(Sources):
    """Reads the board's memory."""

    def __init__(self, simulator: Simulator, memory: Memory, basis: Basis) -> None:
        super().__init__(basis)
        self._simulator = simulator
        self._memory = memory

    def weight_reader(
        self, projection: Any, pre: ArrayLike | None, post: ArrayLike | None
    ) -> SnapshotReader:
        """Give what reads the rows of the projection's synapses."""
        layout = self._simulator.weights_layout(projection)
        wanted = select(layout, pre, post)
        step = self.basis.clock.timestep_ms
        return WeightReader(self._memory, layout, step, self.basis.tick, wanted)

    async def set_weights(
        self, projection: Any, weights: ArrayLike, pre: ArrayLike | None, post: ArrayLike | None
    ) -> str:
        """Write the rows, and see that they stay."""
        layout = self._simulator.weights_layout(projection)
        matrices = Matrices(self._memory, layout, select(layout, pre, post))
        await write_weights(matrices, weights, self.basis.clock, self.basis.tick)
        return layout.label

    def recorded(
        self, label: str, variable: str, every: int, policy: Policy, buffer: int
    ) -> Stream[RecordedBlock]:
        """Read the recording's buffers while they fill."""
        clock = self.basis.clock
        layout = self._simulator.recording_layout(label, variable)
        source = partial(
            feed_samples,
            recording=Recording(self._memory, layout, clock.timestep_ms),
            clock=clock,
            every=every,
            tick=self.basis.tick,
            tap=self.basis.tap,
        )
        return fed(self.basis.background, policy, buffer, source)
