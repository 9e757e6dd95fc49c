"""The emulated board as a process: it starts, answers, boots genuine firmware, and never stays
behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from spinnlive.boards import address as addresses
from spinnlive.boards import emulated
from spinnlive.boards.control import CONTROL_PORT, control
from spinnlive.boards.emulated import EmulatedBoard
from spinnlive.boards.probe import probe
from spinnlive.boards.scp import open_scp
from spinnlive.errors import AddressInUse, BoardFailed, BoardLost, UsageError

SDRAM_HEAP = 0x60240018

SOFT_WATCHDOG = 0xF5007F43
"""The system variable with the number of unanswered pings (spinnaker_tools, sark.h: sv_t)."""

EXPECTED_SDRAM = 123469792
"""Bytes that a chip has for applications (SpiNNMachine, version_spin1.py): it warns if there are others."""

SANITIZED_VARIABLE = "SPINNLIVE_SANITIZED_BOARD"
"""Names a board program built with AddressSanitizer and UndefinedBehaviorSanitizer."""


async def test_a_booted_board_runs_scamp_on_four_chips() -> None:
    async with EmulatedBoard() as board:
        assert addresses.is_loopback(board.address)
        report = await probe(board.address)
        assert report.version.name == "SC&MP"
        assert report.version.version == (4, 0, 0)
        assert (report.hardware, len(report.chips), report.cores) == (3, 4, 72)
        assert not report.cores_in_use
        status = await board.status()
        assert status.booted
        assert status.chips == 4
        assert status.datagrams_in >= status.datagrams_out > 0
        assert (
            status.datagrams_dropped == status.datagrams_unsendable == status.packets_dropped == 0
        )
        assert (await control(board.address, "unmodelled")) == {"unmodelled": []}


async def test_memory_of_every_chip_can_be_written_and_read_back() -> None:
    data = os.urandom(20_000)
    async with EmulatedBoard() as board, open_scp(board.address) as scp:
        for x, y in ((0, 0), (1, 0), (0, 1), (1, 1)):
            await scp.write(x, y, SDRAM_HEAP, data)
            assert await scp.read(x, y, SDRAM_HEAP, len(data)) == data


async def test_a_booted_board_has_the_sdram_of_one_that_spinnman_has_booted() -> None:
    async with EmulatedBoard() as board, open_scp(board.address) as scp:
        assert {chip.free_sdram for chip in await scp.chip_infos([(0, 0), (1, 1)])} == {
            EXPECTED_SDRAM
        }


async def test_scamp_stops_no_core_that_is_too_busy_to_answer_as_on_a_board_that_spinnman_has_booted() -> (
    None
):
    """A gatherer of sPyNNaker's spends seconds in its fast interrupt while it passes recordings on."""
    async with EmulatedBoard() as board, open_scp(board.address) as scp:
        assert await scp.read(0, 0, SOFT_WATCHDOG, 1) == b"\0"


async def test_two_boards_take_two_addresses() -> None:
    async with EmulatedBoard() as one, EmulatedBoard() as other:
        assert one.address != other.address
        async with open_scp(one.address) as scp, open_scp(other.address) as other_scp:
            await scp.write(0, 0, SDRAM_HEAP, b"here")
            await other_scp.write(0, 0, SDRAM_HEAP, b"else")
            assert await scp.read(0, 0, SDRAM_HEAP, 4) == b"here"


async def test_an_unbooted_board_waits_for_its_image() -> None:
    """The same image by the same protocol as SpiNNMan sends it, without its pauses."""
    image = emulated.boot_image().read_bytes()
    blocks = [image[at : at + 1024] for at in range(0, len(image), 1024)]

    def packet(operation: int, one: int = 0, three: int = 0, data: bytes = b"") -> bytes:
        words = b"".join(data[at : at + 4][::-1] for at in range(0, len(data), 4))
        fields = (operation, one, 0, three)
        return b"\x00\x01" + b"".join(field.to_bytes(4, "big") for field in fields) + words

    async with EmulatedBoard(booted=False, pace="free") as board:
        assert not (await board.status()).booted
        with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            await sock.connect((board.address, 54321))
            await sock.send(packet(1, three=len(blocks) - 1))
            for number, block in enumerate(blocks):
                system_variables = bytearray(block)
                if number == 0:
                    system_variables[384 + 0x0A], system_variables[384 + 0x40] = 3, 1
                await sock.send(packet(3, one=0xFF00 | number, data=bytes(system_variables)))
            await sock.send(packet(5, one=1))
        async with open_scp(board.address, tries=100) as scp:
            version = await scp.version()
            while version.booting:
                version = await scp.version()
            assert (version.name, version.x, version.y) == ("SC&MP", 0, 0)
        assert (await board.status()).booted


