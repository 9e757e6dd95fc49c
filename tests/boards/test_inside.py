"""Looking inside an emulated board, and letting things go wrong on it."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
import trio
from click.testing import CliRunner
from genuine_binary import APP_ID, if_curr_exp, start

from spinnlive import wire
from spinnlive.boards.emulated import EmulatedBoard
from spinnlive.boards.exit_code import describe_exit
from spinnlive.boards.probe import probe
from spinnlive.boards.replay import replay
from spinnlive.boards.scp import open_scp
from spinnlive.cli import main
from spinnlive.cli.fault import fault_line
from spinnlive.cli.inspect import chip_tables, core_table, parse_place
from spinnlive.errors import BoardUnreachable, UsageError

SDRAM_HEAP = 0x60240018


async def test_a_chip_tells_its_cores_queues_and_counters() -> None:
    async with EmulatedBoard() as board:
        before = await board.look_at_chip(0, 0)
        await probe(board.address)
        chip = await board.look_at_chip(0, 0)
        monitor = next(core for core in chip.cores if core.number == 0)
        assert (monitor.state, monitor.name) == (wire.CpuState.RUNNING, "scamp-3")
        assert sum(core.state == wire.CpuState.IDLE for core in chip.cores) == 17
        assert chip.booted and chip.links == (0, 1, 2, 5) and len(chip.leds) == 2
        assert chip.ethernet is not None
        assert before.ethernet is not None
        assert chip.ethernet.frames_in > before.ethernet.frames_in
        assert sum(chip.router_counters) > 0
        loads = chip.load_since(before)
        assert 0 < loads[monitor.physical] < 1
        assert (await board.look_at_chip(1, 1)).ethernet is None
        assert chip_tables(chip, before, everything=True)[0].row_count == 18
        assert chip_tables(chip, before, everything=False)[0].row_count == 1
        with pytest.raises(UsageError, match="no such chip"):
            await board.look_at_chip(5, 5)
        with pytest.raises(UsageError, match="no such core"):
            await board.look_at_core(0, 0, 18)


async def test_a_run_time_error_can_be_looked_at() -> None:
    async with EmulatedBoard() as board, open_scp(board.address, tries=20) as scp:
        await start(scp, if_curr_exp(), 3)  # it misses its data
        while not (await board.look_at_core(0, 0, 3)).core.rt_code:
            pass
        view = await board.look_at_core(0, 0, 3)
        assert view.core.state == wire.CpuState.RUN_TIME_EXCEPTION
        assert (view.core.application, view.core.name) == (APP_ID, "IF_curr_exp")
        assert any(view.saved)
        text = await board.iobuf(0, 0, 3)
        assert text.endswith("\n")
        table = core_table(view)
        assert "run-time error" in str(table.title) and len(table.columns) == 3
        result = await trio.to_thread.run_sync(
            CliRunner().invoke, main, ["inspect", board.address, "0,0,3"]
        )
        assert "IF_curr_exp" in result.output, result.output


async def test_inspect_prints_a_chip() -> None:
    async with EmulatedBoard() as board:
        result = await trio.to_thread.run_sync(CliRunner().invoke, main, ["inspect", board.address])
    assert "scamp-3" in result.output, result.output
    assert "Ethernet" in result.output


@pytest.mark.parametrize("text", ["", "1", "1,2,3,4", "a,b", "1,-1"])
def test_places_are_chips_or_cores(text: str) -> None:
    with pytest.raises(UsageError, match="X,Y"):
        parse_place(text)


async def test_lost_datagrams_are_sent_again() -> None:
    async with EmulatedBoard() as board, open_scp(board.address, timeout_s=0.1, tries=100) as scp:
        await board.fault("lose in 30")
        await board.fault("lose out 30")
        await board.fault("duplicate out 30")
        await scp.write(0, 0, SDRAM_HEAP, bytes(range(256)) * 64)
        assert await scp.read(0, 0, SDRAM_HEAP, 16384) == bytes(range(256)) * 64
        faults = await board.faults()
        assert [(fault.kind, fault.where) for fault in faults] == [
            ("lose", "in"),
            ("lose", "out"),
            ("duplicate", "out"),
        ]
        assert all(0 < fault.done < fault.met for fault in faults), faults
        assert fault_line(faults[0]).startswith("lose in 30 %: ")
        await board.fault("clear")
        assert not await board.faults()
        with pytest.raises(UsageError, match="unknown fault"):
            await board.fault("explode")


async def test_dead_hardware_is_missing_from_the_machine() -> None:
    faults = ["kill chip 1,1", "kill core 0,1,5", "kill core 1,0,17"]
    async with EmulatedBoard(faults=faults) as board:
        report = await probe(board.address)
        assert set(report.chips) == {(0, 0), (1, 0), (0, 1)}
        assert report.cores == 3 * 18 - 2
        assert report.chips[0, 1].cores == 17
        assert (await board.look_at_chip(0, 0)).links == (0, 2, 5)


async def test_a_dead_link_is_no_link_to_the_firmware() -> None:
    async with EmulatedBoard(faults=["kill link 0,0,1"]) as board:
        report = await probe(board.address)
        assert set(report.chips) == {(0, 0), (1, 0), (0, 1), (1, 1)}
        assert report.chips[0, 0].links_up == (0, 2, 5)
        assert report.chips[1, 1].links_up == (2, 3, 5)


async def test_a_core_dies_and_a_bit_flips_while_the_board_runs() -> None:
    async with EmulatedBoard() as board, open_scp(board.address, tries=20) as scp:
        await scp.write(0, 1, SDRAM_HEAP, b"\x00")
        await board.fault(f"flip 0,1 {SDRAM_HEAP:#x} 6")
        assert await scp.read(0, 1, SDRAM_HEAP, 1) == b"\x40"
        await board.fault("kill core 0,1,4")
        chip = await board.look_at_chip(0, 1)
        assert [core.number for core in chip.cores if not core.running] == [4]
        await board.fault("kill chip 1,0")
        assert (await scp.version()).name == "SC&MP"


async def test_a_frozen_board_is_silent_and_nothing_changes() -> None:
    async with EmulatedBoard(pace="free") as board:
        await board.freeze()
        state = await board.state_hash()
        assert (await board.status()).frozen
        async with open_scp(board.address, timeout_s=0.05, tries=2) as scp:
            with pytest.raises(BoardUnreachable):
                await scp.version()
        assert await board.state_hash() == state
        await board.thaw()
        async with open_scp(board.address, tries=20) as scp:
            assert (await scp.version()).name == "SC&MP"
        with pytest.raises(UsageError, match="millisecond"):
            await board.freeze(0)


async def test_a_run_with_faults_is_replayed(tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    async with (
        EmulatedBoard(record=log, faults=["kill core 1,1,9"]) as board,
        open_scp(board.address, tries=50) as scp,
    ):
        await board.fault("lose in 20")
        await board.fault("reorder out 20")
        await board.fault("delay out 20 700")
        await scp.write(0, 0, SDRAM_HEAP, bytes(3000))
        await board.fault("drop 0,0,2 5")
        await board.fault("kill core 0,0,7")
        assert await scp.read(0, 0, SDRAM_HEAP, 3000) == bytes(3000)
    told = await replay(log)
    assert told.whole
    assert told.diverged_at_s is None, told


def test_a_signal_has_a_name() -> None:
    assert describe_exit(-signal.SIGKILL) == "ended by SIGKILL"
    assert describe_exit(3) == "exit code 3"
    assert describe_exit(-200) == "ended by signal 200"
