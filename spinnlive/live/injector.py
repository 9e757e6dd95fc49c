"""Spikes from the host into the running network, through a SpikeInjector.

A datagram goes to port 17893 of the board: an SDP header to port 1 of the injector's core, then
EIEIO with bare 16-bit ids, at most 127. The core sends them on at once, in whatever tick it is in.
Nothing is acknowledged, and a board has few buffers: SCAMP hands a message to a core through one of
7 shared buffers of the chip and gives up after 1 ms. So after `IN_FLIGHT` datagrams without a pause
the core itself is asked for the time: its answer comes the same way, and says that everything
before was taken.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import numpy as np
import trio
from numpy.typing import ArrayLike, NDArray

from spinnlive import wire
from spinnlive.errors import NeuronIdError
from spinnlive.live.database import SourceCore
from spinnlive.live.tap import Tap
from spinnlive.wire.sdp import PORT_INPUT

IN_FLIGHT = 4
"""Datagrams sent to a core before it must have shown that it took them; the chip has 7 buffers for
all of its cores."""

PAUSE_S = 0.002
"""Silence after which a core has certainly taken what was sent before (seconds): SCAMP waits 1 ms
at most."""

Barrier = Callable[[SourceCore], Awaitable[None]]
Transmit = Callable[[bytes, SourceCore], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Injected:
    """Spikes that have left for an injector, for the tap; ``sent``: when, in seconds of
    ``time.monotonic()``."""

    label: str
    neuron_ids: NDArray[np.int64]
    sent: float


class Injector:
    """The way into one SpikeInjector population, of ``size`` neurons."""

    def __init__(
        self,
        label: str,
        size: int,
        cores: tuple[SourceCore, ...],
        *,
        ready: Callable[[], Awaitable[None]],
        transmit: Transmit,
        barrier: Barrier,
        tap: Tap | None = None,
    ) -> None:
        self.label = label
        self.size = size
        self.spikes_sent = 0
        self._cores = cores
        self._ready = ready
        self._transmit = transmit
        self._barrier = barrier
        self._tap = tap or Tap()
        self._turn = trio.Lock()
        self._headers = [
            wire.SdpHeader(core.x, core.y, core.p, PORT_INPUT).encode() for core in cores
        ]
        self._in_flight = [0] * len(cores)
        self._last_sent = [-PAUSE_S] * len(cores)

    async def send(self, neuron_ids: ArrayLike) -> None:
        """Make these neurons fire now, each once for each time it is named.

        Before the run has started, and while it is paused, this waits until it runs. It returns
        when the spikes are on their way; more than some hundred in a row go at the pace at which
        the board takes them. A cancelled call may have sent a part.

        Raises `NeuronIdError` for an id outside ``0 .. size - 1``, before anything is sent;
        `RunStateError` when the live run is closed; `BoardLost` when the board stops answering.
        """
        ids = self._checked(neuron_ids)
        await self._ready()
        try:
            self._turn.acquire_nowait()  # let no other task run before the spikes have left
        except trio.WouldBlock:
            await self._turn.acquire()
        try:
            await self._send(ids)
        finally:
            self._turn.release()
        await trio.lowlevel.checkpoint()

    async def _send(self, ids: NDArray[np.int64]) -> None:
        for number, core in enumerate(self._cores):
            local = ids
            if len(self._cores) > 1:
                local = ids[(ids >= core.first) & (ids <= core.last)]
            for packet in wire.encode_ids16(local - core.first):
                await self._make_room(number)
                await self._transmit(self._headers[number] + packet, core)
                self._in_flight[number] += 1
                self._last_sent[number] = trio.current_time()
        self.spikes_sent += len(ids)
        if self._tap.active:
            self._tap.put("injected", Injected(self.label, ids, time.monotonic()))

    async def _make_room(self, number: int) -> None:
        if trio.current_time() - self._last_sent[number] >= PAUSE_S:
            self._in_flight[number] = 0
        elif self._in_flight[number] >= IN_FLIGHT:
            await self._barrier(self._cores[number])
            self._in_flight[number] = 0

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
