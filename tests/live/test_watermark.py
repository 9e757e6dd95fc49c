"""The watermark over one gatherer and several, with heartbeats and without."""

from __future__ import annotations

from spinnlive.live.loss import MANY, Beats
from spinnlive.live.watermark import SLACK, Watermark


def test_it_is_the_least_of_the_gatherers() -> None:
    mark = Watermark([True, True])
    assert not mark.packets(0, 10)
    assert mark.packets(1, 4)
    assert mark.tick == 4
    assert mark.packets(1, 20)
    assert mark.tick == 10
    assert not mark.packets(1, 19), "it never goes back"
    assert mark.tick == 10


def test_a_gatherer_without_heartbeat_is_as_far_as_the_others_say() -> None:
    mark = Watermark([True, False])
    mark.packets(0, 10)
    assert mark.tick == 10 - SLACK
    mark.packets(1, 9)
    assert mark.tick == 9
    mark.packets(0, 50)
    assert mark.tick == 50 - SLACK


def test_without_any_heartbeat_it_moves_with_the_spikes_and_when_the_network_stands() -> None:
    mark = Watermark([False])
    mark.packets(0, 7)
    assert mark.tick == 7
    assert mark.stand(100, whole=True)
    assert (mark.tick, mark.missed_ticks) == (100, 0)


def test_a_network_that_was_stopped_from_outside_may_still_hold_spikes() -> None:
    mark = Watermark([True])
    mark.packets(0, 7)
    assert not mark.stand(9, whole=False)
    assert mark.tick == 7
    assert mark.stand(12, whole=True)


def beats(*ticks: int) -> Beats:
    heart = Beats()
    for tick in ticks:
        heart.beat(tick)
    return heart


def test_every_tick_without_a_beat_is_missed() -> None:
    heart = Beats()
    assert [heart.beat(tick) for tick in (0, 1, 4, 5)] == [False, False, True, False]
    assert (heart.missed, heart.seen) == (2, 4)


def test_a_late_beat_is_taken_back_and_a_double_one_changes_nothing() -> None:
    heart = beats(0, 3, 1, 1, 3, 0)
    assert (heart.missed, heart.seen) == (1, 3)


def test_at_the_end_of_a_run_what_is_missing_counts_only_if_it_stopped_by_itself() -> None:
    heart = beats(0, 1)
    heart.end(4, whole=True)
    assert heart.missed == 2
    heart.beat(4)
    heart.end(9, whole=False)
    assert not heart.beat(9)
    assert heart.missed == 2


def test_a_large_gap_is_counted_without_being_kept() -> None:
    heart = beats(10 * MANY)
    assert heart.missed == 10 * MANY
    heart.beat(5)
    assert heart.missed == 10 * MANY


def test_a_beat_that_comes_to_a_gatherer_ahead_of_it_is_no_loss() -> None:
    """As when stepped mode is left: the beat of tick 4 is stamped 5, where the network is stopped."""
    heart = beats(0, 2, 3)
    heart.end(4, whole=True)
    heart.beat(5)
    heart.end(5, whole=False)
    assert heart.missed == 1, "that of tick 1"
    assert not heart.beat(5)
    assert not heart.beat(6)
    assert heart.missed == 1


def test_a_tick_that_lacks_some_of_its_beats_is_a_reason_to_ask() -> None:
    heart = Beats(64)
    assert not heart.count(5, 60), "nobody knows of the ticks before"
    assert not heart.count(5, 4)
    assert not heart.count(6, 64)
    assert not heart.count(7, 60)
    assert heart.count(8, 64)
    assert not heart.count(7, 4), "it had only been overtaken"
    assert not heart.count(9, 1)
    heart.uncounted()
    assert not heart.count(10, 64)
    assert heart.missed == 0
