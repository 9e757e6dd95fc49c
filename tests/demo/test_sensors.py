"""The demo's sensors and motors."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from spinnlive.demo.coding import LEFT, REACH, RIGHT, sensor_bank, vote

BANK = sensor_bank()
states = st.tuples(*(st.floats(-2 * limit, 2 * limit) for limit in REACH))


@settings(deadline=None)
@given(states)
def test_the_board_can_take_the_sensors_spikes(state: tuple[float, ...]) -> None:
    assert BANK.rates_hz(state).sum() < 2000  # two spikes per ms and fewer


@settings(deadline=None)
@given(states)
def test_a_state_can_be_read_back(state: tuple[float, ...]) -> None:
    inside = np.clip(state, [-0.7 * r for r in REACH], [0.7 * r for r in REACH])
    error = np.abs(BANK.values(BANK.rates_hz(inside)) - inside) / np.array(REACH)
    assert (error < 0.06).all()


@settings(deadline=None)
@given(states)
def test_the_code_is_symmetric(state: tuple[float, ...]) -> None:
    mirrored = BANK.rates_hz(-np.array(state)).reshape(4, -1)[:, ::-1].ravel()
    assert np.allclose(BANK.rates_hz(state), mirrored)


def test_the_vote() -> None:
    assert vote(3, 5, LEFT) == RIGHT
    assert vote(5, 3, RIGHT) == LEFT
    assert vote(4, 4, RIGHT) == RIGHT
    assert vote(0, 0, LEFT) == LEFT
