"""A Python client and a server, over TCP and WebSocket, on trio; and on asyncio."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import anyio
import numpy as np
import pytest
import trio
from played_live import AbleLive, PlayedLive, until

import spinnlive
from spinnlive import errors
from spinnlive.gateway import requests
from spinnlive.gateway.remote import Remote
from spinnlive.testing import open_scripted

ALL = ("read", "inject", "control")


def ws(gateway: spinnlive.Gateway) -> str:
    return gateway.url.replace("tcp:", "ws:")


@pytest.fixture
def live() -> PlayedLive:
    return PlayedLive()


@pytest.fixture
async def gateway(live: PlayedLive) -> AsyncIterator[spinnlive.Gateway]:
    async with spinnlive.serve(live, port=0, rights=ALL) as gateway:
        yield gateway


@pytest.fixture(params=["tcp", "ws"])
async def remote(
    request: pytest.FixtureRequest, gateway: spinnlive.Gateway
) -> AsyncIterator[Remote]:
    url = gateway.url if request.param == "tcp" else ws(gateway)
    async with spinnlive.connect(url, name="test") as remote:
        yield remote


async def test_a_client_learns_what_there_is(remote: Remote, live: PlayedLive) -> None:
    assert remote.rights == ALL
    assert {"spikes", "weights", "clock", "telemetry", "inject"} <= set(remote.capabilities)
    assert [each.label for each in remote.populations] == ["touch", "reflex", "écho"]
    assert (remote.populations[0].injector, remote.populations[1].live) == (True, True)
    assert remote.projections[0].post_size == 1000
    assert remote.timestep_ms == 1.0
    assert remote.server.startswith("spinnlive")


async def test_spikes_arrive_as_they_are(remote: Remote, live: PlayedLive) -> None:
    async with remote.spikes("reflex") as spikes:
        for ids in ([3, 1, 3], [], [999], list(range(1000))):
            live.fire("reflex", ids)
        live.fire("écho", [2])
        got = [await anext(spikes) for _ in range(4)]
    assert [batch.neuron_ids.tolist() for batch in got] == [
        [3, 1, 3],
        [],
        [999],
        list(range(1000)),
    ]
    assert [batch.tick for batch in got] == [1, 2, 3, 4]
    assert got[0].label == "reflex" and got[0].time_ms == 1.0
    assert got[0].neuron_ids.dtype == np.int32
    assert got[0].received <= got[3].received
    await until(lambda: live.readers("reflex") == 0)  # nobody wants it: the server closed it


async def test_clients_share_a_stream_and_each_gets_everything(
    gateway: spinnlive.Gateway, live: PlayedLive
) -> None:
    async with (
        spinnlive.connect(gateway.url) as one,
        spinnlive.connect(ws(gateway)) as two,
        one.spikes("reflex") as first,
        one.spikes("reflex") as again,
        two.spikes("reflex") as second,
    ):
        assert live.readers("reflex") == 1
        for number in range(50):
            live.fire("reflex", [number])
        for stream in (first, again, second):
            ids = [int((await anext(stream)).neuron_ids[0]) for _ in range(50)]
            assert ids == list(range(50))
        assert gateway.statistics().encoded == 50
        assert gateway.statistics().clients == 2


async def test_leaving_one_of_two_readers_leaves_the_other(
    remote: Remote, live: PlayedLive
) -> None:
    async with remote.spikes("reflex") as stays:
        async with remote.spikes("reflex"):
            pass
        live.fire("reflex", [1])
        assert (await anext(stays)).neuron_ids.tolist() == [1]


async def test_weights_clock_and_telemetry(remote: Remote) -> None:
    async with remote.weights("plastic", every=50.0) as weights:
        first, second = await anext(weights), await anext(weights)
    assert (first.tick, first.tick_after, second.tick) == (0, 1, 50)
    assert first.unit == "nA" and first.shape == (5, 1000)
    assert first.matrix()[4, 999] == 0.25 and np.isnan(first.matrix()[0, 0])
    async with remote.clock(every=20.0) as clock:
        readings = [await anext(clock) for _ in range(2)]
    assert readings[0].position <= readings[1].position
    async with remote.telemetry() as telemetry:
        values = await anext(telemetry)
    assert values["spikes_in"] == 70.0 and values["clients"] == 1.0


async def test_injecting(remote: Remote, live: PlayedLive) -> None:
    await remote.inject("touch", [0, 3, 3])
    await remote.inject("touch", np.array([4], np.int16))
    assert live.sent == [("touch", [0, 3, 3]), ("touch", [4])]


async def test_what_newer_live_runs_can_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "takes_tick", lambda live: True)
    able = AbleLive()
    async with (
        spinnlive.serve(able, port=0, rights=ALL) as gateway,
        spinnlive.connect(gateway.url) as remote,
    ):
        assert {"counts", "set_rates", "step"} <= set(remote.capabilities)
        async with remote.counts("source", 10.0) as windows:
            one = await anext(windows)
        assert (one.tick, one.ticks, one.counts.tolist()) == (20, 10, [0, 3, 1])
        async with remote.telemetry() as telemetry:
            values = await anext(telemetry)
        assert (values["behind_ms"], values["running"], values["clients"]) == (2.5, 1.0, 1.0)
        assert "achieved" not in values
        await remote.set_rates("source", [1.0, 2.5, 0.0])
        await remote.set_rates("source", [7.0], [2])
        assert able.set == [("source", [1.0, 2.5, 0.0], None), ("source", [7.0], [2])]
        await remote.inject("touch", [1, 2], at=500)
        assert able.at == [([1, 2], 500)]
        assert [await remote.step(5.0), await remote.step(2.0)] == [5, 7]


async def test_a_scripted_live_run_is_served_as_any() -> None:
    def reflex(tick: int, injected: Any) -> Any:
        return {"motor": injected["touch"]}

    async with (
        open_scripted(reflex, live={"motor": 5}, injectors={"touch": 5}) as live,
        spinnlive.serve(live, port=0, rights=ALL) as gateway,
        spinnlive.connect(gateway.url) as remote,
        trio.open_nursery() as nursery,
    ):
        assert {each.label for each in remote.populations} == {"motor", "touch"}
        assert remote.projections == ()
        async with remote.spikes("motor") as spikes:
            nursery.start_soon(live.run)
            await live.clock.wait_until(5)
            await remote.inject("touch", [0, 3])
            assert (await anext(spikes)).neuron_ids.tolist() == [0, 3]
        nursery.cancel_scope.cancel()


async def test_errors_are_those_of_the_live_run(
    remote: Remote, live: PlayedLive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "STANDING_S", 0.01)
    for kind, call in (
        (errors.UnknownPopulation, lambda: remote.inject("nobody", [0])),
        (errors.NoInjector, lambda: remote.inject("reflex", [0])),
        (errors.NeuronIdError, lambda: remote.inject("touch", [5])),
        (errors.NeuronIdError, lambda: remote.inject("touch", [-1])),
        (errors.UnknownPopulation, lambda: anext(remote.spikes("nobody"))),
        (errors.NoLiveOutput, lambda: anext(remote.spikes("touch"))),
        (errors.UnknownProjection, lambda: anext(remote.weights("x", every=100.0))),
        (errors.UsageError, lambda: anext(remote.weights("plastic", every=1.0))),
        (errors.UsageError, lambda: anext(remote.clock(every=0.5))),
        (errors.Forbidden, lambda: remote.step(1.0)),
    ):
        with pytest.raises(kind):
            await call()
    live.clock.stop()
    with pytest.raises(errors.RunStateError, match="not running"):
        await remote.inject("touch", [0])
    live.clock.start(None)
    await remote.inject("touch", [1])
    assert live.sent == [("touch", [1])]


async def test_the_servers_clock(remote: Remote) -> None:
    clock = await remote.ping()
    assert clock.round_trip_s >= 0
    assert abs(clock.ahead_s) <= clock.round_trip_s  # one machine, one monotonic clock


async def test_a_failed_stream_says_why_and_the_connection_lasts(
    remote: Remote, live: PlayedLive
) -> None:
    live.weight_error = errors.BoardLost("the board fell silent")
    with pytest.raises(errors.RemoteError, match="fell silent"):
        await anext(remote.weights("plastic", every=50.0))
    async with remote.spikes("reflex") as spikes:
        live.end(errors.BoardLost("the board fell silent again"))
        with pytest.raises(errors.RemoteError, match="again"):
            await anext(spikes)
    await remote.ping()


@pytest.mark.parametrize("scheme", ["tcp", "ws"])
async def test_at_the_end_clients_get_what_was_left_and_their_streams_end(
    live: PlayedLive, scheme: str
) -> None:
    got: list[int] = []
    subscribed = trio.Event()

    async def follow(url: str) -> None:
        async with spinnlive.connect(url) as remote, remote.spikes("reflex") as spikes:
            subscribed.set()
            async for batch in spikes:
                got.append(batch.tick)

    async with trio.open_nursery() as nursery, spinnlive.serve(live, port=0) as gateway:
        nursery.start_soon(follow, f"{scheme}://{gateway.host}:{gateway.port}")
        await subscribed.wait()
        for _ in range(300):
            live.fire("reflex", range(1000))
    assert got == list(range(1, 301))


async def test_a_body_that_fails_or_is_cancelled_ends_in_good_order(live: PlayedLive) -> None:
    with pytest.raises(ZeroDivisionError):
        async with spinnlive.serve(live, port=0) as gateway, spinnlive.connect(gateway.url):
            raise ZeroDivisionError
    with trio.CancelScope() as scope:
        async with spinnlive.serve(live, port=0) as gateway:
            scope.cancel()
            await trio.sleep_forever()
    assert scope.cancelled_caught
    with pytest.raises(errors.ServerLost, match="nothing answers"):
        async with spinnlive.connect(gateway.url):
            pass


async def test_a_cancelled_read_loses_nothing(remote: Remote, live: PlayedLive) -> None:
    async with remote.spikes("reflex") as spikes:
        with anyio.CancelScope() as scope:
            scope.cancel()
            await anext(spikes)
        live.fire("reflex", [1])
        assert (await anext(spikes)).tick == 1


async def test_a_slow_reader_of_the_client_drops_the_oldest_and_counts(
    remote: Remote, live: PlayedLive
) -> None:
    async with remote.spikes("reflex", buffer=3) as few, remote.spikes("reflex") as all_of_them:
        for number in range(10):
            live.fire("reflex", [number])
        for _ in range(10):
            await anext(all_of_them)
        assert [(await anext(few)).tick for _ in range(3)] == [8, 9, 10]
        statistics = few.statistics()
        assert (statistics.delivered, statistics.dropped, statistics.peak_buffer) == (3, 7, 3)


def test_a_client_on_asyncio(live: PlayedLive) -> None:
    """The server on trio in a thread of its own, the client on asyncio here."""
    ready: list[str] = []
    up, over = threading.Event(), threading.Event()

    async def server() -> None:
        async with spinnlive.serve(live, port=0, rights=ALL) as gateway:
            ready.extend((gateway.url, ws(gateway)))
            up.set()
            while not over.is_set():
                live.fire("reflex", [live.tick % 1000])
                await trio.sleep(0.001)

    async def client(url: str) -> None:
        async with spinnlive.connect(url) as remote:
            assert remote.populations[0].label == "touch"
            async with remote.spikes("reflex") as spikes:
                batches = [await anext(spikes) for _ in range(20)]
            ticks = [batch.tick for batch in batches]
            assert ticks == list(range(ticks[0], ticks[0] + 20))
            await remote.inject("touch", [2])
            with pytest.raises(errors.UnknownPopulation):
                await remote.inject("nobody", [2])
            assert (await remote.ping()).round_trip_s >= 0

    thread = threading.Thread(target=trio.run, args=(server,))
    thread.start()
    try:
        up.wait()
        for url in ready:
            asyncio.run(client(url))
    finally:
        over.set()
        thread.join()
    assert live.sent == [("touch", [2]), ("touch", [2])]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "tcp://", "tcp://127.0.0.1:99999", "tcp://127.0.0.1:x"]
)
async def test_a_url_that_cannot_be(url: str) -> None:
    with pytest.raises(errors.UsageError, match="no address of a server"):
        async with spinnlive.connect(url):
            pass
