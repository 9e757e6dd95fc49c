"""Ids are checked and split over cores and datagrams; timed spikes leave in their tick."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import trio
import trio.testing

from spinnlive import wire
from spinnlive.errors import BoardLost, NeuronIdError, RunStateError, UsageError
from spinnlive.live import timetable
from spinnlive.live.clock import Clock, ClockObservation
from spinnlive.live.database import SourceCore
from spinnlive.live.injector import Injector


@dataclass
class Sent:
    """A packet that has left, and in which tick."""

    core: tuple[int, int, int]
    keys: list[int]
    tick: int


class Board:
    """Takes packets; its clock is trio's, one tick a ms."""

    def __init__(self) -> None:
        self.clock = Clock(1000, 1, host_time=trio.current_time, sleep_until=trio.sleep_until)
        self.sent: list[Sent] = []
        self.may_start = trio.Event()
        self.may_start.set()
        self.may_take = trio.Event()
        self.may_take.set()
        self.shift = 0
        self.failure: Exception | None = None

    def start(self, limit: int | None = None) -> None:
        self.clock.set_tick(0)
        self.clock.start(limit)
        self.clock.observe(ClockObservation(trio.current_time(), 0.0, 0.01))

    async def ready(self) -> None:
        await self.may_start.wait()

    def check_open(self) -> None:
        if self.failure is not None:
            raise self.failure

    @property
    def ticks(self) -> list[tuple[int, list[int]]]:
        return [(each.tick, each.keys) for each in self.sent]


@dataclass
class Lane:
    """The way to one core of it."""

    core: SourceCore
    board: Board
    refuses: BoardLost | None = field(default=None)

    async def send(self, packet: bytes) -> None:
        await self.board.may_take.wait()
        if self.refuses is not None:
            raise self.refuses
        self._take(packet)

    def send_now(self, packet: bytes) -> bool:
        if self.refuses is not None or not self.board.may_take.is_set():
            return False
        self._take(packet)
        return True

    def _take(self, packet: bytes) -> None:
        keys = wire.decode_events(packet).keys.tolist()
        place = (self.core.x, self.core.y, self.core.p)
        self.board.sent.append(Sent(place, keys, self.board.clock.tick))


def injector(
    board: Board,
    *cores: SourceCore,
    size: int = 500,
    nursery: trio.Nursery | None = None,
    keys: Any = None,
) -> Injector:
    cores = cores or (SourceCore(0, 1, 4, 0, size - 1),)
    lanes: Any = [Lane(core, board) for core in cores]
    return Injector(
        "in",
        size,
        lanes,
        board.clock,
        keys=keys,
        ready=board.ready,
        check_open=board.check_open,
        spawn=nursery.start_soon if nursery is not None else lambda work: None,
        shift=lambda: board.shift,
    )


async def test_ids_go_out_bare_and_in_order() -> None:
    board = Board()
    await injector(board).send([3, 0, 3])
    assert board.sent == [Sent((0, 1, 4), [3, 0, 3], 0)]


async def test_a_list_that_changes_while_the_call_waits_changes_nothing(
    nursery: trio.Nursery,
) -> None:
    board, ids = Board(), [3, 0]
    board.may_start = trio.Event()
    nursery.start_soon(injector(board).send, ids)
    await trio.testing.wait_all_tasks_blocked()
    ids[:] = [10**9]
    board.may_start.set()
    await trio.testing.wait_all_tasks_blocked()
    assert board.sent == [Sent((0, 1, 4), [3, 0], 0)]


@pytest.mark.parametrize("hindrance", ["no room", "another's turn"])
async def test_while_it_runs_a_call_that_must_wait_sends_what_it_was_given(
    nursery: trio.Nursery, hindrance: str
) -> None:
    board, ids = Board(), [3, 0]
    board.start()
    way = injector(board)
    board.may_take = trio.Event()
    before = []
    if hindrance == "another's turn":
        nursery.start_soon(way.send, np.array([7]))
        before = [[7]]
        await trio.testing.wait_all_tasks_blocked()
    nursery.start_soon(way.send, ids)
    await trio.testing.wait_all_tasks_blocked()
    ids[:] = [10**9]
    board.may_take.set()
    await trio.testing.wait_all_tasks_blocked()
    assert [each.keys for each in board.sent] == [*before, [3, 0]]
    assert way.spikes_sent == 2 + len(before)


