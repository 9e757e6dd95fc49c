"""Datagrams and the questions after them, over a real socket to a board made of one task."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import pairwise

import pytest
import trio
import trio.testing
from scamp_answer import answer

from spinnlive import wire
from spinnlive.boards.link import OverUdp
from spinnlive.errors import BoardLost
from spinnlive.live import intake as module
from spinnlive.live.clock import Clock
from spinnlive.live.database import SourceCore
from spinnlive.live.intake import Intake, Lane
from spinnlive.live.window import BUFFERS

CORE = SourceCore(0, 1, 4, 0, 99)


class Board:
    """Keeps what it gets in order; answers questions while it may."""

    def __init__(self, sock: trio.socket.SocketType) -> None:
        self.sock = sock
        self.got: list[str] = []
        self.answers = trio.Event()
        self.tick = 7

    async def serve(self) -> None:
        while True:
            datagram, sender = await self.sock.recvfrom(600)
            header, _ = wire.decode_sdp(datagram)
            if header.dest_port == 1:
                self.got.append("data")
                continue
            self.got.append("question")
            await self.answers.wait()
            await self.sock.sendto(answer(datagram, self.tick.to_bytes(4, "little")), sender)


@pytest.fixture
async def board(nursery: trio.Nursery) -> AsyncIterator[Board]:
    with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        await sock.bind(("127.0.0.1", 0))
        board = Board(sock)
        nursery.start_soon(board.serve)
        yield board
        nursery.cancel_scope.cancel()


@pytest.fixture
def way(board: Board) -> Iterator[Intake]:
    clock = Clock(1000, 1)
    clock.start(None)
    intake = Intake("127.0.0.1", clock, OverUdp(board.sock.getsockname()[1]))
    yield intake
    intake.close()


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await trio.lowlevel.checkpoint()


async def test_a_flood_waits_for_the_core_and_loses_nothing(board: Board, way: Intake) -> None:
    lane = way.lane(CORE)
    sent = 0

    async def flood() -> None:
        nonlocal sent
        for _ in range(20):
            await lane.send(b"\x01\x00\x05\x00")
            sent += 1

    async with trio.open_nursery() as tasks:
        tasks.start_soon(flood)
        await until(lambda: board.got.count("question") == 1)
        assert sent == BUFFERS - 1
        board.answers.set()
    await until(lambda: board.got.count("data") == 20)
    # a question at least for each buffer's worth, so the core never had more than it can hold
    questions = [index for index, what in enumerate(board.got) if what == "question"]
    assert all(after - before <= BUFFERS for before, after in pairwise([-1, *questions]))


async def test_answers_tell_the_clock(board: Board, way: Intake) -> None:
    board.tick = 1000
    board.answers.set()
    lane = way.lane(CORE)
    for _ in range(2 * BUFFERS):
        await lane.send(b"\x01\x00\x05\x00")
    assert way.clock.tick >= 1000


async def test_lanes_of_one_board_share_what_one_of_them_reads(board: Board, way: Intake) -> None:
    board.answers.set()
    lanes = [way.lane(SourceCore(0, 0, p, 0, 9)) for p in range(1, 9)]

    async def flood(lane: Lane) -> None:
        for _ in range(20):
            await lane.send(b"\x01\x00\x05\x00")

    async with trio.open_nursery() as tasks:
        for lane in lanes:
            tasks.start_soon(flood, lane)
    await until(lambda: board.got.count("data") == 20 * len(lanes))


async def test_a_core_that_is_silent_is_asked_again_and_then_lost(
    board: Board, way: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ANSWER_S", 0.01)
    monkeypatch.setattr(module, "TRIES", 3)
    lane = way.lane(CORE)
    with pytest.raises(BoardLost, match=r"core 4 of chip 0, 1 .* asked 3 times"):
        for _ in range(BUFFERS + 1):
            await lane.send(b"\x01\x00\x05\x00")


async def test_a_cancelled_send_has_not_sent(board: Board, way: Intake) -> None:
    lane = way.lane(CORE)
    with trio.CancelScope() as scope:
        for number in range(BUFFERS):
            if number == BUFFERS - 1:
                scope.cancel()
            await lane.send(b"\x01\x00\x05\x00")
    assert scope.cancelled_caught
    board.answers.set()
    await until(lambda: len(board.got) == BUFFERS)
    assert board.got.count("data") == BUFFERS - 1


async def test_nonsense_and_refusals_are_no_answers(board: Board, way: Intake) -> None:
    lane = way.lane(CORE)
    for _ in range(BUFFERS - 1):
        await lane.send(b"\x01\x00\x05\x00")
    for reply in (b"", b"\0" * 14, b"\xff" * 300):
        await board.sock.sendto(reply, way.local_address)
        await trio.lowlevel.checkpoint()
        way.collect()
    assert lane.window.is_asked
