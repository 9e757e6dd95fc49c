"""Spikes from the host into the running network, through a SpikeInjector.

A datagram goes to port 17893 of the board: an SDP header to port 1 of the injector's core, then
EIEIO with bare 16-bit ids, at most 127. The core sends them on at once, in whatever tick it is in:
so a spike is timed by being sent in time, see `spinnlive.live.timetable`. An injector that records
its spikes gets whole keys, at most 63: it records what it gets, and sPyNNaker cannot read anything
else back. How fast they can follow
each other: `spinnlive.live.window`.
"""

from __future__ import annotations

import numbers
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import numpy as np
import trio
from numpy.typing import ArrayLike, NDArray

from spinnlive import wire
from spinnlive.errors import NeuronIdError, UsageError
from spinnlive.live.clock import LAST_TICK, Clock
from spinnlive.live.intake import Lane
from spinnlive.live.tap import Tap
from spinnlive.live.timetable import Spawn, Timetable


@dataclass(frozen=True, slots=True)
class Injected:
    """Spikes that have left for an injector, for the tap; ``sent``: when, in seconds of
    ``time.monotonic()``."""

    label: str
    neuron_ids: NDArray[np.int64]
    sent: float


@dataclass(frozen=True, slots=True)
class InjectorStatistics:
    """Counts of an injector so far, in spikes.

    ``sent`` to the board, ``late`` among them (timed, and sent after their tick was over), and
    ``waiting`` for their tick. ``datagrams`` is what the spikes were sent in.
    """

    sent: int
    late: int
    waiting: int
    datagrams: int


@dataclass(frozen=True, slots=True)
class Played:
    """What came of `Injector.play`: the tick that its times counted from, spikes sent, and how many
    of them were late."""

    start: int
    spikes: int
    late: int


