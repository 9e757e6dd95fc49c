"""The official packages, unmodified, as clients of the emulated board: SpiNNMan, sPyNNaker and its live client."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from lif_reference import simulate
from plain_scripts import SCRIPTS, run_script

from spinnlive.boards.emulated import EmulatedBoard

VOLTAGE_ERROR_MV = 0.02
"""s16.15 arithmetic and 16-bit weights, over 150 steps and several resets."""


def expected_arrivals(weights: np.ndarray, ticks: int) -> np.ndarray:
    """The script's input: six spikes for each neuron, delayed by 1 to 3 ms, arriving in the tick after the delay."""
    arrivals = np.zeros((ticks, len(weights)))
    for i, weight in enumerate(weights):
        for time in (5 + i % 7, 12 + i % 5, 30, 31, 40 + i % 11, 90):
            arrivals[time + 1 + i % 3, i] += weight
    return arrivals


@pytest.mark.board
async def test_spikes_and_voltages_are_those_of_the_maths(tmp_path: Path) -> None:
    async with EmulatedBoard() as board:
        await run_script(SCRIPTS / "lif.py", tmp_path, board, "result.npz")
        status = await board.status()
    result = np.load(tmp_path / "result.npz")
    voltages, spikes = result["voltages"], result["spikes"]
    wanted = simulate(len(voltages), expected_arrivals(result["weights"], len(voltages)))
    assert wanted.closest_mv > VOLTAGE_ERROR_MV, (
        "the reference itself is too near to threshold to tell"
    )
    assert len(spikes) > 50
    np.testing.assert_array_equal(spikes, wanted.spikes)
    np.testing.assert_allclose(voltages, wanted.voltages, atol=VOLTAGE_ERROR_MV, rtol=0)
    assert status.packets_dropped == status.packets_timed_out == 0
    assert status.datagrams_unsendable == 0


@pytest.mark.board
async def test_every_spike_of_a_poisson_source_arrives(tmp_path: Path) -> None:
    """Several spikes of a tick travel in one packet, whose payload is their number."""
    async with EmulatedBoard() as board:
        await run_script(SCRIPTS / "poisson.py", tmp_path, board, "result.npz")
    result = np.load(tmp_path / "result.npz")
    voltages, ticks = result["voltages"], result["spikes"][:, 0].astype(int)
    arrivals = np.zeros((len(voltages) + 1, voltages.shape[1]))
    np.add.at(arrivals, (ticks + 1, result["spikes"][:, 1].astype(int)), result["weight"])
    assert np.count_nonzero(arrivals > result["weight"]) > 50
    wanted = simulate(len(voltages), arrivals)
    assert not wanted.spikes.size
    np.testing.assert_allclose(voltages, wanted.voltages, atol=VOLTAGE_ERROR_MV, rtol=0)


@pytest.mark.board
async def test_the_official_live_client_injects_and_receives(tmp_path: Path) -> None:
    async with EmulatedBoard() as board:
        await run_script(SCRIPTS / "official_live.py", tmp_path, board, "result.json")
    result = json.loads((tmp_path / "result.json").read_text())
    assert len(result["sent"]) == 40
    assert [neuron for _, neuron in result["received"]] == result["sent"]
    assert sorted(result["received"]) == result["recorded"]


@pytest.mark.board
async def test_spinnman_boots_the_board_and_reads_back_what_it_wrote(tmp_path: Path) -> None:
    async with EmulatedBoard(booted=False) as board:
        said = await run_script(SCRIPTS / "spinnman_boot.py", tmp_path, board, board.address)
        assert (await board.status()).booted
    assert "chips 4 cores 72" in said
    assert "memory is as written" in said
