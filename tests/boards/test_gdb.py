"""The GDB stub of the emulated board: our own client always, Debian's gdb-multiarch where it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
import trio
from genuine_binary import DATA, if_curr_exp, start
from rsp_client import RspClient

from spinnlive.boards.control import control
from spinnlive.boards.emulated import EmulatedBoard
from spinnlive.boards.scp import open_scp
from spinnlive.errors import UsageError

CORE = 1
PC = 15


async def test_a_genuine_binary_is_stopped_stepped_and_watched() -> None:
    binary = if_curr_exp()
    handler = binary.reset_handler
    async with (
        EmulatedBoard() as board,
        open_scp(board.address, tries=1000) as scp,
        trio.open_nursery() as nursery,
    ):
        port = await board.debug(0, 0, CORE)
        async with RspClient(board.address, port) as gdb:
            assert b"qXfer:features:read+" in await gdb.ask(b"qSupported")
            assert b"<architecture>armv5te" in await gdb.ask(
                b"qXfer:features:read:target.xml:0,fff"
            )
            assert await gdb.ask(b"?") == b"T05thread:1;"
            assert (await board.status()).held_by_debugger
            assert await gdb.ask(b"Z1,%x,4" % handler) == b"OK"
            await gdb.send(b"vCont;c")
            # In a task of its own: SCAMP's answer waits while the core is held.
            nursery.start_soon(start, scp, binary, CORE)
            assert await gdb.answer() == b"T05thread:1;"

            # It has just come out of reset, with its code in place.
            assert (await gdb.registers())[PC] == handler
            assert await gdb.memory(0, 1024) == binary.code[:1024]
            held = (await board.status()).emulated_s
            assert await gdb.ask(b"s") == b"T05thread:1;"
            stepped = (await gdb.registers())[PC]
            assert stepped != handler
            assert (await board.status()).emulated_s == held  # the window is the same
            assert (await board.look_at_core(0, 0, CORE)).registers[PC] == stepped

            # It looks for its data in SDRAM.
            assert await gdb.ask(b"Z3,%x,4" % DATA) == b"OK"
            assert await gdb.ask(b"c") == b"T05rwatch:%x;thread:1;" % DATA
            assert DATA in await gdb.registers()
            assert await gdb.memory(DATA, 4) == bytes(4)
            assert await gdb.ask(b"z3,%x,4" % DATA) == b"OK"
            assert await gdb.ask(b"z1,%x,4" % handler) == b"OK"
            assert await gdb.ask(b"D") == b"OK"
        view = await board.look_at_core(0, 0, CORE)
        while not view.core.rt_code:
            view = await board.look_at_core(0, 0, CORE)
        assert await board.iobuf(0, 0, CORE)
        assert not view.debugged


async def test_registers_and_memory_are_written() -> None:
    async with EmulatedBoard() as board:
        port = await board.debug(0, 0, 2)
        async with RspClient(board.address, port) as gdb:
            assert await gdb.ask(b"P3=78563412") == b"OK"
            assert (await gdb.registers())[3] == 0x12345678
            assert await gdb.ask(b"p3") == b"78563412"
            assert await gdb.ask(b"M403f00,4:01020304") == b"OK"
            assert await gdb.ask(b"X403f04,3:}\x03}\x04z") == b"OK"
            assert await gdb.memory(0x403F00, 7) == b"\x01\x02\x03\x04#$z"
            registers = await gdb.ask(b"g")
            assert await gdb.ask(b"G" + registers) == b"OK"
            assert await gdb.ask(b"m80000000,4") == b"E01"
            assert await gdb.ask(b"m10000000,1c") != b"E01"  # the communications controller
            await gdb.send(b"k")
        async with RspClient(board.address, port) as again:
            assert await again.ask(b"?") == b"T05thread:1;"


async def test_an_interrupt_stops_the_core_and_leaving_lets_it_go() -> None:
    async with EmulatedBoard(pace="free") as board:
        port = await board.debug(0, 0, 0)
        async with RspClient(board.address, port) as gdb:
            await gdb.send(b"c")
            await gdb.send_raw(b"\x03")
            assert await gdb.answer() == b"T02thread:1;"
            assert (await board.status()).held_by_debugger
            with pytest.raises(UsageError, match="no port"):
                await control(board.address, "gdb 0,0,5 off")
        while (await board.status()).held_by_debugger:
            pass
        async with open_scp(board.address, tries=20) as scp:
            assert (await scp.version()).name == "SC&MP"


async def test_two_cores_have_a_debugger_each() -> None:
    async with (
        EmulatedBoard() as board,
        RspClient(board.address, await board.debug(0, 0, 0)) as one,
        RspClient(board.address, await board.debug(1, 1, 0)) as other,
    ):
        assert await one.ask(b"?") == await other.ask(b"?") == b"T05thread:1;"
        await one.send(b"c")  # and waits: the other holds the machine
        stopped = (await other.registers())[PC]
        await other.send(b"c")
        await one.send_raw(b"\x03")
        assert await one.answer() == b"T02thread:1;"
        assert stopped > 0


@pytest.mark.parametrize("program", ["installed", "sanitized"])
async def test_hostile_packets_do_no_harm(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    if program == "sanitized":
        sanitized = os.environ.get("SPINNLIVE_SANITIZED_BOARD")
        if sanitized is None:
            pytest.skip("SPINNLIVE_SANITIZED_BOARD names no program; `make test` builds one")
        monkeypatch.setenv("SPINNLIVE_BOARD_PROGRAM", sanitized)
    async with EmulatedBoard() as board:
        port = await board.debug(0, 0, 3)
        async with RspClient(board.address, port) as gdb:
            for packet in (
                b"",
                b"m",
                b"m,",
                b"mffffffffff,4",
                b"m0,ffffffff",
                b"Mffffffff,ffffffff:00",
                b"M0,4:00",
                b"X0,4:}",
                b"G00",
                b"P",
                b"P99=00000000",
                b"P10=ffffffff",
                b"Z9,0,4",
                b"Z2,ffffffff,ffffffff",
                b"Z2,0,0",
                b"vCont;x",
                b"vCont;",
                b"qXfer:features:read:target.xml:ffffffff,ffffffff",
                b"C",
                b"\x00\x00",
                b"q" * 4000,
            ):
                await gdb.ask(packet)
            await gdb.send_raw(b"$" + b"m" * 10000 + b"#00" + os.urandom(3000) + b"#00+++")
        async with RspClient(board.address, port) as again:
            assert await again.ask(b"?") == b"T05thread:1;"


@pytest.mark.skipif(
    shutil.which("gdb-multiarch") is None,
    reason="gdb-multiarch is not installed: apt-get install gdb-multiarch",
)
async def test_gdb_itself_breaks_steps_reads_and_watches() -> None:
    binary = if_curr_exp()
    async with EmulatedBoard() as board, open_scp(board.address, tries=1000) as scp:
        port = await board.debug(0, 0, CORE)
        commands = [
            "set architecture armv5te",
            "set confirm off",
            f"target remote {board.address}:{port}",
            f"hbreak *{binary.reset_handler:#x}",
            "continue",
            "stepi",
            'printf "stepped to %#x\\n", $pc',
            "x/2wx 0",
            "delete",
            f"rwatch *(unsigned *){DATA:#x}",
            "continue",
            "delete",
            "detach",
        ]
        arguments = [part for command in commands for part in ("-ex", command)]
        async with trio.open_nursery() as nursery:

            async def start_when_running() -> None:
                while (await board.status()).held_by_debugger or not (
                    await board.look_at_core(0, 0, CORE)
                ).debugged:
                    pass
                await start(scp, binary, CORE)

            nursery.start_soon(start_when_running)
            result = await trio.run_process(
                ["gdb-multiarch", "-nx", "-batch", *arguments],
                capture_stdout=True,
                stderr=subprocess.STDOUT,
                check=False,
            )
    said = result.stdout.decode()
    assert result.returncode == 0, said
    assert f"{binary.reset_handler:#010x} in" in said, said
    assert "stepped to 0x" in said, said
    assert f"0x0:\t0x{binary.code[3]:02x}{binary.code[2]:02x}" in said, said
    assert "Hardware read watchpoint 2" in said and "Value = 0" in said, said
