"""Several boards: who is asked for what, and that answers come back in the order of the questions."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import trio
import trio.testing

from spinnlive import wire
from spinnlive.boards.bulk import Span
from spinnlive.boards.link import OverUdp
from spinnlive.boards.routes import RoutedMemory, RoutedScp, open_memory, open_routes
from spinnlive.boards.scp import ScpClient
from spinnlive.boards.scp_calls import ScpCalls
from spinnlive.boards.together import together
from spinnlive.errors import BoardLost, ScpError

BOARDS = {(0, 0): "a", (1, 0): "a", (4, 8): "b", (5, 8): "b", (8, 4): "c"}


class Recorded(ScpCalls):
    """Answers every request with its own name and what was asked."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.bursts: list[list[wire.ScpRequest]] = []
        self.error: Exception | None = None

    async def burst(
        self,
        requests: Sequence[wire.ScpRequest],
        *,
        timeout_s: float | None = None,
        tries: int | None = None,
    ) -> list[wire.ScpReply]:
        self.bursts.append(list(requests))
        await trio.lowlevel.checkpoint()
        if self.error is not None:
            raise self.error
        return [
            wire.ScpReply(
                each.x,
                each.y,
                0,
                0,
                wire.ResultCode.OK,
                0,
                f"{self.address}{each.x},{each.y}".encode(),
            )
            for each in requests
        ]


@pytest.fixture
def boards() -> dict[str, Recorded]:
    return {name: Recorded(name) for name in "abc"}


@pytest.fixture
def scp(boards: dict[str, Recorded]) -> RoutedScp:
    return RoutedScp({chip: boards[name] for chip, name in BOARDS.items()})


async def test_each_chip_is_asked_through_its_own_board(
    scp: RoutedScp, boards: dict[str, Recorded]
) -> None:
    chips = [(8, 4), (0, 0), (5, 8), (4, 8), (1, 0)]
    replies = await scp.burst([wire.read_request(*chip, 0x60000000, 4) for chip in chips])
    assert [reply.data.decode() for reply in replies] == ["c8,4", "a0,0", "b5,8", "b4,8", "a1,0"]
    assert {name: len(each.bursts) for name, each in boards.items()} == {"a": 1, "b": 1, "c": 1}


async def test_the_root_chip_and_unknown_ones_are_the_root_boards(scp: RoutedScp) -> None:
    assert scp.address == "a"
    assert (await scp.call(wire.version_request())).data == b"a255,255"
    assert (await scp.call(wire.version_request(7, 0))).data == b"a7,0"


async def test_one_boards_failure_comes_out_as_itself(
    scp: RoutedScp, boards: dict[str, Recorded]
) -> None:
    boards["b"].error = BoardLost("b is gone")
    with pytest.raises(BoardLost, match="b is gone"):
        await scp.burst([wire.version_request(*chip) for chip in BOARDS])
    assert (await scp.call(wire.version_request(8, 4))).data == b"c8,4"


class Cells:
    """The memory of one board: every byte is the low byte of its address."""

    def __init__(self) -> None:
        self.read_spans: list[Span] = []
        self.written: list[tuple[Span, bytes]] = []
        self.closed = False
        self.error: Exception | None = None

    async def read(self, spans: Sequence[Span]) -> list[bytes]:
        self.read_spans += spans
        await trio.lowlevel.checkpoint()
        if self.error is not None:
            raise self.error
        return [bytes([span.address & 0xFF]) * span.length for span in spans]

    async def write(self, pieces: Sequence[tuple[Span, bytes]]) -> None:
        self.written += pieces

    def close(self) -> None:
        self.closed = True


async def test_memory_is_read_and_written_where_it_is() -> None:
    cells = {name: Cells() for name in "abc"}
    memory = RoutedMemory({chip: cells[name] for chip, name in BOARDS.items()})  # type: ignore[misc]
    spans = [
        Span(4, 8, 1, 2),
        Span(0, 0, 2, 1),
        Span(5, 8, 3, 1),
        Span(8, 4, 4, 3),
        Span(9, 9, 5, 1),
    ]
    assert await memory.read(spans) == [b"\1\1", b"\2", b"\3", b"\4\4\4", b"\5"]
    assert cells["b"].read_spans == [spans[0], spans[2]]
    await memory.write([(span, bytes(span.length)) for span in spans])
    assert [span for span, _ in cells["a"].written] == [spans[1], spans[4]]
    async with memory.turn:
        with trio.move_on_after(0) as scope:
            await memory.read(spans)
        assert scope.cancelled_caught
    cells["c"].error = ScpError("no")
    with pytest.raises(ScpError, match="no"):
        await memory.read(spans)
    memory.close()
    assert all(each.closed for each in cells.values())


async def test_a_machine_of_one_board_has_no_detour() -> None:
    one = {(0, 0): "127.0.0.2", (1, 1): "127.0.0.2"}
    async with open_routes(one) as scp:
        assert isinstance(scp, ScpClient)
    two = {**one, (4, 8): "127.0.0.3"}
    async with open_routes(two) as scp:
        assert isinstance(scp, RoutedScp)
    for ethernet, routed in ((one, False), (two, True)):
        memory = open_memory(ethernet, lambda: 1)
        assert isinstance(memory, RoutedMemory) is routed
        memory.close()


async def test_together_gives_results_in_order_and_the_first_error() -> None:
    async def slow(number: int) -> int:
        for _ in range(5 - number):
            await trio.lowlevel.checkpoint()
        if number == 3:
            raise ValueError(number)
        return number

    assert await together([lambda: slow(1), lambda: slow(2), lambda: slow(0)]) == [1, 2, 0]
    with pytest.raises(ValueError, match="3"):
        await together([lambda: slow(1), lambda: slow(3)])


async def test_a_board_that_is_silent_from_the_first_question_on_is_lost(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """The tool chain has loaded it: nobody need ask whether it is switched on."""
    with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as silent:
        await silent.bind(("127.0.0.1", 0))
        link = OverUdp(silent.getsockname()[1])
        async with open_routes({(0, 0): "127.0.0.1"}, link=link) as scp:
            with pytest.raises(BoardLost, match="stopped answering"):
                await scp.version()
