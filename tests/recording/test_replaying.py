"""A recording plays to the streams of a live run, at any speed, with the same code."""

from __future__ import annotations

import inspect
import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trio
from made import BEGAN_S, NETWORK, TICK_S, Story
from trio.testing import MockClock

from spinnlive.errors import (
    BoardLost,
    NeuronIdError,
    NoInjector,
    NoLiveOutput,
    RunStateError,
    UnknownPopulation,
    UnknownProjection,
    UsageError,
)
from spinnlive.live.clock import ClockEvent
from spinnlive.live.pace import Pace
from spinnlive.live.rates import RatesSet
from spinnlive.live.recorded import RecordedBlock
from spinnlive.live.run import LiveRun
from spinnlive.live.setting import WeightsSet
from spinnlive.live.streams import Stream
from spinnlive.recording.replay import Replay, open_recording

SPEEDS = [0, 1.0, 7.5]


async def a_day(path: Path) -> Path:
    """Two runs, 20 and 30 ticks, with an injection, two snapshots of weights and a stall of 1 s."""
    story = Story(path)
    story.weights(0, 1.0)
    story.wait(3.0)
    story.run(0, 20, stall={10: 1.0})
    story.wait(60.0)
    story.inject(2, 2)
    story.run(20, 50)
    story.weights(50, 2.0)
    await story.end(50)
    return path


@pytest.mark.parametrize("speed", SPEEDS)
async def test_the_same_code_sees_the_same_day(
    tmp_path: Path, autojump_clock: MockClock, speed: float
) -> None:
    seen: list[tuple[int, list[int], float]] = []
    weights: list[tuple[int, float]] = []
    injected: list[list[int]] = []
    async with open_recording(await a_day(tmp_path / "run.mcap"), speed=speed) as live:
        assert (live.facts, live.address, live.clock.tick) == (NETWORK, "127.0.0.2", 0)
        async with trio.open_nursery() as nursery:

            async def watch() -> None:
                async for batch in live.spikes("b"):
                    seen.append((batch.tick, batch.neuron_ids.tolist(), batch.time_ms))

            async def learn() -> None:
                async for snapshot in live.weights("a → b", every=10.0):
                    weights.append((snapshot.tick, float(snapshot.weights[0])))

            async def touch() -> None:
                async for batch in live.injected("a"):
                    injected.append(batch.neuron_ids.tolist())

            for task in (watch, learn, touch):
                nursery.start_soon(task)
            await trio.testing.wait_all_tasks_blocked()
            await live.run(20.0)
            assert live.clock.tick == 20
            assert len(seen) in (19, 20)  # the last may still be with its reader
            await live.run()
            assert live.clock.tick == 50
            report = await live.report()
            counts = {each.label: each.delivered for each in report.populations}
            assert (counts["b"], report.complete) == (50, True)
        # the streams ended by themselves
    assert seen == [(tick, [tick % 3], float(tick)) for tick in range(50)]
    assert weights == [(0, 1.0), (50, 2.0)]
    assert injected == [[2, 2]]


@pytest.mark.parametrize("speed", [1.0, 7.5])
async def test_it_takes_the_time_that_the_runs_took_and_no_pauses(
    tmp_path: Path, autojump_clock: MockClock, speed: float
) -> None:
    async with open_recording(await a_day(tmp_path / "run.mcap"), speed=speed) as live:
        begin = trio.current_time()
        await live.run()
        assert trio.current_time() - begin == pytest.approx((50 * TICK_S + 1.0) / speed)


async def test_a_stall_of_then_is_seen_again(tmp_path: Path, autojump_clock: MockClock) -> None:
    """Where the host's times matter, they are those of the recording."""
    async with open_recording(await a_day(tmp_path / "run.mcap"), speed=0) as live:
        stream = live.spikes("b")
        await live.run()
        times = [batch.received async for batch in stream]
    gaps = [late - early for early, late in itertools.pairwise(times)]
    assert times[0] == pytest.approx(BEGAN_S + 3.0 + TICK_S)
    assert [round(gap, 3) for gap in gaps[:12]] == [0.002] * 9 + [1.002] + [0.002] * 2


