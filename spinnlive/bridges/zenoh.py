"""Zenoh: how robots and machines beyond one host subscribe to live spikes, and send some.

Each published population's spikes appear under the key ``<prefix>/<label>/spikes``, each batch as a
``spikes`` message of the stream protocol (``protocols/stream.md``) with channel 0. Who publishes an
``inject`` message under ``<prefix>/<label>/inject`` makes neurons of that SpikeInjector fire; its
``population`` must be the key's label, or empty.

Zenoh listens on loopback and looks for nobody unless told otherwise. It calls back on threads of its
own, so what comes in goes through a bounded queue. Needs the extra ``spinnlive[zenoh]``.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

import numpy as np
import trio

from spinnlive import wire
from spinnlive.bridges.extra import Carried, need
from spinnlive.errors import BridgeFailed, NeuronIdError, UsageError
from spinnlive.wire import stream as codec
from spinnlive.wire import stream_messages as messages

LISTEN = ("tcp/127.0.0.1:7447",)
"""Zenoh's own port, on loopback."""

QUEUE = 256
"""Messages from Zenoh that wait for the board at most; the oldest are dropped and counted."""

MAX_MESSAGE = 1 << 20
"""Longest message taken from Zenoh (bytes)."""

FORBIDDEN = set("/*$?#")
"""Signs that mean something in a key of Zenoh."""


@asynccontextmanager
async def bridge(
    live: Any,
    *,
    publish: Sequence[Any] = (),
    inject: Sequence[Any] = (),
    prefix: str = "spinnlive",
    listen: Sequence[str] = LISTEN,
    connect: Sequence[str] = (),
    buffer: int = 1024,
) -> AsyncIterator[Carried]:
    """Join a Zenoh network as a peer while the block lasts.

    ``publish``: populations with live output; ``inject``: SpikeInjectors; ``listen``, ``connect``:
    Zenoh endpoints such as ``tcp/192.168.0.7:7447``; ``buffer``: batches held for Zenoh before the
    oldest are dropped, and counted. Raises `UsageError` without the library or for a label that is
    no key, `BridgeFailed` when Zenoh cannot listen or connect; what `spinnlive.LiveRun.spikes` and
    ``injector`` raise.
    """
    zenoh = need("zenoh", "zenoh")
    carried = Carried()
    async with AsyncExitStack() as stack:
        injectors = {_label(each): live.injector(each) for each in inject}
        streams = [
            (_label(each), await stack.enter_async_context(live.spikes(each, buffer=buffer)))
            for each in publish
        ]
        session = await trio.to_thread.run_sync(partial(_open, zenoh, listen, connect))
        stack.push_async_callback(_close, session)
        nursery = await stack.enter_async_context(trio.open_nursery())
        for label, stream in streams:
            publisher = session.declare_publisher(f"{prefix}/{label}/spikes")
            nursery.start_soon(_publish, stream, publisher, carried)
        for label, injector in injectors.items():
            queue = _Queue(carried)
            session.declare_subscriber(f"{prefix}/{label}/inject", queue.put)
            nursery.start_soon(_inject, queue, injector, carried)
        yield carried
        nursery.cancel_scope.cancel()


async def _publish(stream: Any, publisher: Any, carried: Carried) -> None:
    async for batch in stream:
        ids = batch.neuron_ids.astype(np.uint32)
        publisher.put(
            codec.encode_message(messages.Spikes(0, batch.tick, batch.time_ms, batch.received, ids))
        )
        carried.spikes += len(ids)
        carried.dropped = max(carried.dropped, stream.statistics().dropped)


async def _inject(queue: _Queue, injector: Any, carried: Carried) -> None:
    while True:
        payload = await queue.get()
        try:
            message = codec.decode_client_message(payload)
        except wire.MalformedPacket:
            carried.refused += 1
            continue
        if not isinstance(message, messages.Inject) or message.population not in (
            "",
            injector.label,
        ):
            carried.refused += 1
            continue
        try:
            await injector.send(message.ids)
        except NeuronIdError:
            carried.refused += len(message.ids)
        else:
            carried.spikes += len(message.ids)


class _Queue:
    """From Zenoh's threads to one task: bounded, the oldest goes first when it is full."""

    def __init__(self, carried: Carried) -> None:
        self._carried = carried
        self._held: deque[bytes] = deque(maxlen=QUEUE)
        self._token = trio.lowlevel.current_trio_token()
        self._waiting = trio.lowlevel.ParkingLot()

    def put(self, sample: Any) -> None:
        """Take a sample; called on a thread of Zenoh's, one at a time."""
        payload = sample.payload
        if len(payload) > MAX_MESSAGE:
            self._carried.refused += 1
            return
        if len(self._held) == QUEUE:
            self._carried.dropped += 1
        self._held.append(payload.to_bytes())
        try:
            self._token.run_sync_soon(self._waiting.unpark, idempotent=True)
        except trio.RunFinishedError:
            return  # a last sample on the way while the program ends

    async def get(self) -> bytes:
        """Give the oldest."""
        await trio.lowlevel.checkpoint()
        while not self._held:
            await self._waiting.park()
        return self._held.popleft()


def _label(population: Any) -> str:
    label = population if isinstance(population, str) else population.label
    if not label or FORBIDDEN & set(label):
        raise UsageError(
            f"population {label!r} cannot be a Zenoh key: a label there must not be empty nor have "
            f"any of {' '.join(sorted(FORBIDDEN))}"
        )
    return str(label)


def _open(zenoh: Any, listen: Sequence[str], connect: Sequence[str]) -> Any:
    config = zenoh.Config()
    config.insert_json5("mode", '"peer"')
    config.insert_json5("listen/endpoints", json.dumps(list(listen)))
    config.insert_json5("connect/endpoints", json.dumps(list(connect)))
    config.insert_json5("scouting/multicast/enabled", "false")
    try:
        return zenoh.open(config)
    except zenoh.ZError as error:
        raise BridgeFailed(
            f"Zenoh cannot listen on {', '.join(listen) or 'nothing'} and connect to "
            f"{', '.join(connect) or 'nobody'}: {error}"
        ) from error


async def _close(session: Any) -> None:
    """Leave the network; shielded, because Zenoh's threads end only so."""
    close: Callable[[], None] = session.close
    with trio.CancelScope(shield=True):
        await trio.to_thread.run_sync(close)
