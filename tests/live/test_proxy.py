"""Links through the proxy of a spalloc service, against the stand-in; the boards are UDP sockets."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import trio
import trio.testing
import trustme
from loopback import bind_as_a_board
from scamp_answer import answer
from spalloc_v2 import CSRF, CSRF_HEADER, JOB, READY, SESSION, SpallocV2, spalloc_v2

from spinnlive import wire
from spinnlive.boards import proxy as module
from spinnlive.boards.proxy import Proxy, open_proxy
from spinnlive.boards.proxy_job import ProxyJob
from spinnlive.boards.scp import open_scp
from spinnlive.boards.websocket import WebSocketLost
from spinnlive.errors import BoardLost, BoardUnreachable
from spinnlive.wire import proxy as frames

PATIENCE_S = 60.0

FIRST, SECOND, UNKNOWN = (0, 0), (4, 8), (8, 4)

ADDRESSES = {"first": FIRST, "second": SECOND, "unknown": UNKNOWN}
"""What the live run calls the boards; where they are is the service's affair."""


class Echo:
    """A board that answers each datagram with ``answers(datagram)``."""

    def __init__(self, sock: trio.socket.SocketType) -> None:
        self.address = sock.getsockname()[0]
        self.answers: Callable[[bytes], list[bytes]] = lambda datagram: [datagram]
        self._sock = sock

    async def serve(self) -> None:
        while True:
            datagram, sender = await self._sock.recvfrom(2048)
            for reply in self.answers(datagram):
                await self._sock.sendto(reply, sender)


@contextlib.asynccontextmanager
async def echoing(nursery: trio.Nursery) -> AsyncIterator[Echo]:
    with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as sock:
        await bind_as_a_board(sock, "127.21.13")
        board = Echo(sock)
        nursery.start_soon(board.serve)
        yield board


@pytest.fixture
async def boards(nursery: trio.Nursery) -> AsyncIterator[tuple[Echo, Echo]]:
    async with echoing(nursery) as first, echoing(nursery) as second:
        yield first, second
        nursery.cancel_scope.cancel()


