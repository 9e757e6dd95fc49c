"""Neuromodulation and the recurrent rule on the emulated board: each weight is where the rule's own maths puts it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import neuromodulation_reference as neuromodulation
import numpy as np
import pytest
import recurrent_reference as recurrent
import trio
from neuromodulation_reference import Event, Modulation
from numpy.typing import NDArray
from plain_scripts import SCRIPTS, run_script
from recurrent_reference import OneWindow, TwoWindows
from stdp_reference import Additive, Multiplicative, PairRule, VogelsRule

from spinnlive.boards.emulated import EmulatedBoard

W_MAX, START = 8.0, 4.0
WEIGHT_STEP = 2.0**-11
"""nA: that of the plastic synapses' receptor, whose largest weight is W_MAX."""
POST_HISTORY = 15
"""Spikes of a neuron, and dopamine, that a core remembers until the next pre-synaptic one; more would be forgotten."""
TAUS = {"tau_plus": 20.0, "tau_minus": 30.0}

ModulatedRule = PairRule | VogelsRule


def pair() -> ModulatedRule:
    return PairRule(Additive(W_MAX, 1.0, 0.75), **TAUS)


MODULATED: dict[str, tuple[Callable[[], ModulatedRule], Modulation, float]] = {
    "pair, additive": (pair, Modulation(1000.0, 200.0, W_MAX), 0.03125),
    "pair, additive, fast": (pair, Modulation(100.0, 40.0, W_MAX), 0.125),
    "pair, multiplicative": (
        lambda: PairRule(Multiplicative(W_MAX, 0.125, 0.25), **TAUS),
        Modulation(400.0, 80.0, W_MAX),
        0.0625,
    ),
    "Vogels, additive": (
        lambda: VogelsRule(Additive(W_MAX, 1.0, 1.0), tau=20.0, alpha=0.03125),
        Modulation(1000.0, 80.0, W_MAX),
        0.015625,
    ),
}
"""Rule, decays, and the dopamine of one reward, as scripts/modulated_and_recurrent.py has them."""
PAIRINGS = 3 * 10 * 3
"""The first synapses: three delays, ten differences of time, three times of dopamine; the rest have random trains."""

AMPLITUDE = 0.125
CHANGES = Multiplicative(W_MAX, AMPLITUDE, AMPLITUDE)
RECURRENT: dict[str, tuple[type[TwoWindows] | type[OneWindow], recurrent.Rule]] = {
    "recurrent, two windows": (TwoWindows, recurrent.Rule(-2, 3, 20.0, 30.0, CHANGES)),
    "recurrent, one window": (OneWindow, recurrent.Rule(-2, 3, 20.0, 30.0, CHANGES)),
    "recurrent, strengthened only": (TwoWindows, recurrent.Rule(-1, 1, 20.0, 0.1, CHANGES)),
    "recurrent, weakened only": (TwoWindows, recurrent.Rule(-1, 1, 0.1, 30.0, CHANGES)),
}
"""A mean window of 0.1 ms is so short that the longest of all is less than a tick: it is never open."""
REPEATS = 10
"""Pairings of each synapse with one interval."""
SIGMAS = 4.0

Results = dict[str, NDArray[np.float64]]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """One run serves all rules."""
    folder = tmp_path_factory.mktemp("modulated")

    async def run() -> None:
        async with EmulatedBoard() as board:
            with trio.fail_after(300):
                await run_script(
                    SCRIPTS / "modulated_and_recurrent.py", folder, board, "result.npz"
                )

    trio.run(run)
    return dict(np.load(folder / "result.npz"))


def trains(rows: NDArray[np.float64], synapses: int) -> list[list[float]]:
    return [[float(time) for time in rows[rows[:, 0] == i, 1]] for i in range(synapses)]


def events_of(results: Results, amount: float) -> list[list[Event]]:
    """Spikes and dopamine of each neuron, in order."""
    events: list[list[Event]] = [[] for _ in results["delays"]]
    for name, dopamine in (("post", None), ("reward", amount), ("punishment", -amount)):
        for i, time in results[name]:
            events[int(i)].append(Event(float(time), dopamine))
    return [sorted(at_one, key=lambda event: event.time_ms) for at_one in events]


