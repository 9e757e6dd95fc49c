"""Spikes that wait on the host for their tick.

One task sleeps until the earliest tick and hands over what is due; there is none while nothing
waits.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Awaitable, Callable

import numpy as np
import trio
from numpy.typing import NDArray

from spinnlive.errors import SpinnliveError
from spinnlive.live.clock import Clock

MOST_WAITING = 1_000_000
"""Spikes that a timetable holds: 8 MB, and minutes of input at the pace that a board takes."""

AIM = 0.35
"""Which part of a tick is aimed at when spikes leave the host (ticks). They arrive some tenths of a
ms later, and must do so before the tick is over and not before it begins."""

Deliver = Callable[[NDArray[np.int64], NDArray[np.int64]], Awaitable[object]]
Spawn = Callable[[Callable[[], Awaitable[None]]], None]


class Timetable:
    """Batches by tick, at most `MOST_WAITING` spikes in all.

    ``deliver(ids, ticks)`` is called when their ticks have come. ``shift`` tells by how many ticks
    everything that waits was put off so far (see `Stall`).
    """

    def __init__(
        self, clock: Clock, deliver: Deliver, spawn: Spawn, shift: Callable[[], int]
    ) -> None:
        self._clock = clock
        self._deliver = deliver
        self._spawn = spawn
        self._shift = shift
        self._heap: list[tuple[int, int, NDArray[np.int64]]] = []
        self._number = itertools.count()
        self._asleep = trio.CancelScope()
        self._works = False
        self._room = trio.lowlevel.ParkingLot()
        self._failure: SpinnliveError | None = None
        self.waiting = 0

    async def put(self, tick: int, ids: NDArray[np.int64]) -> None:
        """Keep these spikes until ``tick``; waits while the timetable is full.

        A batch that alone is larger than the timetable is taken when nothing else waits. Raises the
        error that ended an earlier delivery. A cancelled call has kept nothing.
        """
        while self.waiting and self.waiting + len(ids) > MOST_WAITING:
            self._check()
            await self._room.park()
        self._check()
        # as if it had been put there before anything was put off
        tick -= self._shift()
        heapq.heappush(self._heap, (tick, next(self._number), ids))
        self.waiting += len(ids)
        if not self._works:
            self._works = True
            self._spawn(self._work)
        elif self._heap[0][0] == tick:
            self._asleep.cancel()  # the task sleeps until a later one
        await trio.lowlevel.checkpoint()

    async def come(self, tick: int) -> int:
        """Sleep until it is time to send what was meant for ``tick``, before anything was put off;
        give the tick that it is for now."""
        while True:
            now_for = tick + self._shift()
            await self._clock.sleep_until(now_for + AIM)
            if tick + self._shift() == now_for:
                return now_for

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    async def _work(self) -> None:
        """Deliver until nothing waits, or the live run is over."""
        try:
            while self._heap:
                with trio.CancelScope() as self._asleep:
                    await self.come(self._heap[0][0])
                if not self._asleep.cancelled_caught:
                    await self._deliver_due()
        except SpinnliveError as error:
            self._failure = error
            self._room.unpark_all()
        finally:
            self._works = False

    async def _deliver_due(self) -> None:
        """Deliver the batches whose tick has come, in the order of their ticks and as they were
        put. What is late goes together, or it would only become later."""
        reached = max(self._heap[0][0], self._clock.tick - self._shift())
        ids, ticks = [], []
        while self._heap and self._heap[0][0] <= reached:
            tick, _, batch = heapq.heappop(self._heap)
            ids.append(batch)
            ticks.append(np.full(len(batch), tick + self._shift()))
        spikes = np.concatenate(ids)
        await self._deliver(spikes, np.concatenate(ticks))
        self.waiting -= len(spikes)
        self._room.unpark_all()