async def test_the_state_hash_sees_a_single_byte_of_any_chip() -> None:
    async with EmulatedBoard() as board, open_scp(board.address) as scp:
        assert len(await board.state_hash()) == 16
        before = await board.state_hash()
        await scp.write(1, 1, SDRAM_HEAP, b"\x01")
        assert await board.state_hash() != before


async def test_a_taken_address_is_an_error_that_names_it() -> None:
    async with EmulatedBoard() as board:
        with pytest.raises(AddressInUse, match=rf"{board.address} port 17893.*choose another"):
            async with EmulatedBoard(board.address):
                pass  # pragma: no cover


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"chips": 5}, "4 and of 48 chips, and machines of 144, .*not of 5"),
        ({"pace": "slow"}, '"realtime" or "free", not \'slow\''),
        ({"address": "192.168.240.253"}, "loopback address.*not on 192.168.240.253"),
        ({"address": "127.0.0.1"}, "127.0.0.1 will not do"),
        ({"address": "here"}, "loopback address.*not on here"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, object], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        EmulatedBoard(**arguments)  # type: ignore[arg-type]


async def test_a_missing_program_is_an_error_that_says_how_to_build_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(emulated.PROGRAM_VARIABLE, str(tmp_path / "nothing"))
    with pytest.raises(BoardFailed, match="C compiler"):
        async with EmulatedBoard():
            pass  # pragma: no cover


async def test_a_program_that_fails_is_an_error_with_its_last_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    image = tmp_path / "scamp.boot"
    image.write_bytes(bytes(100))
    monkeypatch.setattr(emulated, "boot_image", lambda: image)
    with pytest.raises(BoardFailed, match="a boot image has"):
        async with EmulatedBoard():
            pass  # pragma: no cover


async def test_leaving_ends_the_process_also_when_cancelled() -> None:
    with trio.CancelScope() as scope:
        async with EmulatedBoard() as board:
            scope.cancel()
            await trio.sleep_forever()
    assert board.exit_code is not None
    with pytest.raises(BoardLost):
        await control(board.address, "status")


HOLDER = """
import sys, trio
from spinnlive.boards.emulated import EmulatedBoard

async def main():
    async with EmulatedBoard() as board:
        print(board.address, board._process.pid, flush=True)
        await trio.sleep_forever()

trio.run(main)
"""


async def test_the_board_ends_when_its_owner_is_killed() -> None:
    # -P: what is installed, not a source tree in the working directory
    owner = await trio.lowlevel.open_process(
        [sys.executable, "-P", "-c", HOLDER], stdout=subprocess.PIPE
    )
    try:
        address, pid = (await first_line(owner)).split()
        assert (await control(address, "status"))["booted"] is True
        pidfd = os.pidfd_open(int(pid))
    finally:
        owner.send_signal(signal.SIGKILL)
        await owner.wait()
    with trio.fail_after(60):
        await trio.lowlevel.wait_readable(pidfd)  # readable once the board's process has ended
    os.close(pidfd)


async def first_line(process: trio.Process) -> str:
    assert process.stdout is not None
    said = b""
    while b"\n" not in said:
        more = await process.stdout.receive_some()
        assert more, f"the program ended after {said!r}"
        said += more
    return said.decode()


async def test_unknown_commands_are_refused_by_the_control_port() -> None:
    async with EmulatedBoard() as board:
        with pytest.raises(UsageError, match="unknown command"):
            await control(board.address, "self-destruct")
        await board.set_pace("free")
        assert (await board.status()).pace == "free"


@pytest.mark.parametrize("program", ["installed", "sanitized"])
async def test_hostile_datagrams_do_no_harm(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Everything that the board's ports may be sent, in every length.

    It still answers, and sanely.
    """
    if program == "sanitized":
        sanitized = os.environ.get(SANITIZED_VARIABLE)
        if sanitized is None:
            pytest.skip(f"{SANITIZED_VARIABLE} names no program; `make test` builds it and sets it")
        monkeypatch.setenv(emulated.PROGRAM_VARIABLE, sanitized)
    async with EmulatedBoard(pace="free") as board:
        for port in (17893, 54321, CONTROL_PORT):
            with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                await sock.connect((board.address, port))
                for length in [*range(64), 282, 283, 300, 1472, 1473, 9000, 65000]:
                    await sock.send(os.urandom(length))
        async with open_scp(board.address, tries=20) as scp:
            assert (await scp.version()).name == "SC&MP"


def test_addresses_are_found_by_looking() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        free = next(addresses.free_addresses())
        taken.bind((free, 17893))
        assert not addresses.is_free(free)
        assert next(addresses.free_addresses()) != free
    assert not addresses.is_loopback("10.0.0.1")
