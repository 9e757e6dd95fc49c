"""Much memory at once against a scripted board; time is trio's mock clock, loss is chosen by
datagram."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
import trio
from scripted_board import SDRAM, ScriptedBoard, scripted_board
from trio.testing import MockClock

from spinnlive.boards import bulk as module
from spinnlive.boards.bulk import TRIES, BulkMemory, Span
from spinnlive.boards.giving_way import GivingWay
from spinnlive.boards.link import OverUdp
from spinnlive.errors import BoardLost, ScpError
from spinnlive.wire import ResultCode

DATA = bytes(i * 7 % 251 for i in range(5000))
SPANS = [Span(0, 0, SDRAM, 1000), Span(0, 0, SDRAM + 1000, 0), Span(0, 0, SDRAM + 1000, 256)]


@pytest.fixture
def clock(autojump_clock: MockClock) -> MockClock:
    # real sockets: give the kernel a moment before the clock jumps to the next deadline
    autojump_clock.autojump_threshold = 0.02
    return autojump_clock


@pytest.fixture
async def board(clock: MockClock) -> AsyncIterator[ScriptedBoard]:
    with trio.fail_after(1000):
        async with scripted_board() as played:
            yield played


@pytest.fixture
def memory(board: ScriptedBoard) -> Iterator[BulkMemory]:
    memory = BulkMemory("127.0.0.1", lambda: 4, link=OverUdp(board.port))
    yield memory
    memory.close()


async def test_spans_of_any_length(
    board: ScriptedBoard, memory: BulkMemory, clock: MockClock
) -> None:
    await memory.write([(Span(0, 0, SDRAM, len(DATA)), DATA)])
    assert await memory.read(SPANS) == [DATA[:1000], b"", DATA[1000:1256]]
    assert await memory.read([]) == []


async def test_what_is_lost_is_sent_again(
    board: ScriptedBoard, memory: BulkMemory, clock: MockClock
) -> None:
    board.poke(SDRAM, DATA)
    board.lose = lambda count: count % 7 == 3
    board.lose_reply = lambda count: count % 5 == 1
    for _ in range(5):
        assert await memory.read(SPANS) == [DATA[:1000], b"", DATA[1000:1256]]


async def test_a_board_that_is_busy_for_a_while(
    board: ScriptedBoard, memory: BulkMemory, clock: MockClock
) -> None:
    board.poke(SDRAM, DATA)
    board.code = ResultCode.P2P_BUSY

    def recovers(count: int) -> bool:
        board.code = ResultCode.P2P_BUSY if count < 9 else ResultCode.OK
        return False

    board.lose = recovers
    assert (await memory.read(SPANS))[0] == DATA[:1000]


async def test_a_board_that_is_gone(
    board: ScriptedBoard, memory: BulkMemory, clock: MockClock
) -> None:
    sent = []
    board.lose = lambda count: not sent.append(count)  # type: ignore[func-returns-value]
    with pytest.raises(BoardLost, match=f"after {TRIES} tries"):
        await memory.read(SPANS[:1])
    assert len(sent) == 4 * TRIES


async def test_a_board_that_refuses(
    board: ScriptedBoard, memory: BulkMemory, clock: MockClock
) -> None:
    board.code = ResultCode.ARG
    with pytest.raises(ScpError, match="0x60000000"):
        await memory.read(SPANS[:1])


async def test_a_cancelled_reading_leaves_nothing_behind(
    board: ScriptedBoard, memory: BulkMemory, clock: MockClock
) -> None:
    board.poke(SDRAM, DATA)
    board.lose = lambda count: count < 3
    with trio.move_on_after(0.3) as patience:
        await memory.read(SPANS)
    assert patience.cancelled_caught
    assert await memory.read(SPANS) == [DATA[:1000], b"", DATA[1000:1256]]


@dataclass(frozen=True)
class Elsewhere:
    """A way to the scripted board, whatever address it is said to have."""

    way: OverUdp

    def __call__(self, address: str) -> socket.socket:
        return self.way("127.0.0.1")

    def trouble(self, address: str) -> str | None:
        return None


@pytest.mark.parametrize(("address", "given"), [("127.3.2.1", True), ("10.127.0.1", False)])
async def test_only_a_board_on_this_host_is_given_way_to(
    board: ScriptedBoard,
    clock: MockClock,
    monkeypatch: pytest.MonkeyPatch,
    address: str,
    given: bool,
) -> None:
    ways: list[None] = []
    monkeypatch.setattr(module, "MANNERS", GivingWay(give=lambda: ways.append(None)))
    board.lose = lambda count: count == 0
    memory = BulkMemory(address, lambda: 4, link=Elsewhere(OverUdp(board.port)))
    await memory.read(SPANS)
    memory.close()
    assert bool(ways) == given