async def test_while_it_runs_what_ended_the_live_run_is_raised_and_nothing_sent() -> None:
    board = Board()
    board.start()
    board.failure = BoardLost("gone")
    with pytest.raises(BoardLost, match="gone"):
        await injector(board).send([1])
    assert board.sent == []


@pytest.mark.parametrize("running", [False, True])
@pytest.mark.parametrize("ids", [[2, 1], np.array([2, 1])], ids=["list", "array"])
async def test_the_tap_is_told_once(running: bool, ids: Any) -> None:
    board = Board()
    if running:
        board.start()
    way, told = injector(board), []
    way._tap.listen(lambda kind, value: told.append((kind, value.neuron_ids.tolist())))
    await way.send(ids)
    assert told == [("injected", [2, 1])]


async def test_numpy_arrays_and_single_ids_and_none_at_all() -> None:
    board = Board()
    way = injector(board)
    await way.send(np.array([1, 2], np.uint8))
    await way.send(7)
    await way.send([])
    assert [each.keys for each in board.sent] == [[1, 2], [7]]
    counts = way.statistics()
    assert (counts.sent, counts.late, counts.waiting, counts.datagrams) == (3, 0, 0, 2)


@pytest.mark.parametrize(
    "ids", [[500], [-1], [0, 500], [1.5], [[1, 2]], [[1], [2, 3]], ["a"], [True]]
)
async def test_what_is_no_id_is_refused_before_anything_is_sent(ids: list[object]) -> None:
    board = Board()
    with pytest.raises(NeuronIdError, match="'in'"):
        await injector(board).send(ids)  # type: ignore[arg-type]
    assert board.sent == []


async def test_the_error_names_id_and_limit() -> None:
    with pytest.raises(NeuronIdError, match=r"no neuron 500: its 500 neurons are 0 to 499"):
        await injector(Board()).send([1, 500])


async def test_cores_get_their_own_neurons_counted_from_their_first() -> None:
    board = Board()
    way = injector(
        board,
        SourceCore(0, 0, 1, 0, 1),
        SourceCore(1, 0, 2, 2, 3),
        SourceCore(1, 1, 3, 4, 9),
        size=10,
    )
    await way.send([9, 0, 3, 2])
    assert [(each.core, each.keys) for each in board.sent] == [
        ((0, 0, 1), [0]),
        ((1, 0, 2), [1, 0]),
        ((1, 1, 3), [5]),
    ]


async def test_an_injector_that_records_gets_whole_keys() -> None:
    board = Board()
    cores = SourceCore(0, 0, 1, 0, 249), SourceCore(1, 0, 2, 250, 499)
    await injector(board, *cores, keys=0x70000 + np.arange(500)).send([499, *range(64)])
    assert [each.keys[-1] for each in board.sent] == [0x7003E, 0x7003F, 0x701F3]
    assert [len(each.keys) for each in board.sent] == [63, 1, 1]


async def test_many_spikes_go_in_full_packets() -> None:
    board = Board()
    await injector(board).send(np.arange(127 * 9 + 1) % 500)
    assert [len(each.keys) for each in board.sent] == [127] * 9 + [1]


async def test_before_the_run_starts_it_waits() -> None:
    board = Board()
    board.may_start = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(injector(board).send, [1])
        await trio.testing.wait_all_tasks_blocked()
        assert board.sent == []
        board.may_start.set()
    assert len(board.sent) == 1


async def test_a_closed_run_refuses() -> None:
    board = Board()
    board.failure = RunStateError("the live run is closed")
    with pytest.raises(RunStateError):
        await injector(board).send([0], at=3)


async def test_what_was_sent_before_a_cancellation_is_counted() -> None:
    board = Board()
    board.may_take = trio.Event()
    way = injector(board)
    with trio.move_on_after(0):
        await way.send([1, 2])
    assert way.statistics().sent == 0
    board.may_take.set()
    await way.send([3])
    assert way.statistics().sent == 1