class Injector:
    """The way into one SpikeInjector population, of ``size`` neurons.

    ``keys``: the routing key of each neuron, to be sent in place of its id.
    """

    def __init__(
        self,
        label: str,
        size: int,
        lanes: Sequence[Lane],
        clock: Clock,
        *,
        keys: NDArray[np.int64] | None = None,
        ready: Callable[[], Awaitable[None]],
        check_open: Callable[[], None],
        spawn: Spawn,
        shift: Callable[[], int],
        tap: Tap | None = None,
    ) -> None:
        self.label = label
        self.size = size
        self._lanes = lanes
        self._clock = clock
        self._keys = keys
        self._ready = ready
        self._check_open = check_open
        self._shift = shift
        self._tap = tap or Tap()
        self._turn = trio.Lock()
        self._timetable = Timetable(clock, self._deliver, spawn, shift)
        self._sent = 0
        self._late = 0
        self._datagrams = 0

    @property
    def spikes_sent(self) -> int:
        """How many spikes have been sent to the board."""
        return self._sent

    def statistics(self) -> InjectorStatistics:
        """Give the counts so far."""
        return InjectorStatistics(self._sent, self._late, self._timetable.waiting, self._datagrams)

    async def send(self, neuron_ids: ArrayLike, *, at: int | None = None) -> None:
        """Make these neurons fire, each once for each time it is named: now, or in tick ``at``.

        *Now*: before the run has started, and while it is paused, this waits until it runs. It
        returns when the spikes are on their way; more than some hundred in a row go at the pace at
        which the board takes them. A cancelled call may have sent a part.

        *Timed*: the spikes are kept on the host and sent so as to arrive in that tick; this returns
        as soon as they are kept, and waits only while a million wait already. They can be given
        before the run starts. What is sent after its tick was over is sent all the same and counted
        as ``late``. How well ticks are met: docs/pacing.md.

        Raises `NeuronIdError` for an id outside ``0 .. size - 1``, before anything is sent;
        `UsageError` for an ``at`` that is no tick; `RunStateError` when the live run is closed;
        `BoardLost` when the board stops answering.
        """
        if at is not None:
            ids = self._checked(neuron_ids)
            self._check_open()
            await self._timetable.put(self._tick(at), ids)
            return
        few = self._few(neuron_ids)
        if few is None or not self._clock.heard or not self._sent_at_once(few):
            now = self._checked(neuron_ids) if few is None else few.copy()
            waits = not self._clock.heard
            if waits:  # who did returns at once: he may want to wait for the answer to these spikes
                await trio.lowlevel.checkpoint()
            await self._ready()
            await self._send(now)
            if waits:
                return
        await trio.lowlevel.checkpoint()

    async def play(
        self, times_ms: ArrayLike, neuron_ids: ArrayLike, *, start: int | None = None
    ) -> Played:
        """Play spike trains: neuron ``neuron_ids[i]`` fires at ``times_ms[i]`` after tick
        ``start``.

        Times are in ms of biological time, in any order, and go to the nearest tick; ``start`` is
        the tick after the present one unless given. Waits until the network runs, then returns when
        the last spike has been sent. Cancelling it stops the playing. Several can play at once.
        Raises as `send`; `UsageError` when the arrays do not fit each other or a time is negative
        or no number.
        """
        ids = self._checked(neuron_ids)
        times = np.atleast_1d(np.asarray(times_ms, dtype=np.float64))
        if times.shape != ids.shape:
            raise UsageError(
                f"play takes one time for each neuron id: {times.size} times for {ids.size} ids"
            )
        wrong = times[~(times >= 0) | ~np.isfinite(times)]
        if len(wrong):
            raise UsageError(f"play has a time of {wrong[0]} ms; times are 0 or more, in ms")
        await self._ready()
        first = self._clock.tick + 1 if start is None else self._tick(start)
        put_off = self._shift()
        ticks = np.rint(times / self._clock.timestep_ms).astype(np.int64)
        order = np.argsort(ticks, kind="stable")
        ticks, ids = ticks[order], ids[order]
        late = 0
        begin = 0
        while begin < len(ticks):
            tick = await self._timetable.come(first + int(ticks[begin]) - put_off)
            # what is late goes together, or it would only become later
            reached = max(self._clock.tick - (tick - int(ticks[begin])), int(ticks[begin]))
            end = int(np.searchsorted(ticks, reached, side="right"))
            late += await self._deliver(
                ids[begin:end], ticks[begin:end] + (tick - int(ticks[begin]))
            )
            begin = end
        return Played(first, len(ids), late)

    async def _deliver(self, ids: NDArray[np.int64], ticks: NDArray[np.int64]) -> int:
        """Send spikes whose ticks have come; give how many of them are late."""
        await self._ready()
        late = int(np.count_nonzero(ticks < int(self._clock.read().position)))
        self._late += late
        await self._send(ids)
        return late

    async def _send(self, ids: list[int] | NDArray[np.int64]) -> None:
        """Send these spikes and nobody else's between them; no checkpoint if there is room."""
        if not isinstance(ids, list) or not self._sent_at_once(ids):
            await self._send_in_turn(ids)
            self._tell(ids)

    def _sent_at_once(self, ids: list[int]) -> bool:
        """Send what goes to one core in one datagram, if there is room, and tell the tap; say whether it was sent.
        Raises what ended the live run."""
        if len(self._lanes) > 1 or self._turn.locked():
            return False
        self._check_open()
        lane = self._lanes[0]
        (packet,) = self._encode(ids, lane.core.first)
        if not lane.send_now(packet):
            return False
        self._datagrams += 1
        self._sent += len(ids)
        self._tell(ids)
        return True

    def _tell(self, ids: list[int] | NDArray[np.int64]) -> None:
        if self._tap.active:
            sent = time.monotonic()
            self._tap.put("injected", Injected(self.label, np.asarray(ids, np.int64), sent))

    async def _send_in_turn(self, ids: list[int] | NDArray[np.int64]) -> None:
        try:
            self._turn.acquire_nowait()
        except trio.WouldBlock:
            await self._turn.acquire()
        try:
            for lane in self._lanes:
                core = lane.core
                local = ids
                if len(self._lanes) > 1:
                    every = np.asarray(ids)
                    local = every[(every >= core.first) & (every <= core.last)]
                for packet in self._encode(local, core.first):
                    await lane.send(packet)
                    self._datagrams += 1
                self._sent += len(local)
        finally:
            self._turn.release()

    def _encode(self, ids: list[int] | NDArray[np.int64], first: int) -> list[bytes]:
        if self._keys is not None:
            return wire.encode_keys32(self._keys[ids])
        if isinstance(ids, list):
            return wire.encode_ids16([neuron - first for neuron in ids])
        return wire.encode_ids16(ids - first)

    def _tick(self, value: int) -> int:
        if not isinstance(value, numbers.Integral) or not 0 <= value <= LAST_TICK:
            raise UsageError(
                f"population {self.label!r}: {value!r} is no tick; it is a whole number, 0 to "
                f"{LAST_TICK}"
            )
        return int(value)

    def _few(self, neuron_ids: ArrayLike) -> list[int] | None:
        """Give a short list of ids that are all right as it is; None for anything else. An array
        would be made in ten times the time, and a reflex of a robot waits for it."""
        if not isinstance(neuron_ids, list) or not 0 < len(neuron_ids) <= wire.FEW:
            return None
        size = self.size
        for neuron in neuron_ids:
            if type(neuron) is not int or not 0 <= neuron < size:
                return None
        return neuron_ids

    def _checked(self, neuron_ids: ArrayLike) -> NDArray[np.int64]:
        try:
            ids = np.atleast_1d(np.asarray(neuron_ids))
        except ValueError:  # lists of different lengths inside a list
            ids = np.empty((1, 1))
        if ids.size == 0:
            return np.empty(0, np.int64)
        if ids.ndim != 1 or ids.dtype.kind not in "iu":
            raise NeuronIdError(
                f"population {self.label!r}: neuron ids are a list of whole numbers, "
                f"not {neuron_ids!r}"
            )
        wrong = ids[(ids < 0) | (ids >= self.size)]
        if len(wrong):
            raise NeuronIdError(
                f"population {self.label!r} has no neuron {int(wrong[0])}: its {self.size} neurons "
                f"are 0 to {self.size - 1}"
            )
        return ids.astype(np.int64)
