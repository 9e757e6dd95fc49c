"""What a live run can do for clients, and its streams as messages of the protocol.

The live run is taken as it is: what it cannot do yet is not among its capabilities.
"""

from __future__ import annotations

import dataclasses
import inspect
import numbers
from collections.abc import AsyncIterator, Callable
from typing import Any

import trio

from spinnlive.errors import UsageError
from spinnlive.gateway.counts import Counts
from spinnlive.gateway.settings import Limits
from spinnlive.live.injector import Injector
from spinnlive.wire import stream_messages as messages
from spinnlive.wire.stream_messages import ServerMessage

SPIKE_BUFFER = 4096
"""Batches of a population that wait for the server: four seconds at 1 ms ticks."""

CLOCK_EVERY_MS = 100.0
TELEMETRY_EVERY_MS = 1000.0
SHORTEST_MS = 10.0
"""Intervals of clock and telemetry: unless asked for, and the shortest (ms of real time)."""

SHORTEST_ASKING_MS = 100.0
"""Shortest interval of what the board is asked for (ms of real time)."""

Source = AsyncIterator[ServerMessage]


class Unsupported(UsageError):
    """The live run cannot do this."""


def capabilities(live: Any) -> tuple[str, ...]:
    """Name what this live run can do; see ``protocols/stream.md``."""
    found = {
        "spikes": hasattr(live, "spikes"),
        "counts": hasattr(live, "window"),
        "weights": hasattr(live, "weights"),
        "clock": hasattr(live, "clock"),
        "telemetry": hasattr(live, "statistics"),
        "inject": hasattr(live, "injector"),
        "inject_at_tick": takes_tick(live),
        "set_rates": hasattr(live, "rates"),
        "step": hasattr(live, "step"),
    }
    return tuple(name for name, there in found.items() if there)


def open_source(
    live: Any, channel: int, asked: messages.Subscribe, limits: Limits, counts: Counts
) -> Source:
    """Open what a client asked for; the messages come under this channel number.

    Raises what the live run raises for it, and `UsageError` for what cannot be.
    """
    if asked.what not in _OPENERS:
        raise UsageError(f"there is no stream {asked.what!r}; there are {', '.join(_OPENERS)}")
    if asked.what not in capabilities(live):
        raise Unsupported(f"this live run has no stream of {asked.what}")
    return _OPENERS[asked.what](live, channel, asked, limits, counts)


def _spikes(
    live: Any, channel: int, asked: messages.Subscribe, limits: Limits, counts: Counts
) -> Source:
    stream = live.spikes(_target(asked), buffer=SPIKE_BUFFER)

    async def read() -> Source:
        lost = 0
        async with stream:
            async for batch in stream:
                dropped = stream.statistics().dropped
                counts.batches_lost += dropped - lost
                lost = dropped
                yield messages.Spikes(
                    channel, batch.tick, batch.time_ms, batch.received, batch.neuron_ids
                )

    return read()


def _counts(live: Any, channel: int, asked: messages.Subscribe, *_: Any) -> Source:
    window = live.window(_target(asked), _interval(asked))

    async def read() -> Source:
        async with window:
            async for one in window:
                ticks = round(one.width_ms / live.clock.timestep_ms)
                yield messages.Counts(
                    channel, one.tick, ticks, one.time_ms, live.clock.now, one.counts
                )

    return read()


def _weights(live: Any, channel: int, asked: messages.Subscribe, limits: Limits, *_: Any) -> Source:
    every = _interval(asked)
    if every < limits.weights_every_ms:
        raise UsageError(
            f"every_ms is {every:g}; weights have to be read from the board, "
            f"at most every {limits.weights_every_ms:g} ms"
        )
    stream = live.weights(_target(asked), every=every)

    async def read() -> Source:
        async for one in stream:
            yield messages.Weights(
                channel=channel,
                tick=one.tick,
                tick_after=one.tick_after,
                time_ms=one.time_ms,
                unit=one.unit,
                pre_size=one.shape[0],
                post_size=one.shape[1],
                pre=one.pre,
                post=one.post,
                weights=one.weights,
                delays_ms=one.delays_ms,
            )

    return read()


def _clock(live: Any, channel: int, asked: messages.Subscribe, *_: Any) -> Source:
    every = _real_interval(asked, CLOCK_EVERY_MS)

    async def read() -> Source:
        while True:
            clock = live.clock
            now = clock.read()
            yield messages.Clock(
                channel=channel,
                host_s=now.host_s,
                position=now.position,
                uncertainty=now.uncertainty,
                time_ms=int(now.position) * clock.timestep_ms,
                running=clock.running,
                board_speed=now.board_speed,
            )
            await trio.sleep(every / 1000)

    return read()


def _telemetry(
    live: Any, channel: int, asked: messages.Subscribe, limits: Limits, counts: Counts
) -> Source:
    every = _real_interval(asked, TELEMETRY_EVERY_MS)

    async def read() -> Source:
        async for measured in _paces(live, every):
            values = {**counts.numbers(), **_numbers(live.statistics()), **measured}
            yield messages.Telemetry(channel, live.clock.now, values)

    return read()


async def _paces(live: Any, every: float) -> AsyncIterator[dict[str, float]]:
    """Give what the live run tells of its pace, every so many ms of real time."""
    if hasattr(live, "telemetry"):
        async with live.telemetry(max(every, SHORTEST_ASKING_MS)) as paces:
            async for pace in paces:
                yield _numbers(pace)
        return
    while True:
        speed = live.clock.board_speed
        yield {} if speed is None else {"board_speed": speed}
        await trio.sleep(every / 1000)


_OPENERS: dict[str, Callable[..., Source]] = {
    "spikes": _spikes,
    "counts": _counts,
    "weights": _weights,
    "clock": _clock,
    "telemetry": _telemetry,
}


def _target(asked: messages.Subscribe) -> str:
    if asked.target is None:
        raise UsageError(f"a stream of {asked.what} needs a target, the label of what it is of")
    return asked.target


def _interval(asked: messages.Subscribe) -> float:
    if asked.every_ms is None:
        raise UsageError(f"a stream of {asked.what} needs every_ms")
    return asked.every_ms


def _real_interval(asked: messages.Subscribe, otherwise: float) -> float:
    every = otherwise if asked.every_ms is None else asked.every_ms
    if every < SHORTEST_MS:
        raise UsageError(f"every_ms is {every:g}; at least {SHORTEST_MS:g} for {asked.what}")
    return every


def _numbers(statistics: Any) -> dict[str, float]:
    """Give the numbers of a dataclass by their names."""
    found = {
        field.name: getattr(statistics, field.name) for field in dataclasses.fields(statistics)
    }
    return {name: float(value) for name, value in found.items() if isinstance(value, numbers.Real)}


def takes_tick(live: Any) -> bool:
    """Say whether spikes can be sent to a tick to come: whether injectors take ``at``."""
    return hasattr(live, "injector") and "at" in inspect.signature(Injector.send).parameters
