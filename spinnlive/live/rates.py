"""Rates of a Poisson population while it runs, through sPyNNaker's official live rate control.

``sim.external_devices.add_poisson_live_rate_control(population)`` adds a source of control packets
to the network. It takes EIEIO packets with routing keys and payloads from the host, and sends each
on to the core of the neuron: the key says which neuron, the payload is its new rate in Hz, as an
unsigned fixed-point number with 16 bits after the point. Source: sPyNNaker
``spynnaker_poisson_control_connection.py`` and ``spike_source_poisson.c``.

The core of the neuron keeps the changes in a ring, two words each, and obeys at its next tick. The
ring has room for each of its neurons once and little more; in a full one it keeps the key and drops
the payload, takes every rate for a neuron from then on, and stops with a data abort (sPyNNaker
7.4.1's binary; seen in its memory on an emulated board). So a neuron is never sent a second rate
before the core has had a tick for the first.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import numpy as np
import trio
from numpy.typing import ArrayLike, NDArray

from spinnlive import wire
from spinnlive.errors import NeuronIdError, UsageError
from spinnlive.live.clock import Clock
from spinnlive.live.database import SourceCore
from spinnlive.live.intake import Lane
from spinnlive.live.tap import Tap

ONE_HZ = 1 << 16
"""The payload that stands for 1 Hz."""

OBEYED_AFTER = 2
"""Ticks after which rates are out of the ring: the core of the control, which is asked, may be up to
one tick ahead of the core of the neuron."""

MOST_HZ = 65535.0
"""The largest rate that a payload carries (Hz)."""


@dataclass(frozen=True, slots=True)
class RatesSet:
    """For the tap: from ``sent`` (seconds of ``time.monotonic()``) on, the neurons ``neuron_ids`` of a
    population were to fire at ``rates_hz``."""

    label: str
    neuron_ids: NDArray[np.int64]
    rates_hz: NDArray[np.float64]
    sent: float


class Rates:
    """The rates of one Poisson population of ``size`` neurons.

    ``keys`` has the control key of each neuron, ``lanes`` the ways to the cores of the control.
    """

    def __init__(
        self,
        label: str,
        keys: NDArray[np.int64],
        lanes: Sequence[Lane],
        clock: Clock,
        *,
        ready: Callable[[], Awaitable[None]],
        tap: Tap,
    ) -> None:
        self.label = label
        self.size = len(keys)
        self.changes_sent = 0
        self._keys = keys
        self._lanes = lanes
        self._clock = clock
        self._ready = ready
        self._tap = tap
        self._turn = trio.Lock()
        self._taken: dict[SourceCore, int | None] = {}
        self._moving: dict[SourceCore, float] = {}

    async def set(self, rates_hz: ArrayLike, neuron_ids: ArrayLike | None = None) -> None:
        """Let these neurons fire at these rates from now on (Hz): one number for all of them, or a
        number for each; all neurons of the population unless ``neuron_ids`` names some.

        Waits until the network runs, and until the rates before these are obeyed: two ticks. Returns
        when the rates have reached the board; each neuron obeys in the tick after. A cancelled call
        may have set a part. While the network stands between two steps the latest rate of each
        neuron is kept for the next step. A population keeps its last rates when the network is
        paused. Choose ``max_rate`` of the population (``additional_parameters``) no smaller than
        what is set here, or sPyNNaker may scale the weights of its targets too finely.

        Raises `NeuronIdError` for an id outside ``0 .. size - 1``; `UsageError` for a rate outside
        0 to `MOST_HZ`, or arrays of different lengths, all before anything is sent; `RunStateError`
        when the live run is closed; `BoardLost` when the board stops answering.
        """
        ids = self._ids(neuron_ids)
        payloads = self._payloads(rates_hz, len(ids))
        await self._ready()
        async with self._turn:
            last = _last_of_each(ids)
            for lane in self._lanes:
                core = lane.core
                here = last[(ids[last] >= core.first) & (ids[last] <= core.last)]
                if here.size:
                    await self._send(lane, self._keys[ids[here]], payloads[here])
                    self.changes_sent += here.size
            self._tap.put("rates", RatesSet(self.label, ids, payloads / ONE_HZ, self._clock.now))

    async def _send(self, lane: Lane, keys: NDArray[np.int64], payloads: NDArray[np.int64]) -> None:
        await self._obeyed(lane)
        moving = self._moving.get(lane.core, -math.inf)
        if lane.steps.standing or (lane.steps.active and not self._is_past(moving)):
            lane.hold_pairs(keys, payloads)
            self._moving[lane.core] = self._clock.read().position + 1
            return
        self._taken[lane.core] = None  # not known, if this call is cancelled
        for packet in wire.encode_pairs32(keys, payloads):
            await lane.send(packet)
        self._taken[lane.core] = await lane.taken()
        if lane.steps.active:
            self._moving[lane.core] = self._clock.read().position + 1

    async def _obeyed(self, lane: Lane) -> None:
        """Wait until the core has had a tick for all that was sent; not while it takes steps."""
        if lane.core not in self._taken:
            return
        taken = self._taken[lane.core]
        tick = await lane.taken()
        if taken is None:
            taken = tick
        # a tick before that one: the network has begun anew
        while taken is not None and tick is not None and taken <= tick < taken + OBEYED_AFTER:
            await self._clock.sleep_until(taken + OBEYED_AFTER)
            tick = await lane.taken()

    def _is_past(self, position: float) -> bool:
        reading = self._clock.read()
        return reading.position - reading.uncertainty >= position + OBEYED_AFTER

    def _ids(self, neuron_ids: ArrayLike | None) -> NDArray[np.int64]:
        if neuron_ids is None:
            return np.arange(self.size)
        ids = np.atleast_1d(np.asarray(neuron_ids))
        if ids.size == 0:
            return np.empty(0, np.int64)
        if ids.ndim != 1 or ids.dtype.kind not in "iu" or ids.min() < 0 or ids.max() >= self.size:
            raise NeuronIdError(
                f"population {self.label!r} has the neurons 0 to {self.size - 1}; it was given "
                f"{neuron_ids!r}"
            )
        return ids.astype(np.int64)

    def _payloads(self, rates_hz: ArrayLike, count: int) -> NDArray[np.int64]:
        rates = np.asarray(rates_hz, dtype=np.float64)
        if rates.ndim > 1 or (rates.ndim == 1 and len(rates) != count):
            raise UsageError(
                f"population {self.label!r}: rates of shape {rates.shape} for {count} neurons; give "
                "one rate, or one for each neuron"
            )
        wrong = rates[~((rates >= 0) & (rates <= MOST_HZ))]
        if wrong.size:
            raise UsageError(
                f"population {self.label!r}: a rate of {wrong.flat[0]} Hz; rates are 0 to "
                f"{MOST_HZ:.0f} Hz"
            )
        payloads: NDArray[np.int64] = np.empty(count, np.int64)
        payloads[:] = np.rint(rates * ONE_HZ)
        return payloads


def _last_of_each(ids: NDArray[np.int64]) -> NDArray[np.intp]:
    """Give where each id stands last, in the order of the places."""
    _, from_the_end = np.unique(ids[::-1], return_index=True)
    places: NDArray[np.intp] = np.sort(len(ids) - 1 - from_the_end)
    return places
