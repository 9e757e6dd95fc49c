"""Who waits without sleep gives way to a board, and to nobody who would take long."""

from __future__ import annotations

import os

import pytest

from spinnlive.boards import giving_way as module
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
        self.leaving_s = 0.0
        self.given = self.left = 0

    def give(self) -> None:
        self.given += 1
        self.now += self.taken_s

    def leave(self) -> None:
        self.left += 1
        self.now += self.leaving_s


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


def test_a_move_to_a_busy_processor_is_not_tried_again_at_once() -> None:
    here = Processor()
    here.taken_s = BOARD_S / 2
    manners = GivingWay(here.give, here.leave, lambda: here.now)
    here.leaving_s = 3 * BOARD_S
    for _ in range(5):
        manners.give_way()
    assert (here.given, here.left) == (1, 1)


class Affinity:
    """The processors that the kernel lets this thread use; it runs on ``on``. Refuses the first ``refuse`` changes."""

    def __init__(self, patch: pytest.MonkeyPatch, allowed: set[int], on: int) -> None:
        self.allowed = allowed
        self.asked: list[set[int]] = []
        self.refuse = 0
        patch.setattr(module, "_processor", lambda: on)
        patch.setattr(os, "sched_getaffinity", lambda thread: set(self.allowed))
        patch.setattr(os, "sched_setaffinity", self._set)

    def _set(self, thread: int, processors: set[int]) -> None:
        assert thread == 0
        self.asked.append(processors)
        if len(self.asked) <= self.refuse:
            raise PermissionError(1, "Operation not permitted")
        self.allowed = processors


def test_a_thread_that_has_left_may_run_where_it_might_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kernel = Affinity(monkeypatch, {0, 2, 3}, on=2)
    leave_processor()
    assert kernel.asked == [{0, 3}, {0, 2, 3}]


def test_a_thread_that_may_run_on_one_processor_alone_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kernel = Affinity(monkeypatch, {2}, on=2)
    leave_processor()
    assert kernel.asked == []


def test_a_processor_that_is_not_known_is_not_left(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Affinity(monkeypatch, {0, 2, 3}, on=2)
    monkeypatch.setattr(module, "_processor", None)
    leave_processor()
    assert kernel.asked == []


@pytest.mark.parametrize("refuse", [1, 2])
def test_a_refusal_is_no_error(monkeypatch: pytest.MonkeyPatch, refuse: int) -> None:
    kernel = Affinity(monkeypatch, {0, 2, 3}, on=2)
    kernel.refuse = refuse
    leave_processor()
    assert kernel.asked[-1] == {0, 2, 3}


def test_the_kernel_lets_a_thread_leave() -> None:
    before = os.sched_getaffinity(0)
    leave_processor()
    assert os.sched_getaffinity(0) == before
