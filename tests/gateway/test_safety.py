"""Who may do what, what clients can cost, and what happens to those who break the rules."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trio
from played_live import PlayedLive, until
from raw_client import HELLO, RawClient, framed, get, masked, raw, web

import spinnlive
from spinnlive import errors
from spinnlive.gateway.access import arrange_access, is_loopback

VECTORS = json.loads(
    (Path(__file__).parents[2] / "protocols" / "vectors" / "stream.json").read_text()
)["vectors"]
BAD = [each for each in VECTORS if each.get("malformed") and each["name"] != "bad_unknown_type"]
TOKEN = "a token of some length"


@pytest.fixture
def live() -> PlayedLive:
    return PlayedLive()


@pytest.fixture
async def gateway(live: PlayedLive) -> AsyncIterator[spinnlive.Gateway]:
    async with spinnlive.serve(live, port=0) as gateway:
        yield gateway


async def goodbye(client: RawClient) -> str:
    message = await client.hear_a("goodbye")
    assert await client.hear() is None
    assert len(message["message"]) > 5
    return str(message["code"])


@pytest.mark.parametrize("vector", BAD, ids=lambda vector: vector["name"])
async def test_nonsense_ends_the_connection_with_a_reason(
    gateway: spinnlive.Gateway, live: PlayedLive, vector: dict[str, Any]
) -> None:
    async with spinnlive.connect(gateway.url) as good, good.spikes("reflex") as spikes:
        payload = bytes.fromhex(vector["hex"])
        bad = await raw(gateway, HELLO)
        await bad.send(struct.pack("<I", len(payload)) + payload)
        assert await goodbye(bad) == "malformed"
        assert gateway.statistics().dropped == {"malformed": 1}
        live.fire("reflex", [1])
        assert (await anext(spikes)).neuron_ids.tolist() == [1]


async def test_a_message_of_an_unknown_type_is_only_refused(gateway: spinnlive.Gateway) -> None:
    client = await raw(gateway, HELLO, {"type": "teleport"}, {"type": "list", "request": 5})
    assert (await client.hear_a("error"))["code"] == "malformed"
    assert (await client.hear_a("network"))["request"] == 5


@pytest.mark.parametrize("first", [{"type": "list", "request": 1}, {"type": "ping", "sent": 1.0}])
async def test_hello_comes_first(gateway: spinnlive.Gateway, first: Any) -> None:
    assert await goodbye(await raw(gateway, first)) == "hello_due"


async def test_a_version_that_we_do_not_speak(gateway: spinnlive.Gateway) -> None:
    assert await goodbye(await raw(gateway, {"type": "hello", "version": 2})) == "version"


@pytest.mark.parametrize("start", [b"", b"\x10", framed(HELLO)[:7], b"GET / HTTP/1.1\r\nHo"])
async def test_who_does_not_say_hello_is_sent_away(live: PlayedLive, start: bytes) -> None:
    limits = spinnlive.Limits(hello_s=0.05)
    async with spinnlive.serve(live, port=0, limits=limits) as gateway:
        client = RawClient(await trio.open_tcp_stream(gateway.host, gateway.port))
        await client.send(start)
        assert b"hello_due" in await client.everything()
        await until(lambda: gateway.statistics().clients == 0)


@pytest.mark.parametrize("data", [b"\x16\x03\x01\x02\x00\x01", b"SSH-2.0-OpenSSH", b"\xff" * 99])
async def test_other_protocols(live: PlayedLive, data: bytes) -> None:
    limits = spinnlive.Limits(hello_s=0.05)
    async with spinnlive.serve(live, port=0, limits=limits) as gateway:
        client = RawClient(await trio.open_tcp_stream(gateway.host, gateway.port))
        await client.send(data)
        assert b"goodbye" in await client.everything()
        assert sum(gateway.statistics().dropped.values()) == 1


async def test_a_message_that_is_too_long_is_refused_before_it_is_there(
    gateway: spinnlive.Gateway,
) -> None:
    client = await raw(gateway, HELLO)
    await client.send(struct.pack("<I", (1 << 20) + 1))
    assert await goodbye(client) == "malformed"
    client = await web(gateway)
    await client.send(struct.pack(">BBQ", 0x82, 0xFF, 1 << 40) + bytes(4))
    assert b"malformed" in await client.everything()


async def test_rights_and_tokens(live: PlayedLive) -> None:
    tokens = {TOKEN: ("inject",), TOKEN + "2": ("read", "inject")}
    inject = {"type": "inject", "population": "touch", "ids": struct.pack("<I", 1), "request": 1}
    async with spinnlive.serve(live, port=0, tokens=tokens) as gateway:  # type: ignore[arg-type]
        anybody = await raw(gateway, HELLO, inject, {"type": "step", "request": 2, "ms": 1.0})
        assert (await anybody.hear_a("welcome"))["rights"] == ["read"]
        assert (await anybody.hear_a("error"))["code"] == "forbidden"
        assert (await anybody.hear_a("error"))["request"] == 2
        robot = await raw(
            gateway, {**HELLO, "token": TOKEN}, inject, {"type": "list", "request": 3}
        )
        assert (await robot.hear_a("done"))["request"] == 1
        assert (await robot.hear_a("error"))["code"] == "forbidden"
        assert live.sent == [("touch", [1])]
        for wrong in ("", TOKEN[:-1], TOKEN + "3"):
            client = await raw(gateway, {**HELLO, "token": wrong})
            assert await goodbye(client) == "unauthorised"
        async with spinnlive.connect(gateway.url, token=TOKEN + "2") as remote:
            assert remote.rights == ("read", "inject")
        with pytest.raises(errors.ServerLost, match="unauthorised"):
            async with spinnlive.connect(gateway.url, token="nonsense"):
                pass
    assert gateway.statistics().dropped["unauthorised"] == 4


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"host": "0.0.0.0"}, "tokens="),
        ({"host": "::"}, "tokens="),
        ({"host": "0.0.0.0", "tokens": {TOKEN: ("read",)}, "rights": ("read",)}, "everybody's"),
        ({"tokens": {"short": ("read",)}}, "5 characters"),
        ({"rights": ("write",)}, "no right 'write'"),
        ({"pages": "spinnlive.nothing"}, "no package"),
        ({"pages": "spinnlive.wire"}, "no index.html"),
    ],
)
async def test_what_is_not_safe_is_refused(
    live: PlayedLive, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(errors.UsageError, match=message):
        async with spinnlive.serve(live, **{"port": 0, **settings}):
            pass


def test_beyond_loopback_nobody_has_rights_without_a_token() -> None:
    access = arrange_access("0.0.0.0", None, {TOKEN: ("read",)})
    assert access.rights_of(None) == ()
    assert access.rights_of(TOKEN) == ("read",)
    assert is_loopback("127.28.0.1") and is_loopback("::1") and not is_loopback("192.168.1.1")


async def test_a_port_that_is_taken(gateway: spinnlive.Gateway, live: PlayedLive) -> None:
    with pytest.raises(errors.AddressInUse, match=str(gateway.port)):
        async with spinnlive.serve(live, port=gateway.port):
            pass


async def test_who_does_not_read_is_dropped_and_costs_the_others_nothing(live: PlayedLive) -> None:
    room = 1 << 20
    limits = spinnlive.Limits(backlog_bytes=room)
    async with spinnlive.serve(live, port=0, limits=limits) as gateway:
        stuck = await raw(
            gateway,
            HELLO,
            {"type": "subscribe", "request": 1, "what": "spikes", "target": "reflex"},
        )
        await stuck.hear_a("subscribed")
        async with spinnlive.connect(gateway.url) as good, good.spikes("reflex") as spikes:
            fired = 0
            while gateway.statistics().dropped.get("slow", 0) == 0:
                for _ in range(20):
                    live.fire("reflex", range(1000))
                    fired += 1
                for _ in range(20):
                    await anext(spikes)
                assert fired < 100_000
            assert spikes.statistics().dropped == 0
            statistics = gateway.statistics()
            assert room < statistics.peak_backlog < room + 5000
            assert statistics.batches_lost == 0
            await until(lambda: gateway.statistics().clients == 1)


async def test_a_slow_client_that_reads_again_finds_its_goodbye(live: PlayedLive) -> None:
    limits = spinnlive.Limits(backlog_bytes=1 << 16)
    async with spinnlive.serve(live, port=0, limits=limits) as gateway:
        slow = await raw(
            gateway,
            HELLO,
            {"type": "subscribe", "request": 1, "what": "spikes", "target": "reflex"},
        )
        await slow.hear_a("subscribed")
        while not gateway.statistics().dropped:
            live.fire("reflex", range(1000))
            await trio.lowlevel.checkpoint()
        assert await goodbye(slow) == "slow"


@pytest.mark.parametrize("message", [{"type": "ping", "sent": 1.0}, {"type": "list", "request": 1}])
async def test_who_sends_too_fast_is_dropped(live: PlayedLive, message: Any) -> None:
    limits = spinnlive.Limits(messages_per_s=0.001, burst=50)
    async with spinnlive.serve(live, port=0, limits=limits) as gateway:
        client = await raw(gateway, HELLO, *[message] * 60)
        assert await goodbye(client) == "too_fast"
        assert gateway.statistics().messages_in == 50


async def test_too_many_clients_and_subscriptions(live: PlayedLive) -> None:
    limits = spinnlive.Limits(clients=2, subscriptions=3)
    async with spinnlive.serve(live, port=0, limits=limits) as gateway:
        one = await raw(gateway, HELLO)
        two = await raw(gateway, HELLO)
        await two.hear_a("welcome")
        await one.hear_a("welcome")
        third = RawClient(await trio.open_tcp_stream(gateway.host, gateway.port))
        assert await goodbye(third) == "too_many_clients"
        for number in range(5):
            await one.say(
                {
                    "type": "subscribe",
                    "request": number,
                    "what": "clock",
                    "every_ms": 100.0 + number,
                }
            )
        codes = [(await one.hear_a("error"))["code"] for _ in range(2)]
        assert codes == ["too_many_subscriptions"] * 2
        await two.stream.aclose()
        await until(lambda: gateway.statistics().clients == 1)
        again = await raw(gateway, HELLO)
        await again.hear_a("welcome")


async def test_a_request_that_waits_does_not_hold_up_a_ping(live: PlayedLive) -> None:
    class Stuck(PlayedLive):
        async def step(self, duration_ms: float) -> None:
            await trio.sleep_forever()

    async with spinnlive.serve(Stuck(), port=0, rights=("read", "control")) as gateway:
        step = {"type": "step", "request": 1, "ms": 1.0}
        client = await raw(gateway, HELLO, step, {"type": "ping", "sent": 2.5})
        assert (await client.hear_a("pong"))["sent"] == 2.5


async def test_web_pages_of_others_are_kept_out(gateway: spinnlive.Gateway) -> None:
    own = f"http://{gateway.host}:{gateway.port}"
    for headers, status in (
        ({}, b"101"),
        ({"Origin": own}, b"101"),
        ({"Origin": "http://evil.example"}, b"403"),
        ({"Origin": "null"}, b"403"),
        ({"Host": "evil.example"}, b"421"),
        ({"Host": f"localhost:{gateway.port}"}, b"101"),
        ({"Sec-WebSocket-Version": "8"}, b"4"),
    ):
        client = await web(gateway, **headers)
        answer = await client.stream.receive_some()
        assert answer.startswith(b"HTTP/1.1 " + status), (headers, answer)
        await client.stream.aclose()


async def test_a_websocket_takes_binary_messages_in_pieces_and_nothing_else(
    gateway: spinnlive.Gateway,
) -> None:
    client = await web(gateway)
    hello = framed(HELLO)[4:]
    await client.send(bytes((0x02,)) + masked(hello[:5])[1:])
    await client.send(masked(b"are you there?", 9))
    await client.send(bytes((0x80,)) + masked(hello[5:])[1:])
    await client.send(masked(b"text", 1))
    heard = await client.everything()
    assert b"are you there?" in heard and b"welcome" in heard
    assert b"malformed" in heard and b"text frame" in heard
    assert heard.endswith(b"\x88\x02\x03\xe8")


async def test_pages(live: PlayedLive, tmp_path: Path) -> None:
    (tmp_path / "part").mkdir()
    (tmp_path / "index.html").write_text("<p>hello")
    (tmp_path / "part" / "code.js").write_text("1;")
    (tmp_path / "big.bin").write_bytes(bytes(3 << 20))
    (tmp_path / ".secret").write_text("no")
    async with spinnlive.serve(live, port=0, pages=tmp_path) as gateway:
        found = await get(gateway, "/")
        assert found.startswith(b"HTTP/1.1 200") and found.endswith(b"<p>hello")
        assert b"text/html" in found and b"Content-Security-Policy" in found
        assert b"javascript" in await get(gateway, "/part/code.js?v=1")
        assert len(await get(gateway, "/big.bin")) > 3 << 20
        for nothing in (
            "/.secret",
            "/../pyproject.toml",
            "/%2e%2e/x",
            "/part",
            "//",
            "*",
        ):
            assert (await get(gateway, nothing)).startswith(b"HTTP/1.1 404")
        assert (await get(gateway, "/", host="evil.example")).startswith(b"HTTP/1.1 421")
        for method in ("POST", "HEAD", "DELETE"):
            assert b"HTTP/1.1 4" in await get(gateway, "/", method=method)
        assert (await get(gateway, "/" + "x" * 20_000)).startswith(b"HTTP/1.1 4")


async def test_thousands_of_broken_messages(gateway: spinnlive.Gateway, live: PlayedLive) -> None:
    """A bounded part of ``benchmarks/hostile_clients.py``."""
    chance = random.Random(7)
    good = [framed(HELLO), *(framed({"type": "list", "request": n}) for n in range(3))]
    async with spinnlive.connect(gateway.url) as watcher, watcher.spikes("reflex") as spikes:
        for number in range(300):
            sample = bytearray(b"".join(chance.sample(good, 3)))
            for _ in range(chance.randrange(4)):
                sample[chance.randrange(len(sample))] = chance.randrange(256)
            client = RawClient(await trio.open_tcp_stream(gateway.host, gateway.port))
            await client.send(bytes(sample[: chance.randrange(1, len(sample))]))
            await client.stream.aclose()
            live.fire("reflex", [number])
            assert (await anext(spikes)).neuron_ids.tolist() == [number]
        await until(lambda: gateway.statistics().clients == 1)
        assert "failed" not in gateway.statistics().dropped
