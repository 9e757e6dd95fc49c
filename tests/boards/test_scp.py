"""The SCP client against a scripted board; time is trio's mock clock, loss is chosen by
datagram."""

import socket
from collections.abc import AsyncIterator

import pytest
import trio
from scripted_board import SDRAM, ScriptedBoard, scripted_board
from trio.testing import MockClock

from spinnlive import wire
from spinnlive.boards.probe import probe
from spinnlive.boards.scp import ScpClient, open_scp
from spinnlive.errors import BoardLost, BoardUnreachable, ScpError


@pytest.fixture
def clock(autojump_clock: MockClock) -> MockClock:
    # real sockets: give the kernel a moment before the clock jumps to the next deadline
    autojump_clock.autojump_threshold = 0.02
    return autojump_clock


@pytest.fixture
async def board(clock: MockClock) -> AsyncIterator[ScriptedBoard]:
    async with scripted_board() as played:
        yield played


@pytest.fixture
async def scp(board: ScriptedBoard) -> AsyncIterator[ScpClient]:
    async with open_scp("127.0.0.1", port=board.port) as client:
        yield client


async def test_who_is_there(scp: ScpClient) -> None:
    version = await scp.version()
    assert (version.name, version.version) == ("SC&MP", (4, 0, 0))


async def test_memory_reads_back_as_written(scp: ScpClient, board: ScriptedBoard) -> None:
    data = bytes(i * 7 % 251 for i in range(65_537))
    await scp.write(0, 0, SDRAM + 5, data)
    assert await scp.read(0, 0, SDRAM + 5, len(data)) == data
    assert await scp.read(0, 0, SDRAM + 5, 0) == b""
    assert scp.statistics().resent == 0
    assert scp.statistics().peak_outstanding == 4


async def test_lost_requests_and_replies_are_sent_again(
    scp: ScpClient, board: ScriptedBoard, clock: MockClock
) -> None:
    board.lose = lambda count: count % 7 == 3
    board.lose_reply = lambda count: count % 5 == 1
    data = bytes(range(256)) * 20
    await scp.write(0, 0, SDRAM, data)
    assert await scp.read(0, 0, SDRAM, len(data)) == data
    assert scp.statistics().resent > 0
    assert scp.statistics().failed == 0


async def test_chip_info_tick_and_count(scp: ScpClient, board: ScriptedBoard) -> None:
    info = await scp.chip_info(0, 0)
    assert (info.cores, info.ip_address) == (18, "127.0.0.9")
    assert info.core_states[3] == wire.CpuState.RUNNING
    assert await scp.tick(0, 0, 3) == 1234
    board.tick = 0xFFFFFFFF
    assert await scp.tick(0, 0, 3) is None
    assert await scp.count_cores(17, wire.CpuState.RUNNING) == 5


async def test_many_tasks_share_one_client(
    scp: ScpClient, board: ScriptedBoard, clock: MockClock
) -> None:
    board.lose = lambda count: count in (1, 5)
    results: dict[int, bytes] = {}

    async def one(place: int) -> None:
        data = bytes([place]) * 700
        await scp.write(0, 0, SDRAM + 1000 * place, data)
        results[place] = await scp.read(0, 0, SDRAM + 1000 * place, 700)

    async with trio.open_nursery() as nursery:
        for place in range(10):
            nursery.start_soon(one, place)
    assert results == {place: bytes([place]) * 700 for place in range(10)}
    assert scp.statistics().peak_outstanding == 4


async def test_a_cancelled_call_leaves_the_others_alone(
    scp: ScpClient, board: ScriptedBoard, clock: MockClock
) -> None:
    board.lose = lambda count: count == 0
    ticks: list[int | None] = []

    async def patient() -> None:
        ticks.append(await scp.tick(0, 0, 3))

    async with trio.open_nursery() as nursery:
        with trio.move_on_after(0.2) as scope:
            nursery.start_soon(patient)
            await scp.call(wire.version_request())
    async with trio.open_nursery() as nursery:
        with trio.CancelScope() as scope:
            nursery.start_soon(patient)
            scope.cancel()
            await scp.version()
    assert ticks == [1234, 1234]
    assert scp.statistics().outstanding == 0


async def test_a_refusal_names_command_chip_and_reason(scp: ScpClient) -> None:
    with pytest.raises(ScpError, match=r"chip 7, 7.*RC_ROUTE.*no route"):
        await scp.chip_info(7, 7)
    with pytest.raises(ScpError, match="RC_ROUTE"):
        await scp.read(7, 7, SDRAM, 2000)
    assert (await scp.version()).version == (4, 0, 0)


async def test_nonsense_is_the_boards_fault(scp: ScpClient, board: ScriptedBoard) -> None:
    board.version = b"\xff\xff"
    with pytest.raises(ScpError, match="VER with nonsense"):
        await scp.version()


async def test_a_silent_board_was_never_reached(
    scp: ScpClient, board: ScriptedBoard, clock: MockClock
) -> None:
    board.lose = lambda _: True
    with pytest.raises(BoardUnreachable, match=r"127\.0\.0\.1.*VER to the root chip after 8 tries"):
        await scp.version()


async def test_a_board_that_falls_silent_is_lost(
    scp: ScpClient, board: ScriptedBoard, clock: MockClock
) -> None:
    await scp.version()
    board.lose = lambda _: True
    with pytest.raises(BoardLost, match="stopped answering"):
        await scp.read(0, 0, SDRAM, 4096)


async def test_nothing_listens(clock: MockClock) -> None:
    with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        await free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with open_scp("127.0.0.1", port=port, tries=2) as scp:
        with pytest.raises(BoardUnreachable, match="nothing listens"):
            await scp.version()


async def test_a_request_that_must_not_be_repeated(
    scp: ScpClient, board: ScriptedBoard, clock: MockClock
) -> None:
    board.lose = lambda count: count == 0
    with pytest.raises(BoardUnreachable, match="1 tries"):
        await scp.call(wire.signal_request(17, wire.Signal.SYNC0), tries=1)
    assert board.seen == []


async def test_a_probe_reports(board: ScriptedBoard) -> None:
    report = await probe("127.0.0.1", port=board.port)
    assert report.version.version == (4, 0, 0)
    assert (report.hardware, report.cores) == (3, 36)
    assert set(report.chips) == {(0, 0), (1, 0)}
    assert report.cores_in_use == {17: 1}
    assert report.round_trip_ms >= 0


async def test_a_probe_of_a_booting_board_says_so(board: ScriptedBoard) -> None:
    board.version = board.version[:2] + b"\xff\xff" + board.version[4:]
    with pytest.raises(BoardUnreachable, match="still boots"):
        await probe("127.0.0.1", port=board.port)
