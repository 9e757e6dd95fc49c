"""Lab Streaming Layer: live spikes as an LSL stream, and an LSL stream's samples as spikes.

A spike is a sample of two numbers, neuron id and tick, in a stream of irregular rate, type
``Spikes``, format double64, name ``spinnlive <label>``. Its time stamp is when the host received the
spike, on LSL's clock, so that LSL aligns it with everything else that the lab records.

liblsl's outlets listen on every address of this machine and cannot be told otherwise; so `publish`
wants to be told ``exposed=True``. Unless the user has a configuration of LSL's own (``LSLAPICFG``,
``lsl_api.cfg``), streams are announced on this machine only.

Needs the extra ``spinnlive[lsl]``. pylsl's calls block, so those that may wait are made in threads.
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import trio
from numpy.typing import NDArray

from spinnlive.bridges.extra import Carried, need
from spinnlive.errors import BridgeFailed, UsageError

STREAM_TYPE = "Spikes"
"""Content type of the streams that `publish` makes."""

CHANNELS = ("neuron_id", "tick")
"""Channels of the streams that `publish` makes."""

PULL_S = 0.05
"""How long a thread waits for samples before it looks whether it is still wanted (seconds)."""

CHUNK = 1024
"""Most samples taken from an inlet at once."""

HERE_ONLY = "[multicast]\nResolveScope = machine\nListenAddress = 127.0.0.1\n[log]\nlevel = -2\n"
"""Configuration for liblsl that announces and looks for streams on this machine alone."""

USER_FILES = ("lsl_api.cfg", "~/lsl_api/lsl_api.cfg", "/etc/lsl_api/lsl_api.cfg")
"""Where liblsl looks for the user's configuration."""


@asynccontextmanager
async def publish(
    live: Any, population: Any, *, exposed: bool, name: str | None = None, buffer: int = 1024
) -> AsyncIterator[Carried]:
    """Give the population's live spikes to LSL while the block lasts.

    ``exposed``: must be True, see the module. ``name``: of the LSL stream. ``buffer``: batches held
    for LSL before the oldest are dropped, and counted. Raises `UsageError` for ``exposed=False`` or
    without pylsl, and what `spinnlive.LiveRun.spikes` raises.
    """
    if not exposed:
        raise UsageError(
            "liblsl would listen on every address of this machine, not on loopback alone: "
            "say exposed=True if that is well"
        )
    pylsl = _pylsl()
    label = population if isinstance(population, str) else population.label
    outlet = await trio.to_thread.run_sync(partial(_outlet, pylsl, label, name))
    offset = pylsl.local_clock() - time.monotonic()
    carried = Carried()

    async def carry(stream: Any) -> None:
        async for batch in stream:
            samples = np.column_stack(
                (batch.neuron_ids.astype(np.float64), np.full(len(batch.neuron_ids), batch.tick))
            )
            outlet.push_chunk(samples, [batch.received + offset] * len(samples))
            carried.spikes += len(samples)
            carried.dropped = stream.statistics().dropped

    async with live.spikes(population, buffer=buffer) as stream, trio.open_nursery() as nursery:
        nursery.start_soon(carry, stream)
        yield carried
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def subscribe(
    live: Any, population: Any, *, stream: str, patience_s: float = 10.0
) -> AsyncIterator[Carried]:
    """Make the first channel of the LSL stream of this name neuron ids that fire, while the block
    lasts.

    Samples whose first channel is no neuron of the population are counted as refused. Raises
    `BridgeFailed` when no stream of the name is found within ``patience_s``; `UsageError` without
    pylsl; what `spinnlive.LiveRun.injector` raises.
    """
    pylsl = _pylsl()
    injector = live.injector(population)
    inlet = await trio.to_thread.run_sync(partial(_inlet, pylsl, stream, patience_s))
    carried = Carried()

    async def carry() -> None:
        while True:
            samples = await trio.to_thread.run_sync(_pull, inlet)
            ids = _ids(samples)
            good = ids[(ids >= 0) & (ids < injector.size)]
            carried.refused += len(samples) - len(good)
            if len(good):
                await injector.send(good)
                carried.spikes += len(good)

    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(carry)
            yield carried
            nursery.cancel_scope.cancel()
    finally:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(inlet.close_stream)


def _pylsl() -> Any:
    own_settings = "LSLAPICFG" in os.environ or any(
        Path(each).expanduser().is_file() for each in USER_FILES
    )
    pylsl = need("pylsl", "lsl")
    if not own_settings:
        # liblsl heeds this only before its first use; afterwards what was set first holds
        pylsl.set_config_content(HERE_ONLY)
    return pylsl


def _outlet(pylsl: Any, label: str, name: str | None) -> Any:
    info = pylsl.StreamInfo(
        name or f"spinnlive {label}",
        STREAM_TYPE,
        len(CHANNELS),
        pylsl.IRREGULAR_RATE,
        pylsl.cf_double64,
        f"spinnlive-{label}",
    )
    channels = info.desc().append_child("channels")
    for channel in CHANNELS:
        channels.append_child("channel").append_child_value("label", channel)
    return pylsl.StreamOutlet(info)


def _inlet(pylsl: Any, stream: str, patience_s: float) -> Any:
    found = pylsl.resolve_byprop("name", stream, timeout=patience_s)
    if not found:
        raise BridgeFailed(
            f"no LSL stream {stream!r} was found within {patience_s:g} s; is its sender running, "
            "and does LSL's ResolveScope reach it?"
        )
    if found[0].channel_format() == pylsl.cf_string:
        raise BridgeFailed(f"the LSL stream {stream!r} has text, not numbers of neurons")
    inlet = pylsl.StreamInlet(found[0])
    inlet.open_stream(timeout=patience_s)
    return inlet


def _pull(inlet: Any) -> list[list[float]]:
    """Wait for a sample; give it and what is there already."""
    first, _ = inlet.pull_sample(timeout=PULL_S)
    if first is None:
        return []
    # a chunk with a patience would wait for its last sample
    rest, _ = inlet.pull_chunk(timeout=0.0, max_samples=CHUNK)
    return [first, *rest]


def _ids(samples: list[list[float]]) -> NDArray[np.int64]:
    """Give the first channels that are whole numbers."""
    first = np.array([sample[0] for sample in samples], np.float64)
    whole = np.isfinite(first) & (first == np.floor(first)) & (np.abs(first) < 2**31)
    ids: NDArray[np.int64] = first[whole].astype(np.int64)
    return ids
