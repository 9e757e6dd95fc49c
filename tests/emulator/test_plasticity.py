"""The plasticity rules of pairs and triplets on the emulated board: each weight is where the rule's own maths puts it.

Neuromodulation and the recurrent rule: test_modulated_and_recurrent.py. That nothing is left out is tested here too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import trio
from numpy.typing import NDArray
from plain_scripts import SCRIPTS, run_script
from spynnaker.pyNN import model_binaries
from stdp_reference import (
    Additive,
    Multiplicative,
    NearestPairRule,
    PairRule,
    Rule,
    TripletRule,
    VogelsRule,
    final_weight,
)

from spinnlive.boards.emulated import EmulatedBoard

RUN_MS, W_MAX, START = 5000, 8.0, 4.0
TAUS = {"tau_plus": 20.0, "tau_minus": 30.0}
ON_A_CORE_MS = 128
"""The longest delay that the ring buffers of a core with 64 neurons hold; of a longer one, whole multiples pass before
the synapse."""


def pair(_: float) -> Rule:
    return PairRule(Additive(W_MAX, 1.0, 0.75), **TAUS)


RULES: dict[str, Callable[[float], Rule]] = {
    "pair, additive": pair,
    "pair, additive, split": pair,
    "pair, additive, long delays": pair,
    "pair, multiplicative": lambda _: PairRule(Multiplicative(W_MAX, 0.25, 0.1875), **TAUS),
    "nearest pair, additive": lambda delay_ms: NearestPairRule(
        Additive(W_MAX, 1.0, 0.75), **TAUS, delay_ms=delay_ms
    ),
    "nearest pair, multiplicative": lambda delay_ms: NearestPairRule(
        Multiplicative(W_MAX, 0.25, 0.1875), **TAUS, delay_ms=delay_ms
    ),
    "Vogels, additive": lambda _: VogelsRule(Additive(W_MAX, 0.25, 0.25), tau=20.0, alpha=0.25),
    "triplet, additive": lambda _: TripletRule(
        Additive(W_MAX, 0.0625 * W_MAX, 0.0625 * W_MAX, 0.125 * W_MAX, 0.03125 * W_MAX),
        **TAUS,
        tau_x=50.0,
        tau_y=70.0,
    ),
}
"""As scripts/plasticity.py has them, for a synapse of a given delay (ms)."""

WEIGHT_STEP = 2.0**-11
"""nA: that of the plastic synapses' receptor, whose largest weight is W_MAX."""
PAIRINGS = 4 * 57
"""The first synapses: four delays, 57 differences of time; the rest have random trains."""
POST_HISTORY = 15
"""Post-synaptic spikes that a core remembers until the next pre-synaptic one; more would be forgotten."""


def trains(rows: NDArray[np.float64], synapses: int) -> list[list[float]]:
    return [[float(time) for time in rows[rows[:, 0] == i, 1]] for i in range(synapses)]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, NDArray[np.float64]]:
    """One run serves all rules."""
    folder = tmp_path_factory.mktemp("plasticity")

    async def run() -> None:
        async with EmulatedBoard() as board:
            with trio.fail_after(300):
                await run_script(SCRIPTS / "plasticity.py", folder, board, "result.npz")

    trio.run(run)
    return dict(np.load(folder / "result.npz"))


def test_no_rule_of_spynnaker_is_left_out() -> None:
    """Neither here nor in test_modulated_and_recurrent.py: which rules there are, its binaries tell."""
    names = (path.name for path in Path(model_binaries.__path__[0]).glob("*_stdp_*.aplx"))
    rules = {re.sub(r".*_stdp_(.*?)(_structural.*)?\.aplx", r"\1", name) for name in names}
    assert rules == {
        "mad_pair_additive",
        "mad_pair_multiplicative",
        "mad_nearest_pair_additive",
        "mad_nearest_pair_multiplicative",
        "mad_vogels_2011_additive",
        "mad_pfister_triplet_additive",
        "mad_recurrent_dual_fsm_multiplicative",
        "mad_recurrent_pre_stochastic_multiplicative",
        "izhikevich_neuromodulation_pair_additive",
        "izhikevich_neuromodulation_pair_multiplicative",
        "izhikevich_neuromodulation_vogels_2011_additive",
    }


@pytest.mark.board
def test_the_input_leaves_room_to_tell(results: dict[str, NDArray[np.float64]]) -> None:
    synapses = len(results["delays"])
    pre, post = trains(results["pre"], synapses), trains(results["post"], synapses)
    for before, after in zip(pre, post, strict=True):
        for start, end in pairwise([0.0, *before]):
            assert sum(start - 20 <= time < end for time in after) <= POST_HISTORY
    for name in RULES:
        weights = results[f"{name}: weights"]
        assert np.count_nonzero(weights[:PAIRINGS] == START) == 0, name
        inside = (weights[PAIRINGS:] > 0) & (weights[PAIRINGS:] < W_MAX)
        assert np.count_nonzero(inside) >= 20, name


def split_delay(delay_ms: int) -> tuple[float, float]:
    """The parts of a delay that a pre-synaptic spike has behind it at the synapse, and that are still before it."""
    far = (delay_ms - 1) // ON_A_CORE_MS * ON_A_CORE_MS
    return float(far), float(delay_ms - far)


def arrivals(times: list[float], far: float) -> list[float]:
    """Of spikes at the end of such a way; the last ones are still on it when the run ends."""
    return [time + far for time in times if time + far < RUN_MS]


@pytest.mark.board
@pytest.mark.parametrize("name", RULES)
def test_weights_are_those_of_the_rule(name: str, results: dict[str, NDArray[np.float64]]) -> None:
    weights = results[f"{name}: weights"]
    delays = results["long_delays" if name.endswith("long delays") else "delays"]
    synapses = len(delays)
    np.testing.assert_array_equal(results[f"{name}: post"], results["post"])
    np.testing.assert_array_equal(weights % WEIGHT_STEP, 0)
    pre, post = trains(results["pre"], synapses), trains(results["post"], synapses)
    bounds = [
        final_weight(RULES[name](near), arrivals(pre[i], far), post[i], near, START, WEIGHT_STEP)
        for i, (far, near) in enumerate(map(split_delay, delays))
    ]
    low, high = np.array(bounds).T
    assert (high - low)[:PAIRINGS].max() <= 2 * WEIGHT_STEP, "the reference is too vague to tell"
    wrong = [
        f"synapse {i}, delay {delays[i]} ms: {weights[i]} is not in {low[i]} .. {high[i]};"
        f" pre {pre[i]}, post {post[i]}"
        for i in np.flatnonzero((weights < low) | (weights > high))
    ]
    assert not wrong, "\n".join(wrong[:5])