async def test_timed_spikes_leave_in_their_tick(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    board = Board()
    way = injector(board, nursery=nursery)
    await way.send([1], at=20)
    await way.send([2], at=10)
    await way.send([3], at=20)
    assert way.statistics().waiting == 3
    await trio.sleep(1)
    assert board.sent == []
    board.start()
    await trio.sleep(0.005)
    await way.send([4], at=7)
    await trio.sleep(0.1)
    assert board.ticks == [(7, [4]), (10, [2]), (20, [1, 3])]
    assert (way.statistics().waiting, way.statistics().late) == (0, 0)


async def test_a_tick_that_is_over_counts_as_late_and_is_sent(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    board = Board()
    board.start()
    await trio.sleep(0.05)
    way = injector(board, nursery=nursery)
    await way.send([1, 2], at=30)
    await trio.sleep(0.01)
    assert board.ticks == [(50, [1, 2])]
    assert (way.statistics().sent, way.statistics().late) == (2, 2)


async def test_what_a_stall_put_off_comes_later_and_what_is_given_after_it_does_not(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    board = Board()
    board.start()
    way = injector(board, nursery=nursery)
    await way.send([1], at=20)
    board.shift = 15
    await way.send([2], at=40)
    await trio.sleep(0.1)
    assert board.ticks == [(35, [1]), (40, [2])]


async def test_the_host_keeps_so_many_spikes_and_no_more(
    autojump_clock: trio.testing.MockClock,
    nursery: trio.Nursery,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(timetable, "MOST_WAITING", 4)
    board = Board()
    way = injector(board, nursery=nursery)
    await way.send([1, 2, 3], at=5)
    with trio.move_on_after(1) as waited:
        await way.send([4, 5], at=6)
    assert waited.cancelled_caught
    assert way.statistics().waiting == 3
    board.start()
    await way.send([6, 7], at=8)
    await trio.sleep(0.1)
    assert board.ticks == [(5, [1, 2, 3]), (8, [6, 7])]


async def test_a_lost_board_is_told_to_who_sends_next(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    board = Board()
    board.start()
    way = injector(board, nursery=nursery)
    way._lanes[0].refuses = BoardLost("gone")  # type: ignore[attr-defined]
    await way.send([1], at=5)
    await trio.sleep(0.1)
    with pytest.raises(BoardLost):
        await way.send([1], at=500)


@pytest.mark.parametrize("at", [-1, 1.5, "now", 1 << 32])
async def test_what_is_no_tick_is_refused(at: Any) -> None:
    with pytest.raises(UsageError, match="is no tick"):
        await injector(Board()).send([1], at=at)


async def test_playing_spike_trains_in_any_order(autojump_clock: trio.testing.MockClock) -> None:
    board = Board()
    board.start()
    way = injector(board)
    played = await way.play([4.0, 2.0, 2.4, 10.6], [1, 2, 3, 4], start=10)
    assert board.ticks == [(12, [2, 3]), (14, [1]), (21, [4])]
    assert (played.start, played.spikes, played.late) == (10, 4, 0)


async def test_playing_begins_with_the_next_tick(autojump_clock: trio.testing.MockClock) -> None:
    board = Board()
    board.start()
    await trio.sleep(0.1)
    played = await injector(board).play([0.0, 1.0], [0, 1])
    assert played.start == 101
    assert board.ticks == [(101, [0]), (102, [1])]


async def test_playing_says_what_was_late(autojump_clock: trio.testing.MockClock) -> None:
    board = Board()
    board.start()
    await trio.sleep(0.1)
    played = await injector(board).play([0.0, 1.0, 200.0], [0, 1, 2], start=50)
    assert (played.spikes, played.late) == (3, 2)


async def test_playing_can_be_cancelled_and_put_off(
    autojump_clock: trio.testing.MockClock,
) -> None:
    board = Board()
    board.start()
    with trio.move_on_after(0.05):
        async with trio.open_nursery() as tasks:
            tasks.start_soon(injector(board).play, [10.0, 20.0, 90.0], [0, 1, 2])
            await trio.sleep(0.015)
            board.shift = 5
    assert board.ticks == [(11, [0]), (26, [1])]


async def test_playing_nothing_and_nonsense() -> None:
    way = injector(Board())
    assert (await way.play([], [])).spikes == 0
    for times, ids in (([1.0], [1, 2]), ([-1.0], [1]), ([float("nan")], [1])):
        with pytest.raises(UsageError):
            await way.play(times, ids)
