"""The commands as a user types them."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
import trio
from click.testing import CliRunner

from spinnlive.boards.control import BoardStatus
from spinnlive.boards.emulated import EmulatedBoard
from spinnlive.boards.probe import probe
from spinnlive.cli import main
from spinnlive.cli.board import status_line
from spinnlive.cli.main import only_interrupted, our_errors
from spinnlive.cli.probe import format_report
from spinnlive.errors import BoardLost, UsageError

COMMAND = [sys.executable, "-P", "-c", "from spinnlive.cli import main; main()"]


def status(**changes: object) -> BoardStatus:
    fields: dict[str, object] = dict.fromkeys(BoardStatus.__dataclass_fields__, 0)
    return BoardStatus(**(fields | {"booted": True, "speed": 1.0, "pace": "realtime"} | changes))  # type: ignore[arg-type]


def test_the_status_line_gives_rates_between_two_looks() -> None:
    before = status(datagrams_in=100, instructions=0)
    now = status(emulated_s=2.5, datagrams_in=150, instructions=200_000_000, speed=0.98)
    line = status_line("127.0.0.2", now, before, 0.5)
    assert "emulated      2.5 s" in line
    assert "speed 0.98 x real time" in line
    assert "packets in 150 (100/s)" in line
    assert "400 MIPS" in line
    assert "boot" in status_line("127.0.0.2", status(booted=False), before, 0.5)


async def test_board_runs_in_the_foreground_until_interrupted() -> None:
    process = await trio.lowlevel.open_process(
        [*COMMAND, "board", "--booted"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdout is not None
    said = b""
    while b"Ctrl-C" not in said:
        more = await process.stdout.receive_some()
        assert more, said
        said += more
    address = said.decode().split(" answers on ")[1].split(",")[0]
    report = await probe(address)
    process.send_signal(signal.SIGINT)
    while more := await process.stdout.receive_some():
        said += more
    assert await process.wait() == 0
    assert "SpiNN-3 (4 chips)" in said.decode()
    assert "of emulated time; packets in" in said.decode()
    assert report.cores == 72


async def test_probe_tells_what_answers() -> None:
    async with EmulatedBoard() as board:
        text = format_report(await probe(board.address))
    lines = dict(
        line.split(maxsplit=1)
        for line in text.splitlines()
        if not line.startswith(("in use", "round"))
    )
    assert lines["version"] == "SC&MP 4.0.0 on SpiNNaker"
    assert lines["chips"] == "4 (2 x 2)"
    assert lines["cores"] == "72, 4 of them monitors"
    assert "in use      none" in text
    assert "round trip" in text


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (["board", "--address", "8.8.8.8"], 2, "loopback"),
        (["board", "--chips", "5"], 2, "'5' is not one of '4', '48'"),
        (["probe", "127.0.0.253"], 1, "no board answers at 127.0.0.253"),
    ],
)
def test_mistakes_end_with_one_clear_line(arguments: list[str], code: int, complaint: str) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == code
    assert complaint in result.output
    assert "Traceback" not in result.output


def test_errors_are_told_apart_inside_groups() -> None:
    lost, wrong = BoardLost("gone"), UsageError("no")
    assert our_errors(BaseExceptionGroup("", [lost, ExceptionGroup("", [wrong])])) == [lost, wrong]
    assert our_errors(BaseExceptionGroup("", [lost, ValueError()])) is None
    assert only_interrupted(BaseExceptionGroup("", [KeyboardInterrupt(), KeyboardInterrupt()]))
    assert not only_interrupted(BaseExceptionGroup("", [KeyboardInterrupt(), lost]))
