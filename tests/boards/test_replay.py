"""The input log and snapshots: a run is had again bit for bit, and a saved board goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from spinnlive.boards.emulated import EmulatedBoard
from spinnlive.boards.replay import replay
from spinnlive.boards.scp import open_scp
from spinnlive.errors import BoardFailed, UsageError

SDRAM_HEAP = 0x60240018


async def talk(board: EmulatedBoard) -> None:
    """Some traffic in both directions."""
    async with open_scp(board.address) as scp:
        await scp.version()
        for x, y in ((0, 0), (1, 1)):
            await scp.write(x, y, SDRAM_HEAP, bytes(range(256)) * 20)
            await scp.read(x, y, SDRAM_HEAP, 5120)


async def recorded(log: Path) -> str:
    """Record a run; return the hash of the machine at its end."""
    async with EmulatedBoard(record=log) as board:
        await talk(board)
        await board.set_pace("free")
        await talk(board)
        await board.freeze(None)  # so that the board's end is the hash's moment
        return await board.state_hash()


async def test_a_replay_is_the_same_with_any_number_of_threads(tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    at_the_end = await recorded(log)
    for threads in (1, 2):
        again = await replay(log, threads=threads)
        assert again.whole
        assert again.diverged_at_s is None
        assert again.state_hash == at_the_end
        assert again.datagrams_in >= again.datagrams_out > 40


async def test_answers_that_leave_between_two_windows_are_found_again(tmp_path: Path) -> None:
    """One frame in 400 or so leaves just when a window begins: among so many there are some."""
    log = tmp_path / "run.log"
    async with EmulatedBoard(record=log) as board:
        for _ in range(12):
            await talk(board)
        await board.freeze(None)
        at_the_end = await board.state_hash()
    again = await replay(log)
    assert again.diverged_at_s is None, again.difference
    assert again.whole
    assert again.state_hash == at_the_end


async def test_a_replay_tells_where_it_differs(tmp_path: Path) -> None:
    """One bit of one datagram in the log is another: the run is another from there on."""
    log = tmp_path / "run.log"
    await recorded(log)
    content = bytearray(log.read_bytes())
    at = content.index(bytes(range(256)))
    content[at + 100] ^= 1
    log.write_bytes(content)
    again = await replay(log)
    assert again.diverged_at_s is not None
    assert 0 < again.diverged_at_s <= again.until_s
    assert again.difference


async def test_a_log_that_breaks_off_is_good_up_to_there(tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    await recorded(log)
    content = log.read_bytes()
    log.write_bytes(content[:-40])
    again = await replay(log)
    assert again.diverged_at_s is None
    assert not again.whole


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "not a log of a spinnlive board"),
        (b"PyNN" * 100, "not a log of a spinnlive board"),
        (b"SPINNLIVE-LOG\r\n\n\x63\0\0\0", "another version"),
        (b"SPINNLIVE-LOG\r\n\n\x02\0\0\0" + b"\xff" * 8, "no snapshot"),
        (b"SPINNLIVE-LOG\r\n\n\x02\0\0\0" + bytes(8), "not a snapshot"),
    ],
)
async def test_what_is_no_log_is_refused(tmp_path: Path, content: bytes, complaint: str) -> None:
    log = tmp_path / "run.log"
    log.write_bytes(content)
    with pytest.raises(BoardFailed, match=complaint):
        await replay(log)


async def test_a_log_is_never_written_over_another_file(tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    log.write_text("dear")
    with pytest.raises(BoardFailed, match=r"--record .*run\.log: File exists"):
        async with EmulatedBoard(record=log):
            pass  # pragma: no cover
    assert log.read_text() == "dear"


async def test_a_restored_board_goes_on_where_the_saved_one_was(tmp_path: Path) -> None:
    snapshot = tmp_path / "board.snapshot"
    async with EmulatedBoard() as board:
        await talk(board)
        await board.freeze(None)
        saved = await board.state_hash()
        await board.snapshot(snapshot)
    async with EmulatedBoard(restore=snapshot, record=tmp_path / "on.log") as board:
        assert board.chips == 4
        async with open_scp(board.address) as scp:
            assert await scp.read(1, 1, SDRAM_HEAP, 256) == bytes(range(256))
    again = await replay(tmp_path / "on.log")
    assert again.whole
    assert again.diverged_at_s is None
    assert saved != again.state_hash


async def test_a_damaged_snapshot_is_refused(tmp_path: Path) -> None:
    snapshot = tmp_path / "board.snapshot"
    async with EmulatedBoard() as board:
        await board.snapshot(snapshot)
    content = bytearray(snapshot.read_bytes())
    content[len(content) // 2] ^= 1
    snapshot.write_bytes(content)
    with pytest.raises(BoardFailed, match="it is damaged"):
        async with EmulatedBoard(restore=snapshot):
            pass  # pragma: no cover


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"chips": 96}, "4 and of 48 chips, and machines of 144, 288, 576, 1152, not of 96"),
        ({"threads": 0}, "from 1 to 16, not 0"),
    ],
)
def test_bad_machines_are_refused(arguments: dict[str, int], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        EmulatedBoard(**arguments)  # type: ignore[arg-type]
