"""The board's time, estimated from what it says now and then."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from spinnlive.errors import BoardLost, RunStateError
from spinnlive.live.clock import Clock, ClockObservation


def clock(timestep_us: int = 1000, scale: int = 1) -> Clock:
    return Clock(timestep_us, scale, host_time=trio.current_time, sleep_until=trio.sleep_until)


async def play(of: Clock, speed: float, seconds: float) -> None:
    """Poll every 50 ms a board that runs at ``speed`` from tick 0 on."""
    begin = trio.current_time()
    while (now := trio.current_time()) < begin + seconds - 1e-9:
        of.observe_poll(int((now - begin) * speed / of.tick_s), now, now)
        await trio.sleep(0.05)


async def test_it_stands_until_the_board_is_started(
    autojump_clock: trio.testing.MockClock,
) -> None:
    time = clock()
    await trio.sleep(5)
    assert (time.tick, time.time_ms, time.board_speed) == (0, 0.0, None)


@pytest.mark.parametrize(("scale", "speed"), [(1, 1.0), (1, 0.25), (10, 1.0), (1, 3.0)])
async def test_it_learns_the_speed_of_the_board(
    autojump_clock: trio.testing.MockClock, scale: int, speed: float
) -> None:
    time = clock(scale=scale)
    time.start(None)
    await play(time, speed, 3.0)
    true_position = 3.0 * speed / time.tick_s
    reading = time.read()
    assert reading.board_speed == pytest.approx(speed, rel=0.05)
    assert abs(reading.position - true_position) <= reading.uncertainty + 1


async def test_time_is_in_ms_of_the_network(autojump_clock: trio.testing.MockClock) -> None:
    time = clock(timestep_us=500, scale=4)
    time.set_tick(10)
    assert time.time_ms == 5.0


async def test_it_does_not_pass_the_end_of_a_run(autojump_clock: trio.testing.MockClock) -> None:
    time = clock()
    time.start(100)
    await trio.sleep(1)
    assert time.tick == 100
    time.stop()
    time.set_tick(100)
    time.start(None)
    await trio.sleep(0.05)
    assert time.tick > 100


async def test_live_packets_move_it(autojump_clock: trio.testing.MockClock) -> None:
    time = clock()
    time.start(None)
    await trio.sleep(0.1)
    time.observe_packet(500, trio.current_time())
    assert time.tick == 501


async def test_waiting_goes_by_the_board_and_through_pauses(
    autojump_clock: trio.testing.MockClock,
) -> None:
    time = clock()
    reached: list[int] = []

    async def wait() -> None:
        await time.wait_until(150)
        reached.append(time.tick)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.sleep(60)
        assert reached == []
        time.start(100)
        await trio.sleep(60)
        time.stop()
        time.set_tick(100)
        assert reached == []
        time.start(200)
    assert reached == [150]


async def test_the_end_of_the_run_ends_the_waiting(
    autojump_clock: trio.testing.MockClock,
) -> None:
    for error, expected in ((None, RunStateError), (BoardLost("gone"), BoardLost)):
        time = clock()

        async def wait(time: Clock = time, expected: type[Exception] = expected) -> None:
            with pytest.raises(expected):
                await time.wait_until(1)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            await trio.testing.wait_all_tasks_blocked()
            time.end(error)


async def test_tick_and_host_time_both_ways(autojump_clock: trio.testing.MockClock) -> None:
    time = clock(scale=2)
    with pytest.raises(RunStateError, match="stands"):
        time.host_time(5)
    begin = trio.current_time()
    time.start(1000)
    time.observe(ClockObservation(begin, 0.0, 0.01))
    await trio.sleep(0.5)
    at = time.host_time(400)
    assert at.host_s == pytest.approx(begin + 0.8, abs=1e-4)
    assert at.uncertainty_s < 1e-4
    assert time.read(at.host_s).position == pytest.approx(400, abs=0.01)
    with pytest.raises(RunStateError, match="ends at tick 1000"):
        time.host_time(1001)


async def test_sleeping_ends_at_the_tick_even_when_the_board_becomes_slower(
    autojump_clock: trio.testing.MockClock,
) -> None:
    time = clock()
    begin = trio.current_time()
    time.start(None)
    time.observe(ClockObservation(begin, 0.0, 0.01))
    async with trio.open_nursery() as tasks:

        async def slow_down() -> None:
            await trio.sleep(0.2)
            time.observe(ClockObservation(trio.current_time(), 100.0, 0.01))

        tasks.start_soon(slow_down)
        await time.sleep_until(300.5)
    assert trio.current_time() - begin == pytest.approx(0.601, abs=1e-3)


@pytest.mark.parametrize("by", ["a packet", "a core's answer"])
async def test_a_board_that_is_awaited_stands_until_it_is_heard(
    autojump_clock: trio.testing.MockClock, by: str
) -> None:
    """Its cores begin some milliseconds after they were told to."""
    time = clock()
    time.start(None, awaited=True)
    await trio.sleep(0.006)
    assert (time.running, time.heard, time.position) == (True, False, 0.0)
    reached: list[int] = []

    async def wait() -> None:
        await time.sleep_until(3)
        reached.append(time.tick)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        now = trio.current_time()
        if by == "a packet":
            time.observe_packet(0, now, complete=False)
        else:
            time.observe_poll(0, now, now)
        assert time.heard
        assert 0 <= time.position <= 2
        await trio.sleep(0.004)
    assert reached == [3]
    assert abs(time.position - 4) <= time.read().uncertainty
    time.stop()
    assert not time.heard
