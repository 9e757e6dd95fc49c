"""Who waits without sleep gives way to a board, and to nobody who would take long."""

from __future__ import annotations

import os

import pytest

from spinnlive.boards.giving_way import (
    BOARD_S,
    NOBODY_S,
    PAUSE_S,
    GivingWay,
    leave_processor,
)


class Processor:
    """Somebody else takes ``taken_s`` of it whenever it is given away."""

    def __init__(self) -> None:
        self.now = 0.0
        self.taken_s = 0.0
        self.given = self.left = 0

    def give(self) -> None:
        self.given += 1
        self.now += self.taken_s

    def leave(self) -> None:
        self.left += 1


@pytest.mark.parametrize(
    ("taken_s", "left"), [(0.0, 0), (NOBODY_S / 2, 0), (2 * NOBODY_S, 3), (BOARD_S / 2, 3)]
)
def test_it_leaves_a_processor_that_a_board_needs(taken_s: float, left: int) -> None:
    here = Processor()
    here.taken_s = taken_s
    manners = GivingWay(here.give, here.leave, lambda: here.now)
    for _ in range(3):
        manners.give_way()
    assert (here.given, here.left) == (3, left)


def test_who_calculates_is_given_way_to_once_in_a_while() -> None:
    here = Processor()
    here.taken_s = 3 * BOARD_S
    manners = GivingWay(here.give, here.leave, lambda: here.now)
    for _ in range(5):
        manners.give_way()
    assert (here.given, here.left) == (1, 0)
    here.now += PAUSE_S
    for _ in range(5):
        manners.give_way()
    assert (here.given, here.left) == (2, 0)


def test_a_thread_that_has_left_may_run_where_it_might_before() -> None:
    before = os.sched_getaffinity(0)
    leave_processor()
    assert os.sched_getaffinity(0) == before


def test_a_thread_that_may_run_on_one_processor_alone_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moved: list[set[int]] = []
    here = min(os.sched_getaffinity(0))
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {here})
    try:
        monkeypatch.setattr(os, "sched_setaffinity", lambda who, where: moved.append(where))
        leave_processor()
        monkeypatch.undo()
    finally:
        os.sched_setaffinity(0, before)
    assert moved == []