@pytest.mark.parametrize("speed", SPEEDS)
async def test_waiting_for_ticks_works_inside_between_and_beyond_entries(
    tmp_path: Path, autojump_clock: MockClock, speed: float
) -> None:
    story = Story(tmp_path / "run.mcap")
    story.run(0, 5)
    story.put("state", ClockEvent("started", story.now_s, 5, 205))
    story.wait(200 * TICK_S)  # nothing is heard for 200 ticks
    story.put("state", ClockEvent("stopped", story.now_s, 205))
    story.put("state", ClockEvent("stands", story.now_s, 205))
    await story.end(205)
    reached: list[tuple[int, int]] = []
    async with open_recording(tmp_path / "run.mcap", speed=speed) as live:
        async with trio.open_nursery() as nursery:

            async def wait(tick: int) -> None:
                await live.clock.wait_until(tick)
                reached.append((tick, live.clock.tick))

            for tick in (3, 100, 205):
                nursery.start_soon(wait, tick)
            await live.run()
        assert [tick for tick, _ in reached] == [3, 100, 205]
        assert all(tick <= now <= tick + 2 for tick, now in reached)
    with pytest.raises(RunStateError):
        await live.clock.wait_until(206)


async def test_as_fast_as_it_is_read_nothing_is_dropped_however_slow_the_reader(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_recording(await a_day(tmp_path / "run.mcap"), speed=0) as live:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(live.run)
            ticks = []
            async with live.spikes("b", buffer=2) as stream:
                async for batch in stream:
                    await trio.sleep(100)
                    ticks.append((batch.tick, live.clock.tick))
        assert [tick for tick, _ in ticks] == list(range(50))
        # time stands still for a reader that has no more room
        assert max(now - tick for tick, now in ticks) <= 5
        assert stream.statistics().dropped == 0


async def test_at_a_set_speed_the_policy_of_the_reader_counts(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_recording(await a_day(tmp_path / "run.mcap"), speed=1.0) as live:
        stream = live.spikes("b", buffer=4)
        await live.run()
        assert [batch.tick async for batch in stream] == [46, 47, 48, 49]
        assert stream.statistics().dropped == 46


async def test_a_run_can_end_earlier_than_then_be_cancelled_and_go_on(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_recording(await a_day(tmp_path / "run.mcap"), speed=1.0) as live:
        stream = live.spikes("b")
        await live.run(7.0)
        assert live.clock.tick == 7
        await trio.sleep(5)
        assert stream.statistics().peak_buffer == 7
        with trio.move_on_after(4.5 * TICK_S):
            await live.run()
        stopped = live.clock.tick
        assert 10 <= stopped <= 12
        await trio.sleep(5)
        assert live.clock.tick == stopped
        await live.run(30.0)  # over the end of the first run of then
        assert live.clock.tick == stopped + 30
        await live.run()
        assert [batch.tick async for batch in stream] == list(range(50))


@pytest.mark.parametrize("speed", SPEEDS)
async def test_it_can_be_stepped_through(
    tmp_path: Path, autojump_clock: MockClock, speed: float
) -> None:
    async with open_recording(await a_day(tmp_path / "run.mcap"), speed=speed) as live:
        stream = live.spikes("b", buffer=100)
        await live.run(3.0)
        for step in range(4):
            await live.step(5.0)
            assert live.clock.tick == 3 + 5 * (step + 1)
            await live.injector("a").send([1])
        assert stream.statistics().peak_buffer == 23


async def test_what_is_injected_is_checked_and_counted_and_changes_nothing(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_recording(await a_day(tmp_path / "run.mcap"), speed=0) as live:
        touch = live.injector("a")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(live.run)
            await touch.send([1, 4])
        assert touch.spikes_sent == 2
        with pytest.raises(NeuronIdError):
            await touch.send([5])
        with pytest.raises(NoInjector):
            live.injector("b")
        with pytest.raises(NoLiveOutput):
            live.spikes("a")
        with pytest.raises(UnknownPopulation):
            live.spikes("c")
        with pytest.raises(UnknownProjection):
            live.weights("c", every=1.0)
        with pytest.raises(UsageError, match="nothing is recorded"):
            live.values("c")


async def test_the_end_of_then_is_the_end_now(tmp_path: Path, autojump_clock: MockClock) -> None:
    story = Story(tmp_path / "run.mcap")
    story.run(0, 5)
    await story.end(5, "BoardLost", "the board at 127.0.0.2 has stopped answering")
    with pytest.raises(BoardLost, match="has stopped answering"):
        async with open_recording(tmp_path / "run.mcap", speed=0) as live:
            stream = live.spikes("b")
            try:
                await live.run()
            finally:
                assert isinstance(live.failure, BoardLost)
                seen = []
                with pytest.raises(BoardLost):
                    async for batch in stream:
                        seen.append(batch.tick)
                assert seen == [0, 1, 2, 3, 4]


async def test_a_recording_that_was_cut_ends_where_it_ends(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    story = Story(tmp_path / "run.mcap")
    story.run(0, 5)
    await story.recorder.flush()
    async with open_recording(tmp_path / "run.mcap", speed=0) as live:
        await live.run(1000.0)
        assert live.clock.tick == 5
        await live.run()
    await story.end(5)


async def test_any_kind_can_be_read(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with open_recording(await a_day(tmp_path / "run.mcap"), speed=0) as live:
        states = live.values("state")
        await live.run()
        whats = [event.what async for event in states]
    assert whats == ["started", "stopped", "stands"] * 2


async def test_everything_that_was_kept_comes_to_the_stream_that_it_came_from(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    story = Story(tmp_path / "run.mcap")
    paces = [
        Pace(tick, tick, 0.0, BEGAN_S + tick / 10, 2, 2.0, 0.0, 0.0, True) for tick in range(9)
    ]
    blocks = [
        RecordedBlock(
            "b", name, "mV", np.arange(3), np.array([tick]), np.array([1.0]), np.ones((1, 3))
        )
        for tick, name in ((3, "v"), (3, "gsyn_exc"), (6, "v"))
    ]
    story.weights(0, 1.0)
    story.run(0, 10)
    for pace in paces:
        story.put("telemetry", pace)
    for block in blocks:
        story.put("recorded", block)
    story.put("set_weights", WeightsSet("a → b", 9, np.array(0.5), None, np.array([1])))
    story.put("rates", RatesSet("b", np.array([1]), np.array([5.0]), BEGAN_S))
    story.weights(10, 2.0)
    await story.end(10)
    found: dict[str, list[Any]] = {}
    async with open_recording(story.recorder.path, speed=0) as live:
        assert (await live.read_weights("a → b")).weights[0] == 1.0
        async with trio.open_nursery() as nursery:

            async def take(name: str, stream: Stream[Any]) -> None:
                found[name] = [each async for each in stream]

            for name, stream in (
                ("telemetry", live.telemetry(200.0)),
                ("v", live.recorded("b", "v", every=1.0)),
                ("set_weights", live.values("set_weights")),
                ("rates", live.values("rates")),
            ):
                nursery.start_soon(take, name, stream)
            await trio.testing.wait_all_tasks_blocked()
            await live.run()
        assert (await live.read_weights("a → b", post=[1])).weights.tolist() == []
        with pytest.raises(UsageError, match="cannot be set"):
            await live.set_weights("a → b", 1.0)
    assert [pace.tick for pace in found["telemetry"]] == [0, 2, 4, 6, 8]
    assert [block.ticks.tolist() for block in found["v"]] == [[3], [6]]
    assert [(each.weights.tolist(), each.post.tolist()) for each in found["set_weights"]] == [
        (0.5, [1])
    ]
    assert [each.rates_hz.tolist() for each in found["rates"]] == [[5.0]]


async def test_spikes_of_several_gatherers_merge_as_they_did(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """The second gatherer is a tick behind the first; the third is not in the facts."""
    story = Story(tmp_path / "run.mcap", replace(NETWORK, heartbeats=(False, False)))
    story.put("state", ClockEvent("started", story.now_s, 0, 6))
    for tick in range(6):
        story.wait(TICK_S)
        story.spike(tick, 0)
        if tick:
            story.spike(tick - 1, 1, gatherer=1)
    story.spike(5, 2, gatherer=2)
    story.put("state", ClockEvent("stopped", story.now_s, 6))
    story.put("state", ClockEvent("stands", story.now_s, 6))
    await story.end(6)
    async with open_recording(story.recorder.path, speed=0) as live:
        stream = live.spikes("b")
        await live.run()
        batches = [batch async for batch in stream]
    assert len(batches) == 12
    assert not any(batch.late for batch in batches)


async def test_no_speed_below_zero(tmp_path: Path) -> None:
    path = await a_day(tmp_path / "run.mcap")
    for speed in (-1.0, float("nan"), float("inf")):
        with pytest.raises(UsageError, match="speed"):
            async with open_recording(path, speed=speed):
                pass


def test_a_replay_is_a_live_run() -> None:
    for name, method in inspect.getmembers(LiveRun, inspect.isfunction):
        if not name.startswith("_"):
            ours = inspect.signature(getattr(Replay, name))
            assert list(ours.parameters) == list(inspect.signature(method).parameters), name
