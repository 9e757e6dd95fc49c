"""A run stands, and goes on: scripted, on trio's mock clock; and on a board."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from spinnlive.errors import CoreFailure, RunStateError, UsageError
from spinnlive.testing import ScriptedRun, open_scripted


def echo(tick: int, injected: Any) -> dict[str, Any]:
    """Every neuron that is touched answers in the same tick."""
    return {"out": injected["in"]}


@asynccontextmanager
async def scripted() -> AsyncIterator[ScriptedRun]:
    with trio.fail_after(10_000):
        async with open_scripted(echo, live={"out": 3}, injectors={"in": 3}) as live:
            yield live


@pytest.mark.parametrize("pausable_every", [None, 5.0])
async def test_a_paused_run_stands_and_goes_on_to_its_end(
    pausable_every: float | None, autojump_clock: MockClock
) -> None:
    async with scripted() as live, trio.open_nursery() as nursery:
        stream = live.spikes("out")
        over = trio.Event()

        async def run() -> None:
            await live.run(40.0, pausable_every=pausable_every)
            over.set()

        nursery.start_soon(run)
        await live.clock.wait_until(12)
        await live.pause()
        stands = live.clock.tick
        assert stands == 12 if pausable_every is None else stands == 15
        assert (live.paused, live.clock.running, live.watermark) == (True, False, stands)
        await live.pause()  # which it does
        nursery.start_soon(live.injector("in").send, [2])
        await trio.sleep(1000)
        assert live.clock.tick == stands and not over.is_set()
        await live.resume()
        assert not live.paused
        assert (await anext(stream)).tick == stands
        await over.wait()
        assert live.clock.tick == 40
        with pytest.raises(RunStateError, match="no run"):
            await live.pause()
        with pytest.raises(RunStateError, match="no run"):
            await live.resume()


@pytest.mark.parametrize("pausable_every", [None, 5.0])
async def test_a_paused_run_can_be_cancelled_and_closed(
    pausable_every: float | None, autojump_clock: MockClock
) -> None:
    async with scripted() as live, trio.open_nursery() as nursery:
        with trio.CancelScope() as scope:

            async def stop() -> None:
                await live.clock.wait_until(3)
                await live.pause()
                scope.cancel()

            nursery.start_soon(stop)
            await live.run(pausable_every=pausable_every)
        assert scope.cancelled_caught
        assert not live.paused
        await live.run(5.0)
        assert live.clock.tick == (8 if pausable_every is None else 10)
    with pytest.raises(RunStateError, match="closed"):
        await live.pause()


@pytest.mark.parametrize("pausable_every", [None, 20.0])
async def test_a_pause_that_is_cancelled_at_once_changes_nothing(
    pausable_every: float | None, autojump_clock: MockClock
) -> None:
    async with scripted() as live, trio.open_nursery() as nursery:
        nursery.start_soon(lambda: live.run(40.0, pausable_every=pausable_every))
        await live.clock.wait_until(2)
        with trio.CancelScope() as scope:
            scope.cancel()
            await live.pause()
        assert scope.cancelled_caught
        await live.clock.wait_until(40)
    assert live.clock.tick == 40


async def test_a_cancelled_pause_lets_the_run_go_on(autojump_clock: MockClock) -> None:
    async with scripted() as live, trio.open_nursery() as nursery:
        nursery.start_soon(lambda: live.run(40.0, pausable_every=20.0))
        await live.clock.wait_until(2)
        with trio.move_on_after(0.003) as patience:
            await live.pause()
        assert patience.cancelled_caught
        await live.clock.wait_until(40)
        assert live.clock.tick == 40


@pytest.mark.parametrize("pausable_every", [None, 20.0])
async def test_a_run_can_stand_at_its_end(
    pausable_every: float | None, autojump_clock: MockClock
) -> None:
    async with scripted() as live, trio.open_nursery() as nursery:
        nursery.start_soon(lambda: live.run(20.0, pausable_every=pausable_every))
        await live.clock.wait_until(19 if pausable_every is None else 2)
        await live.pause()
        await live.resume()
        await live.clock.wait_until(20)
    with pytest.raises(RunStateError):
        await live.pause()


async def test_a_run_that_fails_before_it_stands_says_so(autojump_clock: MockClock) -> None:
    with pytest.raises(CoreFailure, match="core 3"):
        async with scripted() as live, trio.open_nursery() as nursery:
            nursery.start_soon(lambda: live.run(pausable_every=20.0))
            await live.clock.wait_until(2)
            live.fail(CoreFailure("core 3 stopped"))
            await live.pause()


async def test_the_length_must_be_whole_stretches(autojump_clock: MockClock) -> None:
    async with scripted() as live:
        with pytest.raises(UsageError, match="multiple"):
            await live.run(50.0, pausable_every=20.0)
        with pytest.raises(UsageError, match="pausable_every"):
            await live.run(50.0, pausable_every=0.5)


@pytest.mark.board
def test_pauses_are_exact_and_lose_nothing(play: Any) -> None:
    seen = play("pauses.py")
    assert seen["without a run"] == "no run is under way"
    assert len(seen["pauses"]) == 2
    for tick, moved, beyond, paused in seen["pauses"]:
        assert (tick - 10) % 20 == 0
        assert (moved, beyond, paused) == (0, 0, True)
    assert seen["running"]
    assert seen["after the exact run"] == 310
    assert seen["live equals recorded"]
    # a cell that is driven by a constant current has one period, across pauses too
    assert seen["periods"] == [1] * 24
    assert seen["injected at"] == [tick for tick, *_ in seen["pauses"]]
    assert seen["length of the plain run"] == 200
    assert seen["sPyNNaker's tick"]
    assert seen["stood"] == [0, 0]
    assert seen["felt after it was set"]
    assert seen["lost in between"] == seen["lost"] == [0, 0]
    assert seen["each tick once"]
