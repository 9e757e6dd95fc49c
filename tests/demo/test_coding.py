"""The population code: what it says, how evenly, and that it can be read back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from spinnlive.demo.coding import LEFT, RIGHT, SensorBank, SpikeEncoder, vote

BANK = SensorBank()
states = st.tuples(*(st.floats(-2 * limit, 2 * limit) for limit in BANK.ranges))


def read_back(rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """The population vector: the mean preferred value, weighted by rate."""
    rates, preferred = (each.reshape(4, -1) for each in (rates, BANK.preferred()))
    return (rates * preferred).sum(axis=1) / rates.sum(axis=1) * np.array(BANK.ranges)


@settings(deadline=None)
@given(states)
def test_rates_are_bounded(state: tuple[float, ...]) -> None:
    rates = BANK.rates_hz(state)
    assert rates.shape == (BANK.size,)
    assert (rates >= 0).all()
    assert (rates <= BANK.peak_rate_hz).all()
    assert rates.sum() < 2000  # two spikes per ms and fewer: the board takes it


@settings(deadline=None)
@given(states)
def test_a_state_can_be_read_back(state: tuple[float, ...]) -> None:
    inside = np.clip(state, [-0.7 * r for r in BANK.ranges], [0.7 * r for r in BANK.ranges])
    error = np.abs(read_back(BANK.rates_hz(inside)) - inside) / np.array(BANK.ranges)
    assert (error < 0.06).all()


@pytest.mark.parametrize("variable", range(4))
def test_reading_back_rises_with_the_state(variable: int) -> None:
    values = np.linspace(-1.0, 1.0, 201) * BANK.ranges[variable]
    state = np.zeros((201, 4))
    state[:, variable] = values
    read = np.array([read_back(BANK.rates_hz(each))[variable] for each in state])
    assert (np.diff(read) > 0).all()


@settings(deadline=None)
@given(states)
def test_the_code_is_symmetric(state: tuple[float, ...]) -> None:
    mirrored = BANK.rates_hz(-np.array(state)).reshape(4, -1)[:, ::-1].ravel()
    assert np.allclose(BANK.rates_hz(state), mirrored)


def test_values_beyond_the_range_look_like_its_end() -> None:
    ends = np.array(BANK.ranges)
    assert np.allclose(BANK.rates_hz(3 * ends), BANK.rates_hz(ends))


def test_spikes_are_as_many_as_the_rate_says_and_even() -> None:
    encoder = SpikeEncoder(3, seed=4)
    rates = np.array([0.0, 50.0, 150.0])
    fired = [encoder.advance(rates, 4.0) for _ in range(250)]  # one second
    counts = np.bincount(np.concatenate(fired), minlength=3)
    assert counts[0] == 0
    assert abs(counts[1] - 50) <= 1
    assert abs(counts[2] - 150) <= 1
    times = [4 * place for place, ids in enumerate(fired) if 1 in ids]
    assert set(np.diff(times)) == {20}


def test_a_neuron_can_fire_twice_in_one_advance() -> None:
    assert SpikeEncoder(1, seed=0).advance(np.array([1000.0]), 5.0).tolist() == [0] * 5


def test_the_same_seed_gives_the_same_spikes() -> None:
    one, other = SpikeEncoder(32, seed=7), SpikeEncoder(32, seed=7)
    rates = BANK.rates_hz([0.1, 0.0, -0.02, 0.3])
    for _ in range(50):
        assert one.advance(rates, 1.0).tolist() == other.advance(rates, 1.0).tolist()


def test_the_vote() -> None:
    assert vote(3, 5, LEFT) == RIGHT
    assert vote(5, 3, RIGHT) == LEFT
    assert vote(4, 4, RIGHT) == RIGHT
    assert vote(0, 0, LEFT) == LEFT
