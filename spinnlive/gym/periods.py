"""How one period of the closed loop passes on the board: stepped, or in real time.

A period is a number of equal *slices*. At the begin of each slice the sensors send their spikes; at
the end of the period there are the motors' counts of all of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from spinnlive.errors import RunStateError
from spinnlive.live.run import LiveRun
from spinnlive.live.windows import WindowStream

Mode = Literal["stepped", "real time"]

Counts = dict[str, NDArray[np.int64]]
"""Label of a motor population → spikes of each of its neurons in a period."""

WINDOWS = 256
"""Windows that a real-time stream holds; a host that is late by more has missed them anyway."""


class Periods(Protocol):
    """One way to let periods pass."""

    held: int

    def restart(self) -> None:
        """A new episode begins: the time since the last period is nobody's delay."""

    async def pass_one(self, sense: Callable[[], Awaitable[None]]) -> tuple[int, Counts]:
        """Let one period pass, with ``sense`` awaited at the begin of each slice; give the tick at
        which it ended and what the motors did in it."""


class Stepped:
    """The network stands between slices, for as long as the environment and the host need."""

    def __init__(
        self,
        live: LiveRun,
        motors: Sequence[str],
        slice_ticks: int,
        slices: int,
        streams: AsyncExitStack,
    ) -> None:
        self.held = 0
        self._live = live
        self._slice_ms = slice_ticks * live.clock.timestep_ms
        self._slices = slices
        self._sizes = {each.label: each.size for each in live.populations}
        # a batch has a spike at least, and a neuron one id in a tick: what a period brings has
        # room; a population that there is not is for the live run to name
        self._streams = {
            label: live.spikes(label, buffer=self._sizes.get(label, 1) * slice_ticks * slices)
            for label in motors
        }
        for stream in self._streams.values():
            streams.push_async_callback(stream.aclose)

    async def begin(self) -> None:
        """Enter stepped mode, by one slice without sensors: only then can spikes be injected."""
        await self._live.step(self._slice_ms)

    def restart(self) -> None:
        """Nothing passes between two periods."""

    async def pass_one(self, sense: Callable[[], Awaitable[None]]) -> tuple[int, Counts]:
        """Let one period pass."""
        self._take()  # of what the network did outside of periods
        for _ in range(self._slices):
            await sense()
            await self._live.step(self._slice_ms)
        return self._live.clock.tick, self._take()

    def _take(self) -> Counts:
        counts: Counts = {}
        for label, stream in self._streams.items():
            total = np.zeros(self._sizes[label], np.int64)
            for batch in stream.take():
                np.add.at(total, batch.neuron_ids, 1)
            counts[label] = total
        return counts


class RealTime:
    """The network runs on, and the environment lives by the board's ticks.

    Periods begin at multiples of their length. One in which the sensors could not tell the network
    where the environment is in time (later than ``late_ticks``) is *held*: counted, and nothing is
    done with what the network did in it.
    """

    def __init__(
        self,
        live: LiveRun,
        motors: Sequence[str],
        slice_ticks: int,
        slices: int,
        late_ticks: float,
        streams: AsyncExitStack,
    ) -> None:
        self.held = 0
        self._clock = live.clock
        self._slice = slice_ticks
        self._ticks = slice_ticks * slices
        self._late = late_ticks
        self._due: int | None = None
        period_ms = self._ticks * live.clock.timestep_ms
        self._windows = {label: live.window(label, period_ms, buffer=WINDOWS) for label in motors}
        for stream in self._windows.values():
            streams.push_async_callback(stream.aclose)

    def restart(self) -> None:
        """Begin at the next multiple of a period."""
        self._due = None

    async def pass_one(self, sense: Callable[[], Awaitable[None]]) -> tuple[int, Counts]:
        """Let one period pass, after those that are held."""
        while True:
            begin = self._next_begin()
            if await self._sense(begin, sense):
                windows = {
                    label: await self._window(label, stream, begin)
                    for label, stream in self._windows.items()
                }
                self._due = begin + self._ticks
                counts = {label: each for label, each in windows.items() if each is not None}
                if len(counts) == len(windows):
                    return self._due, counts
                self.held += 1

    def _next_begin(self) -> int:
        """Give the tick at which the period begins; those that have been missed are held."""
        now = self._clock.tick
        if self._due is None:
            self._due = (now // self._ticks + 1) * self._ticks
        elif now > self._due + self._late:
            begin = -(-now // self._ticks) * self._ticks
            self.held += (begin - self._due) // self._ticks
            self._due = begin
        return self._due

    async def _sense(self, begin: int, sense: Callable[[], Awaitable[None]]) -> bool:
        """Send the sensors' spikes slice by slice; False as soon as it is too late for one."""
        for tick in range(begin, begin + self._ticks, self._slice):
            await self._clock.sleep_until(tick)
            if self._clock.tick > tick + self._late:
                return False
            await sense()
        return True

    async def _window(
        self, label: str, stream: WindowStream, begin: int
    ) -> NDArray[np.int64] | None:
        """Give the counts of the window that begins there; None if the stream had no room for it."""
        async for window in stream:
            if window.tick >= begin:
                return window.counts if window.tick == begin else None
        raise RunStateError(f"the live run was closed while the loop waited for {label!r}")