@pytest.fixture
async def service(
    boards: tuple[Echo, Echo], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[SpallocV2]:
    first, second = boards
    connections = {FIRST: first.address, SECOND: second.address}
    async with spalloc_v2(connections, connections, (12, 12)) as (service, authority):
        service.state = READY
        with trusted(authority) as path:
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", path)
            monkeypatch.setenv("WEBSOCKET_CLIENT_CA_BUNDLE", path)
            yield service


@contextlib.contextmanager
def trusted(authority: trustme.CA) -> Iterator[str]:
    with authority.cert_pem.tempfile() as path:
        yield path


def job(service: SpallocV2, session: str = SESSION) -> ProxyJob:
    base = f"https://127.0.0.1:{service.port}"
    return ProxyJob(f"{base}/", f"{base}{JOB}", {"JSESSIONID": session}, {CSRF_HEADER: CSRF})


@pytest.fixture
async def proxy(service: SpallocV2, nursery: trio.Nursery) -> Proxy:
    with trio.fail_after(PATIENCE_S):
        return await open_proxy(job(service), ADDRESSES, nursery)


async def test_each_link_is_a_channel_of_its_own(
    proxy: Proxy, service: SpallocV2, boards: tuple[Echo, Echo]
) -> None:
    boards[1].answers = lambda datagram: [b"second " + datagram]
    links = [trio.socket.from_stdlib_socket(proxy(name)) for name in ("first", "second", "first")]
    with trio.fail_after(PATIENCE_S):
        for number, link in enumerate(links):
            await link.send(b"%d" % number)  # before the channel is open
        assert [await link.recv(100) for link in links] == [b"0", b"second 1", b"2"]
        assert sorted(service.channels) == [(*FIRST, 17893)] * 2 + [(*SECOND, 17893)]
        links[0].close()
        await links[2].send(b"still there")
        assert await links[2].recv(100) == b"still there"
    for link in links[1:]:
        link.close()
    assert proxy.trouble("first") is None


async def test_a_board_that_the_service_will_not_reach_is_named_with_its_reason(
    proxy: Proxy,
) -> None:
    with pytest.raises(BoardUnreachable, match="has no board elsewhere"):
        proxy("elsewhere")
    with trio.fail_after(PATIENCE_S):
        async with open_scp("unknown", link=proxy, timeout_s=0.1, tries=3) as scp:
            with pytest.raises(BoardUnreachable, match="unrecognised ethernet chip"):
                await scp.call(wire.version_request())


async def test_a_lost_proxy_is_what_a_lost_board_is_explained_with(
    proxy: Proxy, service: SpallocV2, boards: tuple[Echo, Echo]
) -> None:
    boards[0].answers = lambda datagram: [answer(datagram)]
    with trio.fail_after(PATIENCE_S):
        async with open_scp("first", link=proxy, timeout_s=0.1, tries=50) as scp:
            await scp.call(wire.version_request(), tries=100)
            service.hang_up()
            with pytest.raises(BoardLost, match=r"spalloc's proxy at 127\.0\.0\.1 is gone"):
                await scp.call(wire.version_request(), tries=20)
        link = proxy("first")  # leads nowhere by now, but does not get stuck either
        waiting = trio.socket.from_stdlib_socket(link)
        for _ in range(1000):
            await waiting.send(bytes(500))
        waiting.close()


async def test_a_session_that_is_over_is_said_to_be(
    service: SpallocV2, nursery: trio.Nursery
) -> None:
    with trio.fail_after(PATIENCE_S):
        with pytest.raises(BoardUnreachable, match=r"answered 403 .* has it ended"):
            await open_proxy(job(service, "another"), ADDRESSES, nursery)
        service.state = "QUEUED"
        with pytest.raises(BoardUnreachable, match=r"proxy wss://.* cannot be used: .*403"):
            await open_proxy(job(service), ADDRESSES, nursery)
        nowhere = ProxyJob("https://127.0.0.1:1/", "https://127.0.0.1:1/job/", {}, {})
        with pytest.raises(BoardUnreachable, match="does not answer"):
            await open_proxy(nowhere, ADDRESSES, nursery)


class Hostile:
    """A connection to a service that says what it likes."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self._say, self._said = trio.open_memory_channel[list[bytes]](100)

    def say(self, *messages: bytes) -> None:
        self._say.send_nowait(list(messages))

    async def send(self, messages: list[bytes]) -> None:
        self.asked += messages
        await trio.lowlevel.checkpoint()

    async def receive(self) -> list[bytes]:
        return await self._said.receive()

    async def ping(self) -> None:
        raise WebSocketLost("no ping")

    async def aclose(self) -> None:
        pass


async def test_a_hostile_service_ends_nothing(
    nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PING_S", 1e9)
    hostile: Any = Hostile()
    proxy = Proxy(hostile, "hostile", ADDRESSES)
    nursery.start_soon(proxy.run)
    with trio.fail_after(PATIENCE_S), trio.socket.from_stdlib_socket(proxy("first")) as link:
        while not hostile.asked:
            await trio.lowlevel.checkpoint()
        opened = wire_opened(0, 5)
        hostile.say(b"", b"\xff" * 9, frames.encode_message(5, b"too early"), wire_opened(77, 4))
        hostile.say(opened, opened, frames.encode_message(9, b"not ours"))
        hostile.say(frames.encode_message(5, b""), frames.encode_message(5, b"at last"))
        assert await link.recv(100) == b"at last"
        await link.send(b"on")
        while frames.encode_message(5, b"on") not in hostile.asked:
            await trio.lowlevel.checkpoint()
    nursery.cancel_scope.cancel()


async def test_a_flood_waits_for_its_reader_and_holds_up_nobody(nursery: trio.Nursery) -> None:
    hostile: Any = Hostile()
    proxy = Proxy(hostile, "busy", ADDRESSES)
    nursery.start_soon(proxy.run)
    count = 3000  # more than the kernel keeps
    with (
        trio.fail_after(PATIENCE_S),
        trio.socket.from_stdlib_socket(proxy("first")) as slow,
        trio.socket.from_stdlib_socket(proxy("second")) as other,
    ):
        while len(hostile.asked) < 2:
            await trio.lowlevel.checkpoint()
        slows, others = sorted((0, 1), key=lambda i: hostile.asked[i][8])  # by chip
        hostile.say(wire_opened(slows, 5), wire_opened(others, 6))
        hostile.say(*(frames.encode_message(5, b"%06d" % i + bytes(270)) for i in range(count)))
        hostile.say(frames.encode_message(6, b"past it"))
        assert await other.recv(100) == b"past it"
        assert [int((await slow.recv(2048))[:6]) for _ in range(count)] == list(range(count))
    nursery.cancel_scope.cancel()


async def test_more_than_may_wait_is_lost(
    nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BACKLOG", 10_000)
    hostile: Any = Hostile()
    proxy = Proxy(hostile, "busy", ADDRESSES)
    nursery.start_soon(proxy.run)
    with trio.fail_after(PATIENCE_S), proxy("first") as slow:
        while not hostile.asked:
            await trio.lowlevel.checkpoint()
        hostile.say(wire_opened(0, 5))
        hostile.say(*(frames.encode_message(5, b"%06d" % i + bytes(994)) for i in range(3000)))
        seen = await drained(slow)
        assert seen == list(range(len(seen)))
        assert 10 <= len(seen) < 3000
        hostile.say(frames.encode_message(5, b"999999"))
        assert await drained(slow) == [999_999]
    nursery.cancel_scope.cancel()


async def drained(link: socket.socket) -> list[int]:
    """Read what comes until nothing more does."""
    found: list[int] = []
    while True:
        before = len(found)
        await trio.testing.wait_all_tasks_blocked(0.01)
        with contextlib.suppress(BlockingIOError):
            while True:
                found.append(int(link.recv(2048)[:6]))
        if len(found) == before:
            return found


def wire_opened(correlation: int, channel: int) -> bytes:
    return b"".join(number.to_bytes(4, "little") for number in (0, correlation, channel))
