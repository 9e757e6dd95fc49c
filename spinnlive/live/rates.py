"""Rates of a Poisson population while it runs, through sPyNNaker's official live rate control.

``sim.external_devices.add_poisson_live_rate_control(population)`` adds a source of control packets
to the network. It takes EIEIO packets with routing keys and payloads from the host, and sends each
on to the core of the neuron: the key says which neuron, the payload is its new rate in Hz, as an
unsigned fixed-point number with 16 bits after the point. Source: sPyNNaker
``spynnaker_poisson_control_connection.py`` and ``spike_source_poisson.c``.

The core obeys in an interrupt that may come while it draws the spikes of a tick. On emulated boards
with sPyNNaker 7.4.1 that has stopped cores with a data abort: within seconds when rates came right
at the begin of every twentieth tick, on a busy machine also when they were aimed at the middle of
ticks; not with a change every 200 ticks. Rates leave the host in the middle of a tick, which makes it
rarer. Change them as rarely as will do. docs/pacing.md has what is known.
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
from spinnlive.live.intake import Lane
from spinnlive.live.tap import Tap

ONE_HZ = 1 << 16
"""The payload that stands for 1 Hz."""

QUIET_FROM, QUIET_TO = 0.4, 0.7
"""The part of a tick in which rates leave the host: the core's work of the tick is over."""

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

    async def set(self, rates_hz: ArrayLike, neuron_ids: ArrayLike | None = None) -> None:
        """Let these neurons fire at these rates from now on (Hz): one number for all of them, or a
        number for each; all neurons of the population unless ``neuron_ids`` names some.

        Waits until the network runs. Returns when the rates are on their way; each neuron obeys in
        the tick after. They leave in the middle of a tick, 31 in a datagram; thousands at once take
        several ticks. A cancelled call may have set a part. A population keeps its last rates when the
        network is paused. Choose ``max_rate`` of the population (``additional_parameters``) no
        smaller than what is set here, or sPyNNaker may scale the weights of its targets too finely.

        Raises `NeuronIdError` for an id outside ``0 .. size - 1``; `UsageError` for a rate outside
        0 to `MOST_HZ`, or arrays of different lengths, all before anything is sent; `RunStateError`
        when the live run is closed; `BoardLost` when the board stops answering.
        """
        ids = self._ids(neuron_ids)
        payloads = self._payloads(rates_hz, len(ids))
        await self._ready()
        async with self._turn:
            for lane in self._lanes:
                core = lane.core
                here = (ids >= core.first) & (ids <= core.last)
                for packet in wire.encode_pairs32(self._keys[ids[here]], payloads[here]):
                    await self._quiet()
                    await lane.send(packet)
                self.changes_sent += int(np.count_nonzero(here))
            self._tap.put("rates", RatesSet(self.label, ids, payloads / ONE_HZ, self._clock.now))

    async def _quiet(self) -> None:
        """Wait for the middle of a tick."""
        position = self._clock.read().position
        tick = math.floor(position)
        if position - tick < QUIET_FROM:
            await self._clock.sleep_until(tick + QUIET_FROM)
        elif position - tick > QUIET_TO:
            await self._clock.sleep_until(tick + 1 + QUIET_FROM)

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