@pytest.mark.board
@pytest.mark.parametrize("name", MODULATED)
def test_modulated_weights_are_those_of_the_rule(name: str, results: Results) -> None:
    make_rule, modulation, amount = MODULATED[name]
    weights, delays = results[f"{name}: weights"], results["delays"]
    np.testing.assert_array_equal(results[f"{name}: post"], results["post"])
    np.testing.assert_array_equal(weights % WEIGHT_STEP, 0)
    assert np.count_nonzero((weights > 0) & (weights < W_MAX) & (weights != START)) >= 60
    events = events_of(results, amount)
    bounds = []
    for i, pre in enumerate(trains(results["pre"], len(delays))):
        for start, end in pairwise([0.0, *pre]):
            assert sum(start - 20 <= event.time_ms < end for event in events[i]) <= POST_HISTORY
        bounds.append(
            neuromodulation.final_weight(
                make_rule(), modulation, pre, events[i], delays[i], START, WEIGHT_STEP
            )
        )
    low, high = np.array(bounds).T
    assert (high - low)[:PAIRINGS].max() <= 8 * WEIGHT_STEP, "the reference is too vague to tell"
    wrong = [
        f"synapse {i}, delay {delays[i]} ms: {weights[i]} is not in {low[i]} .. {high[i]}; {events[i]}"
        for i in np.flatnonzero((weights < low) | (weights > high))
    ]
    assert not wrong, "\n".join(wrong[:5])


@pytest.mark.board
@pytest.mark.parametrize("name", RECURRENT)
def test_recurrent_weights_are_those_of_the_rule(name: str, results: Results) -> None:
    """With its random numbers known, every one of them."""
    machine, rule = RECURRENT[name]
    weights, delays = results[f"{name}: weights"], results["again_delays"]
    np.testing.assert_array_equal(results[f"{name}: post"], results["again_post"])
    pre, post = (trains(results[f"again_{side}"], len(delays)) for side in ("pre", "post"))
    counters = recurrent.run_core(machine, rule, pre, post, delays, START, WEIGHT_STEP)
    assert sum(counter.ups + counter.downs for counter in counters) >= 60
    low, high = np.array([counter.weight for counter in counters]).T
    assert (high - low).max() <= 4 * WEIGHT_STEP, "the reference is too vague to tell"
    wrong = [
        f"synapse {i}: {weights[i]} is not in {low[i]} .. {high[i]}; pre {pre[i]}, post {post[i]}"
        for i in np.flatnonzero((weights < low) | (weights > high))
    ]
    assert not wrong, "\n".join(wrong[:5])


@pytest.mark.board
@pytest.mark.parametrize(
    ("name", "bound", "sign"),
    [("recurrent, strengthened only", W_MAX, 1), ("recurrent, weakened only", 0.0, -1)],
)
def test_recurrent_windows_are_exponential(
    name: str, bound: float, sign: int, results: Results
) -> None:
    """And without knowing them: as often as an exponential window is longer than the interval."""
    weights, intervals = results[f"{name}: weights"], results["again_intervals"]
    rule = RECURRENT[name][1]
    mean_ms = rule.pre_ms if sign > 0 else rule.post_ms
    # with counts of one, n changes leave (1 - A) ** n of the way to the bound
    changes = np.log((bound - weights) / (bound - START)) / np.log(1 - AMPLITUDE)
    told = [int(interval) for interval in np.unique(intervals) if interval * sign > 0]
    assert len(told) >= 3
    for interval in told:
        pairings = REPEATS * np.count_nonzero(intervals == interval)
        changed = np.rint(changes[intervals == interval]).sum()
        chance = recurrent.chance(abs(interval), mean_ms)
        deviation = np.sqrt(pairings * chance * (1 - chance))
        assert abs(changed - pairings * chance) <= SIGMAS * deviation, f"{interval} ms"
    # of the other kind the window is never open
    assert np.all(weights[intervals * sign < 0] == START)
    assert np.all((weights - START) * sign >= 0)
