"""What was delivered, compared with what was recorded."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spinnlive.live.delivery import (
    Delivery,
    PopulationReport,
    fingerprint,
    fingerprint_of_few,
)
from spinnlive.live.keys import KeyTable
from spinnlive.live.report import LiveReport
from spinnlive.toolchain.values import RecordedSpikes

SIZE = 4
Spikes = list[tuple[int, int]]
"""Of (neuron, tick)."""


def report(
    delivered: Spikes, recorded: Spikes | None, neurons: list[int] | None = None, late: int = 0
) -> PopulationReport:
    """Deliver spikes of population b in either way, the last so many of them late."""
    keys = KeyTable.build(
        ("a", "b"), np.arange(2 * SIZE), np.repeat([0, 1], SIZE), np.tile(np.arange(SIZE), 2)
    )
    delivery = Delivery(keys)
    for number, (neuron, tick) in enumerate(delivered):
        is_late = number >= len(delivered) - late
        if number % 2:
            delivery.note_few(1, tick, [neuron], is_late)
        else:
            delivery.note(1, tick, np.array([neuron], np.int32), is_late)
    assert delivery.late == late
    if recorded is None:
        return delivery.report("b", None)
    rows = np.array(recorded, np.int64).reshape(-1, 2)
    whole = list(range(SIZE)) if neurons is None else neurons
    return delivery.report("b", RecordedSpikes(rows, np.array(whole)))


def test_what_was_not_recorded_is_not_known() -> None:
    assert report([(0, 1), (3, 1)], None, late=1) == PopulationReport(
        "b", 2, 1, None, None, None, None
    )


def test_what_was_recorded_in_some_ticks_only_is_not_compared() -> None:
    delivery = Delivery(KeyTable.build(("a",), np.arange(2), np.zeros(2, int), np.arange(2)))
    delivery.note(0, 1, np.array([0, 1], np.int32), False)
    sampled = RecordedSpikes(np.array([[1, 1]]), np.arange(2), every_ticks=3)
    found = delivery.report("a", sampled)
    assert found == PopulationReport("a", 2, 0, 1, None, None, None)
    report = LiveReport(10, (found,), ())
    assert report.complete
    assert "recorded in some ticks only" in str(report)


def test_everything_in_its_tick() -> None:
    spikes = [(0, 1), (3, 1), (0, 2)]
    assert report(spikes, spikes[::-1]) == PopulationReport("b", 3, 0, 3, 0, 0, True)


def test_lost_doubled_and_shifted_spikes_are_told_neuron_by_neuron() -> None:
    found = report([(0, 1), (0, 1), (2, 5)], [(0, 1), (1, 1), (2, 4), (2, 5), (3, 9)])
    assert (found.lost, found.extra, found.same_ticks) == (3, 1, False)
    found = report([(0, 1), (2, 5)], [(0, 1), (2, 4)])
    assert (found.lost, found.extra, found.same_ticks) == (0, 0, False)


def test_a_neuron_that_fires_twice_in_a_tick_counts_once_as_it_does_live() -> None:
    found = report([(1, 7)], [(1, 7), (1, 7)])
    assert (found.recorded, found.lost, found.same_ticks) == (1, 0, True)


def test_of_a_population_that_was_recorded_in_part_only_that_is_compared() -> None:
    found = report([(0, 1), (1, 1), (1, 2)], [(1, 1), (1, 2), (1, 3)], neurons=[1, 2])
    assert (found.delivered, found.recorded, found.lost, found.extra) == (3, 3, 1, 0)
    assert found.same_ticks is None


def test_without_keys_the_sizes_are_learnt() -> None:
    nothing = np.empty(0, np.int64)
    delivery = Delivery(KeyTable.build(("a",), nothing, nothing, nothing))
    for neuron in (2, 0, 2):
        delivery.note(0, 1, np.array([neuron], np.int32), late=False)
    rows = np.array([[2, 1], [0, 1], [2, 2]])
    found = delivery.report("a", RecordedSpikes(rows, np.arange(3)))
    assert (found.delivered, found.lost, found.extra) == (3, 0, 0)


@given(st.integers(0, 0xFFFFFFFF), st.lists(st.integers(0, 0x7FFFFFFF)))
def test_the_fingerprint_of_few_is_that_of_many(tick: int, neurons: list[int]) -> None:
    assert fingerprint_of_few(tick, neurons) == fingerprint(tick, np.array(neurons, np.int32))


@given(st.sets(st.tuples(st.integers(0, SIZE - 1), st.integers(0, 9)), min_size=1), st.data())
def test_one_spike_in_another_tick_is_noticed(
    spikes: set[tuple[int, int]], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(sorted(spikes)))
    assert report(order, sorted(spikes)).same_ticks
    neuron, tick = order[0]
    moved = [(neuron, tick + 10), *order[1:]]
    assert report(moved, sorted(spikes)).same_ticks is False
