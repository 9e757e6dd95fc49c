"""Plain SpiNNMan and sPyNNaker scripts on emulated boards with dead parts, and with reverse IP tags."""

from __future__ import annotations

from pathlib import Path

from plain_scripts import SCRIPTS, run_script

from spinnlive.boards.emulated import EmulatedBoard


async def test_spinnman_sees_a_smaller_machine(tmp_path: Path) -> None:
    faults = ["kill chip 1,1", "kill core 0,1,5", "kill core 0,1,6"]
    async with EmulatedBoard(faults=faults) as board:
        said = await run_script(SCRIPTS / "spinnman_machine.py", tmp_path, board, board.address)
    assert "chip 0,0: 18 cores, links [0, 2, 5]" in said
    assert "chip 0,1: 16 cores" in said
    assert "chip 1,0: 18 cores" in said
    assert "chip 1,1" not in said


async def test_reverse_tags_have_udp_ports_of_their_own(tmp_path: Path) -> None:
    async with EmulatedBoard() as board:
        before = await board.status()
        said = await run_script(SCRIPTS / "spinnman_reverse_tag.py", tmp_path, board, board.address)
        after = await board.status()
    assert "tags {(1, 12345)}\nsent\ntags set()\nrefused" in said
    # Everything but the refused ones has reached the board; all but the EIEIO datagram were answered.
    assert (
        after.datagrams_in - before.datagrams_in == after.datagrams_out - before.datagrams_out + 1
    )


async def test_a_spike_injector_has_a_port_of_its_own(tmp_path: Path) -> None:
    async with EmulatedBoard() as board:
        said = await run_script(SCRIPTS / "injector_port.py", tmp_path, board, board.address)
    assert "neurons {3}" in said, said
