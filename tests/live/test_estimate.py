"""Bounds of the board's position: true as long as the board keeps its pace, and soon true again."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinnlive.live.estimate import Estimate

TICK_S = 0.001


def moving() -> Estimate:
    estimate = Estimate(TICK_S, 0.0)
    estimate.start(0.0, math.inf)
    return estimate


def hear(estimate: Estimate, asked: float, answered: float, heard_s: float, true: float) -> None:
    """A core at position ``true`` at ``heard_s`` was asked and answered."""
    assert asked <= heard_s <= answered
    half = (answered - asked) / 2 / TICK_S
    middle = math.floor(true) + 0.5
    estimate.narrow((asked + answered) / 2, middle - 0.5 - half, middle + 0.5 + half)
    estimate.note((asked + answered) / 2, middle)


@given(
    st.lists(
        st.tuples(st.floats(0.001, 0.3), st.floats(0, 0.002), st.floats(0, 1)),
        min_size=1,
        max_size=30,
    ),
    st.floats(-4e-5, 4e-5),
    st.floats(0, 1.9),
)
def test_the_true_position_is_within_the_bounds(
    questions: list[tuple[float, float, float]], drift: float, ahead: float
) -> None:
    """For every round trip and phase, with crystals as good as they are."""
    estimate, now = moving(), 0.0

    def true(host_s: float) -> float:
        return ahead + host_s * (1 + drift) / TICK_S

    for pause, round_trip, share in questions:
        now += pause
        heard = now + share * round_trip
        hear(estimate, now, now + round_trip, heard, true(heard))
        now += round_trip
        bounds = estimate.at(now)
        assert bounds.lowest - 1e-6 <= true(now) <= bounds.highest + 1e-6


def test_questions_at_the_right_moment_halve_the_bounds() -> None:
    estimate, now = moving(), 0.0
    for _ in range(8):
        now += 0.01
        now = estimate.moment(math.ceil(estimate.at(now).middle))
        hear(estimate, now, now, now, now / TICK_S + 0.77)
    assert estimate.at(now).uncertainty < 0.01
    assert estimate.at(now).middle == pytest.approx(now / TICK_S + 0.77, abs=0.01)


def test_a_board_that_lost_time_once_is_believed_at_once_and_keeps_its_pace() -> None:
    estimate = moving()
    for step in range(1, 200):
        now = step * 0.02
        hear(estimate, now, now, now, now / TICK_S - (5 if step > 100 else 0))
        assert abs(estimate.at(now).middle - (now / TICK_S - (5 if step > 100 else 0))) <= 1
    assert estimate.behind(now) == pytest.approx(5, abs=1)
    estimate.rebase()
    hear(estimate, now, now, now, now / TICK_S - 5)
    assert estimate.behind(now) < 1


def test_a_slow_board_is_known_to_be_slow_and_behind() -> None:
    estimate = moving()
    for step in range(1, 100):
        now = step * 0.02
        hear(estimate, now, now, now, now / TICK_S / 2)
    assert estimate.speed == pytest.approx(0.5, rel=0.02)
    assert estimate.behind(now) == pytest.approx(now / TICK_S / 2, rel=0.02)
    assert estimate.drift_ppm(now) == (None, None)


def test_drift_comes_with_its_uncertainty() -> None:
    estimate, now, drift = moving(), 0.0, 30e-6
    while now < 100:
        now += 0.25
        ask = estimate.moment(math.ceil(estimate.at(now).middle))
        hear(estimate, ask, ask, ask, 0.3 + ask * (1 + drift) / TICK_S)
        now = ask
    found, doubt = estimate.drift_ppm(now)
    assert found is not None
    assert doubt is not None
    assert abs(found - 30) <= doubt < 10


def test_nothing_passes_the_end_of_a_run_and_a_board_that_is_done_is_not_behind() -> None:
    estimate = Estimate(TICK_S, 0.0)
    estimate.start(0.0, 100.0)
    hear(estimate, 0.05, 0.05, 0.05, 50.5)
    assert estimate.at(5.0).middle == 100
    assert estimate.behind(5.0) == 0
