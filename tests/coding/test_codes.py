"""Every code: what it says, its bounds, and that what was said can be read back."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spinnlive.coding import (
    DeltaCode,
    Even,
    LatencyCode,
    Poisson,
    PopulationCode,
    Ranges,
    RateCode,
    Smoother,
)
from spinnlive.errors import UsageError

RANGES = Ranges((-1.0, 0.0, 10.0), (3.0, 0.5, 90.0))
LOW, HIGH = np.array(RANGES.low), np.array(RANGES.high)
inside = st.tuples(*(st.floats(low, high) for low, high in zip(LOW, HIGH, strict=True)))
anywhere = st.tuples(*[st.floats(-1e6, 1e6)] * 3)


def counts(ids: np.ndarray, size: int) -> np.ndarray:
    return np.bincount(ids, minlength=size)


@settings(deadline=None)
@given(anywhere)
@pytest.mark.parametrize("code", [RateCode(RANGES, 4, 5.0, 80.0), PopulationCode(RANGES, 9)])
def test_rates_are_bounded(code: RateCode | PopulationCode, values: tuple[float, ...]) -> None:
    rates = code.rates_hz(values)
    assert rates.shape == (code.size,)
    assert (rates >= 0).all() and (rates <= 150.0).all()
    assert np.array_equal(rates, code.rates_hz(np.clip(values, LOW, HIGH)))


@settings(deadline=None)
@given(inside)
def test_a_rate_code_is_read_back_from_even_spikes(values: tuple[float, ...]) -> None:
    code = RateCode(RANGES, neurons=5, least_hz=10.0, most_hz=110.0)
    spikes = counts(Even(code.size, seed=2).advance(code.rates_hz(values), 500.0), code.size)
    bound = (HIGH - LOW) / ((110.0 - 10.0) * 0.5)  # as the docstring says
    assert (np.abs(code.values(spikes, 500.0) - values) <= bound + 1e-9).all()


@settings(deadline=None)
@given(inside)
def test_the_population_vector_of_the_rates(values: tuple[float, ...]) -> None:
    code = PopulationCode(RANGES, neurons=12)
    middle = LOW + (HIGH - LOW) * (0.15 + 0.7 * (np.array(values) - LOW) / (HIGH - LOW))
    assert (np.abs(code.values(code.rates_hz(middle)) - middle) < 0.02 * (HIGH - LOW)).all()


@settings(deadline=None)
@given(inside)
def test_the_likeliest_value_of_the_rates_over_the_whole_range(values: tuple[float, ...]) -> None:
    code = PopulationCode(RANGES, neurons=12)
    expected = code.rates_hz(values) * 10.0  # spikes in ten seconds
    assert (np.abs(code.likeliest(expected, 10_000.0) - values) <= 0.006 * (HIGH - LOW)).all()


def test_the_likeliest_value_beats_the_population_vector_at_the_ends() -> None:
    code = PopulationCode(Ranges.of(0.0, 1.0), neurons=8)
    spikes = code.rates_hz(0.98)
    assert abs(code.likeliest(spikes, 1000.0)[0] - 0.98) < abs(code.values(spikes)[0] - 0.98)


def test_a_population_that_is_silent_says_nothing_by_its_vector() -> None:
    code = PopulationCode(Ranges.of(0.0, 1.0), neurons=4)
    assert np.isnan(code.values(np.zeros(4))).all()


def test_even_spikes_are_as_many_as_the_rate_says_and_even() -> None:
    placer = Even(3, seed=4)
    rates = np.array([0.0, 50.0, 150.0])
    fired = [placer.advance(rates, 4.0) for _ in range(250)]  # one second
    total = counts(np.concatenate(fired), 3)
    assert total[0] == 0
    assert abs(total[1] - 50) <= 1
    assert abs(total[2] - 150) <= 1
    times = [4 * place for place, ids in enumerate(fired) if 1 in ids]
    assert set(np.diff(times)) == {20}


def test_a_neuron_can_fire_twice_in_one_advance() -> None:
    assert Even(1, seed=0).advance([1000.0], 5.0).tolist() == [0] * 5


def test_poisson_spikes_have_the_mean_and_the_variance_of_their_rate() -> None:
    placer = Poisson(4000, seed=1)
    total = counts(placer.advance(np.full(4000, 20.0), 500.0), 4000)  # 10 expected
    assert abs(total.mean() - 10.0) < 5 * math.sqrt(10.0 / 4000)
    assert 8.5 < total.var() < 11.5


@pytest.mark.parametrize("kind", [Even, Poisson])
def test_the_same_seed_gives_the_same_spikes(kind: type[Even] | type[Poisson]) -> None:
    one, other = kind(32, seed=7), kind(32, seed=7)
    rates = np.linspace(0.0, 300.0, 32)
    for _ in range(50):
        assert one.advance(rates, 1.0).tolist() == other.advance(rates, 1.0).tolist()


@settings(deadline=None, max_examples=30)
@given(st.floats(0.5, 50.0), st.floats(1.0, 50.0), st.integers(0, 20))
def test_a_smoother_comes_to_exactly_the_rate(step: float, tau: float, spikes: int) -> None:
    smoother = Smoother(1, tau)
    for _ in range(int(40 * tau / step) + 2):
        rate = smoother.advance([spikes], step)
    assert rate[0] == pytest.approx(spikes * 1000.0 / step, rel=1e-9)


def test_a_smoother_forgets_by_its_time_constant() -> None:
    smoother = Smoother(1, 10.0)
    before = smoother.advance([3], 5.0)
    assert smoother.advance([0], 5.0) == pytest.approx(before * math.exp(-0.5))


@settings(deadline=None)
@given(inside)
def test_a_latency_is_read_back(values: tuple[float, ...]) -> None:
    code = LatencyCode(RANGES, window_ms=40.0)
    times = code.times_ms(values)
    assert (times >= 0).all() and (times <= 40.0).all()
    assert np.allclose(code.values(times), values, atol=1e-9 * float(np.abs(HIGH - LOW).max()))


def test_the_larger_value_is_the_earlier_spike_and_no_spike_is_no_value() -> None:
    code = LatencyCode(Ranges.of([0.0, 0.0], [1.0, 1.0]), window_ms=10.0)
    early, late = code.times_ms([0.9, 0.2])
    assert early < late
    assert np.isnan(code.values([np.nan, 10.5])).all()


@settings(deadline=None)
@given(st.lists(st.floats(-2.0, 2.0), min_size=1, max_size=60))
def test_send_on_change_follows_within_a_threshold(values: list[float]) -> None:
    code = DeltaCode(1, threshold=0.1, most=1000)
    encoder, decoder = code.encoder(0.0), code.decoder(0.0)
    for value in values:
        assert abs(decoder.advance(encoder.advance(value))[0] - value) < 0.1 + 1e-6


def test_a_jump_is_sent_in_parts() -> None:
    code = DeltaCode(2, threshold=1.0, most=3)
    encoder, decoder = code.encoder([0.0, 0.0]), code.decoder([0.0, 0.0])
    fired = [encoder.advance([7.0, -2.0]) for _ in range(4)]
    assert [each.tolist() for each in fired] == [[0, 0, 0, 3, 3], [0, 0, 0], [0], []]
    assert [decoder.advance(each) for each in fired][-1].tolist() == [7.0, -2.0]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Ranges((0.0,), (0.0,)),
        lambda: Ranges((0.0,), (math.inf,)),
        lambda: Ranges((0.0, 1.0), (1.0,)),
        lambda: RateCode(RANGES, 0),
        lambda: RateCode(RANGES, 1, 10.0, 10.0),
        lambda: PopulationCode(RANGES, 1),
        lambda: PopulationCode(RANGES, width=0.0),
        lambda: PopulationCode(RANGES).rates_hz([1.0]),
        lambda: PopulationCode(RANGES).rates_hz([1.0, math.nan, 20.0]),
        lambda: PopulationCode(RANGES).values([1.0]),
        lambda: RateCode(RANGES).values([1.0, -1.0, 0.0], 10.0),
        lambda: RateCode(RANGES).values([1.0, 1.0, 0.0], 0.0),
        lambda: LatencyCode(RANGES, math.nan),
        lambda: LatencyCode(RANGES).values([1.0]),
        lambda: DeltaCode(0, 1.0),
        lambda: DeltaCode(1, 0.0),
        lambda: DeltaCode(1, 1.0).encoder(0.0).advance(math.nan),
        lambda: DeltaCode(1, 1.0).decoder(0.0).advance([2]),
        lambda: Smoother(1, 0.0),
        lambda: Smoother(2, 1.0).advance([1.0], 1.0),
        lambda: Even(2, 0).advance([1.0], 1.0),
        lambda: Poisson(1, 0).advance([-1.0], 1.0),
    ],
)
def test_what_cannot_be_is_refused(wrong: object) -> None:
    with pytest.raises(UsageError):
        wrong()  # type: ignore[operator]
