"""Who falls behind is told, as a stream and to a `Stall`, and what follows from it."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.lowlevel
import trio.testing

from spinnlive.errors import BoardLost, FellBehind, RunStateError, UsageError
from spinnlive.live.clock import Clock, ClockObservation
from spinnlive.live.feed import fed
from spinnlive.live.pace import Guard, Stall, Stalled, tell_pace, tell_ticks
from spinnlive.live.tap import Tap

TICK_S = 0.002  # 1 ms of biological time, timeScaleFactor 2


class Board:
    """Keeps its pace but for the time that it was told to stand still."""

    def __init__(self) -> None:
        self.clock = Clock(1000, 2, host_time=trio.current_time, sleep_until=trio.sleep_until)
        self.start_s = trio.current_time()
        self.stood_s = 0.0
        self.silent = False
        self.clock.start(None)
        self.clock.observe(ClockObservation(self.start_s, 0.0, 0.0001))

    async def ask(self) -> int:
        if self.silent:
            await trio.sleep_forever()
        await trio.lowlevel.checkpoint()
        now = trio.current_time()
        tick = int((now - self.start_s - self.stood_s) / TICK_S + 1e-6)
        self.clock.observe_poll(tick, now, now)
        return tick

    def lose(self, biological_ms: float) -> None:
        self.stood_s += biological_ms / 1000 * 2


class Seen:
    def __init__(self) -> None:
        self.stalls: list[Stalled] = []
        self.put_off = 0
        self.stopped = False
        self.busy_s = 0.0

    async def call(self, stalled: Stalled) -> None:
        self.stalls.append(stalled)
        await trio.sleep(self.busy_s)

    def put(self, ticks: int) -> None:
        self.put_off += ticks

    def stop(self) -> None:
        self.stopped = True


def guard(board: Board, seen: Seen, **stall: Any) -> Guard:
    policy = Stall(call=seen.call, **stall)
    return Guard(policy, board.clock, board.ask, seen.put, seen.stop)


async def busy(clock: trio.testing.MockClock, seconds: float) -> None:
    """Be a host that does nothing else for so long: time passes and nobody runs."""
    clock.jump(seconds)
    await trio.lowlevel.checkpoint()


async def test_a_board_that_keeps_its_pace_is_left_alone(
    autojump_clock: trio.testing.MockClock,
) -> None:
    board, seen = Board(), Seen()
    with trio.move_on_after(5):
        await guard(board, seen, behind_ms=20).watch()
    assert seen.stalls == []


async def test_going_on_calls_again_only_when_it_became_worse(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    board, seen = Board(), Seen()
    nursery.start_soon(guard(board, seen, behind_ms=20).watch)
    await trio.sleep(1)
    board.lose(30)
    await trio.sleep(1)
    assert [stalled.who for stalled in seen.stalls] == ["board"]
    assert seen.stalls[0].behind_ms == pytest.approx(30, abs=2)
    board.lose(10)
    await trio.sleep(1)
    assert len(seen.stalls) == 1
    board.lose(15)
    await trio.sleep(1)
    assert len(seen.stalls) == 2
    assert (seen.put_off, seen.stopped) == (0, False)


async def test_slowing_down_counts_from_there(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    board, seen = Board(), Seen()
    nursery.start_soon(guard(board, seen, behind_ms=20, then="slow down").watch)
    await trio.sleep(1)
    for times in (1, 2):
        board.lose(30)
        await trio.sleep(1)
        assert len(seen.stalls) == times
        assert board.clock.behind_ms < 5
    assert seen.put_off == 0


async def test_a_late_host_puts_off_what_waits(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    board, seen = Board(), Seen()
    nursery.start_soon(guard(board, seen, behind_ms=20, then="slow down").watch)
    await trio.sleep(1)
    await busy(autojump_clock, 0.1)  # 50 ms of biological time
    await trio.sleep(0.001)
    assert [stalled.who for stalled in seen.stalls] == ["host"]
    assert seen.put_off == pytest.approx(50, abs=6)


async def test_stopping_ends_the_run_with_a_clear_error(
    autojump_clock: trio.testing.MockClock,
) -> None:
    board, seen = Board(), Seen()
    board.lose(30)
    guarding = guard(board, seen, behind_ms=20, then="stop")
    await guarding.watch()
    assert seen.stopped
    assert isinstance(guarding.error, FellBehind)
    for part in ("the board fell behind", "allows 20 ms", "timeScaleFactor"):
        assert part in str(guarding.error)


async def test_a_silent_board_is_behind_from_when_it_was_asked(
    autojump_clock: trio.testing.MockClock,
) -> None:
    board, seen = Board(), Seen()
    board.silent = True
    guarding = guard(board, seen, behind_ms=20, then="stop")
    await guarding.watch()
    assert seen.stalls[0].who == "board"
    assert seen.stalls[0].behind_ms == pytest.approx(25, abs=3)


async def test_an_error_of_the_call_ends_the_run(autojump_clock: trio.testing.MockClock) -> None:
    board, seen = Board(), Seen()

    async def fail(stalled: Stalled) -> None:
        raise ZeroDivisionError

    board.lose(30)
    guarding = Guard(Stall(20, call=fail), board.clock, board.ask, seen.put, seen.stop)
    await guarding.watch()
    assert isinstance(guarding.error, ZeroDivisionError)
    assert seen.stopped


@pytest.mark.parametrize("wrong", [{"behind_ms": 0}, {"behind_ms": 5, "then": "run away"}])
def test_what_is_no_policy(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Stall(**wrong)


async def test_the_clock_stream_follows_the_board(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    board = Board()
    async with fed(
        nursery, "drop_oldest", 99, lambda feed: tell_ticks(feed, board.clock, 10)
    ) as ticks:
        got = [await anext(ticks) for _ in range(3)]
        assert [each.tick for each in got] == [10, 20, 30]
        assert [each.time_ms for each in got] == [10.0, 20.0, 30.0]
        assert all(each.late_ms < 0.01 for each in got)
        # the host is busy for 60 ms of biological time: six ticks of the stream are skipped
        await busy(autojump_clock, 0.12)
        assert (await anext(ticks)).tick == 90
        assert ticks.statistics().dropped == 5
        board.clock.end(None)
        assert [each async for each in ticks] == []


async def test_the_clock_stream_ends_with_what_ended_the_run(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    for error, expected in ((None, StopAsyncIteration), (BoardLost("gone"), BoardLost)):
        board = Board()
        ticks = fed(nursery, "latest", 1, lambda feed: tell_ticks(feed, board.clock, 100))  # noqa: B023
        await trio.lowlevel.checkpoint()
        board.clock.end(error)
        with pytest.raises(expected):
            await anext(ticks)


async def test_telemetry_tells_who_is_behind(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    board, is_open = Board(), True
    tap, heard = Tap(), []
    tap.listen(lambda kind, value: heard.append((kind, value)))
    async with fed(
        nursery,
        "latest",
        1,
        lambda feed: tell_pace(feed, board.clock, 0.1, board.ask, lambda: is_open, tap),
    ) as telemetry:
        await trio.sleep(3.05)
        pace = await anext(telemetry)
        assert (pace.asked, pace.running) == (2, True)
        assert pace.achieved == pytest.approx(2.0, rel=0.01)
        assert (pace.behind_ms, pace.host_late_ms) == (pytest.approx(0, abs=1), 0)
        assert pace.tick == pytest.approx(1500, abs=1)
        assert heard[-1] == ("telemetry", pace)
        board.lose(100)
        await trio.sleep(1)
        pace = await anext(telemetry)
        assert pace.behind_ms == pytest.approx(100, abs=2)
        await busy(autojump_clock, 0.55)
        pace = await anext(telemetry)
        assert pace.host_late_ms > 400
        board.clock.stop()
        await trio.sleep(0.2)
        pace = await anext(telemetry)
        assert not pace.running
        is_open = False
        await trio.sleep(0.2)
        assert telemetry.ended


async def test_waiting_for_a_tick_ends_with_the_run(
    autojump_clock: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    board = Board()
    board.clock.end(None)
    with pytest.raises(RunStateError):
        await board.clock.sleep_until(100)
