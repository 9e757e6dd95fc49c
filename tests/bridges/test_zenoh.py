"""Zenoh, against the real library as the peer."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import trio

from spinnlive import BridgeFailed, UsageError
from spinnlive.bridges.zenoh import QUEUE, bridge
from spinnlive.wire import stream as codec
from spinnlive.wire import stream_messages as messages

zenoh = pytest.importorskip("zenoh")


def free_endpoint() -> str:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return f"tcp/127.0.0.1:{sock.getsockname()[1]}"


@pytest.fixture
def peer() -> Iterator[tuple[Any, str]]:
    """A robot: a Zenoh session of its own that listens, and where."""
    endpoint = free_endpoint()
    config = zenoh.Config()
    config.insert_json5("mode", '"peer"')
    config.insert_json5("listen/endpoints", json.dumps([endpoint]))
    config.insert_json5("scouting/multicast/enabled", "false")
    session = zenoh.open(config)
    yield session, endpoint
    session.close()


async def test_live_spikes_reach_a_peer(live: Any, peer: tuple[Any, str]) -> None:
    session, endpoint = peer
    token = trio.lowlevel.current_trio_token()
    send, receive = trio.open_memory_channel[bytes](64)

    def came(sample: Any) -> None:
        token.run_sync_soon(send.send_nowait, sample.payload.to_bytes())

    session.declare_subscriber("spinnlive/out/spikes", came)
    async with bridge(live, publish=["out"], listen=(), connect=(endpoint,)) as carried:
        payload = None
        while payload is None:  # until the two peers know of each other
            live.fire(5, [2, 4, 4], 1.25)
            with trio.move_on_after(0.1):
                payload = await receive.receive()
        message = codec.decode_server_message(payload)
        assert isinstance(message, messages.Spikes)
        assert (message.tick, message.time_ms, message.received_s) == (5, 5.0, 1.25)
        assert message.ids.tolist() == [2, 4, 4]
        assert carried.spikes >= 3


async def test_a_peer_makes_neurons_fire_and_nonsense_is_counted(
    live: Any, peer: tuple[Any, str]
) -> None:
    session, endpoint = peer

    def inject(population: str, ids: list[int]) -> bytes:
        return codec.encode_message(messages.Inject(population, np.array(ids, np.uint32)))

    async with bridge(live, inject=["in"], listen=(), connect=(endpoint,)) as carried:
        while not live.injected.sent:  # until the two peers know of each other
            session.put("spinnlive/in/inject", inject("in", [1]))
            with trio.move_on_after(0.1):
                await live.injected.until(1)
        live.injected.sent.clear()
        for payload in (
            b"\xff",
            inject("another", [1]),
            inject("in", [10]),
            codec.encode_message(messages.Ping(0.0)),
            inject("", [7, 8]),
        ):
            session.put("spinnlive/in/inject", payload)
        while 7 not in live.injected.sent:
            await live.injected.until(len(live.injected.sent) + 1)
        assert [each for each in live.injected.sent if each != 1] == [7, 8]
        assert carried.refused == 4
        assert carried.dropped == 0


async def test_a_flood_is_bounded_and_counted(live: Any, peer: tuple[Any, str]) -> None:
    from spinnlive.bridges.zenoh import Carried, _Queue

    class Sample:
        payload = zenoh.ZBytes(b"x")

    carried = Carried()
    queue = _Queue(carried)
    for _ in range(QUEUE + 3):
        queue.put(Sample)
    assert carried.dropped == 3
    assert await queue.get() == b"x"


async def test_a_label_that_is_no_key_is_refused(live: Any) -> None:
    with pytest.raises(UsageError, match="Zenoh key"):
        async with bridge(live, publish=["a/b"], listen=()):
            pass


async def test_nobody_there_is_an_error(live: Any) -> None:
    with pytest.raises(BridgeFailed, match="no-such-scheme"):
        async with bridge(live, publish=["out"], listen=("no-such-scheme/127.0.0.1:1",)):
            pass
