"""The scripted live run does what its script says, on trio's clock, and is a live run otherwise."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import trio
from numpy.typing import NDArray
from trio.testing import MockClock

from spinnlive.errors import (
    CoreFailure,
    NeuronIdError,
    NoInjector,
    NoLiveOutput,
    RunStateError,
    UnknownPopulation,
    UnknownProjection,
    UsageError,
    WeightError,
)
from spinnlive.live.run import LiveRun
from spinnlive.testing import ScriptedRun, open_scripted


def reflex(tick: int, injected: Mapping[str, NDArray[np.int64]]) -> dict[str, Any]:
    """What is touched moves in the same tick; neuron 4 moves by itself each tenth tick."""
    moved = injected["touch"].tolist()
    return {"motor": [*moved, *([4] if tick % 10 == 9 else [])]}


def scripted(**options: Any) -> Any:
    return open_scripted(reflex, live={"motor": 5}, injectors={"touch": 5}, **options)


async def test_what_is_injected_comes_to_the_script_and_its_answer_to_the_streams(
    autojump_clock: MockClock,
) -> None:
    seen = []
    async with scripted(timestep=0.5, time_scale_factor=2) as live:
        stream = live.spikes("motor")
        begin = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(live.run, 20.0)
            await live.injector("touch").send([1, 3])  # waits until it runs
            await live.clock.wait_until(30)
            assert live.clock.tick == 30
            await live.injector("touch").send([0])
        assert trio.current_time() - begin == pytest.approx(40 * 0.001)
        assert live.clock.tick == 40 and live.clock.time_ms == 20.0
        assert live.statistics().spikes_out == 3
        assert live.statistics().spikes_in == 3 + 4
        report = await live.report()
        assert (report.tick, report.gatherers, report.complete) == (40, (), True)
        assert [(each.label, each.delivered) for each in report.populations] == [("motor", 3 + 4)]
    async for batch in stream:
        seen.append((batch.tick, batch.neuron_ids.tolist()))
    assert seen == [(0, [1, 3]), (9, [4]), (19, [4]), (29, [4]), (30, [0]), (39, [4])]


async def test_runs_follow_each_other_and_can_be_cancelled(autojump_clock: MockClock) -> None:
    async with scripted() as live:
        await live.run(7.0)
        await trio.sleep(100)
        assert live.clock.tick == 7
        with trio.move_on_after(0.0055):
            await live.run()
        assert live.clock.tick == 12
        await live.run(3.0)
        assert live.clock.tick == 15
    with pytest.raises(RunStateError):
        await live.run(1.0)


async def test_steps_and_what_is_injected_between_them(autojump_clock: MockClock) -> None:
    seen = []
    async with scripted() as live:
        stream = live.spikes("motor")
        for step in range(3):
            await live.step(2.0)
            assert live.clock.tick == 2 * step + 2
            await live.injector("touch").send([step])
        await live.step(1.0)
        await live.run(2.0)
        await live.step(3.0)
        assert live.clock.tick == 12
    async for batch in stream:
        seen.append((batch.tick, batch.neuron_ids.tolist()))
    assert seen == [(2, [0]), (4, [1]), (6, [2]), (9, [4])]


async def test_weights_come_at_once_and_at_multiples(autojump_clock: MockClock) -> None:
    growing = {"plastic": lambda tick: [[tick, np.nan], [0.5, 2.0]]}
    seen = []
    async with open_scripted(weights=growing) as live, trio.open_nursery() as nursery:

        async def learn() -> None:
            async for snapshot in live.weights("plastic", every=10.0):
                seen.append(snapshot)

        nursery.start_soon(learn)
        await trio.testing.wait_all_tasks_blocked()
        await live.run(35.0)
        nursery.cancel_scope.cancel()
    assert [(each.tick, each.weights.tolist()) for each in seen] == [
        (tick, [tick, 0.5, 2.0]) for tick in (0, 10, 20, 30)
    ]
    assert np.array_equal(seen[1].matrix(), [[10, np.nan], [0.5, 2.0]], equal_nan=True)


async def test_weights_are_read_and_set_as_on_a_board(autojump_clock: MockClock) -> None:
    fixed = {"fixed": [[1.0, np.nan], [0.5, 2.0]], "moving": lambda tick: [[tick]]}
    async with open_scripted(weights=fixed) as live:
        await live.set_weights("fixed", 3.0, pre=[1])
        assert (await live.read_weights("fixed")).weights.tolist() == [1.0, 3.0, 3.0]
        await live.set_weights("fixed", [[np.nan, np.nan], [np.nan, 4.0]])
        await live.set_weights("fixed", [[0, 0, 9.0]])
        reader = live.weight_reader("fixed", post=[0])
        assert (await reader.read()).weights.tolist() == [9.0, 3.0]
        for wrong in ([[0, 1, 1.0]], [1.0, 2.0], [[1.0, 1.0], [1.0, 1.0]]):
            with pytest.raises(WeightError):
                await live.set_weights("fixed", wrong)
        with pytest.raises(UsageError, match="function"):
            await live.set_weights("moving", 1.0)
        with pytest.raises(UnknownProjection):
            await live.read_weights("other")
        assert (await live.read_weights("fixed")).weights.tolist() == [9.0, 3.0, 4.0]


async def test_telemetry_comes_by_the_scripts_time(autojump_clock: MockClock) -> None:
    with trio.fail_after(100):
        async with scripted(time_scale_factor=2) as live, trio.open_nursery() as nursery:
            stream = live.telemetry(10.0, policy="drop_oldest", buffer=100)
            nursery.start_soon(live.run, 50.0)
            paces = [await anext(stream) for _ in range(15)]
    assert [pace.host_s for pace in paces] == pytest.approx([n / 100 for n in range(15)], abs=1e-6)
    assert [pace.tick for pace in paces][1:11] == pytest.approx(list(range(5, 55, 5)), abs=1)
    assert [pace.running for pace in paces][1:9] == [True] * 8
    assert not paces[-1].running


async def test_the_board_can_fail_and_stall(autojump_clock: MockClock) -> None:
    with pytest.raises(CoreFailure, match="core 3"):
        async with scripted() as live, trio.open_nursery() as nursery:
            stream = live.spikes("motor")

            async def break_it() -> None:
                await live.clock.wait_until(9)
                live.stall(5.0)
                begin = trio.current_time()
                await live.clock.wait_until(11)
                assert trio.current_time() - begin == pytest.approx(5.002)
                live.fail(CoreFailure("core 3 stopped"))

            nursery.start_soon(break_it)
            await live.run()
    assert isinstance(live.failure, CoreFailure)
    assert live.clock.tick == 12
    with pytest.raises(CoreFailure):
        assert [batch.tick async for batch in stream] == [9]


async def test_mistakes_are_the_live_runs_own(autojump_clock: MockClock) -> None:
    async with scripted() as live:
        with pytest.raises(NeuronIdError):
            await live.injector("touch").send([5])
        with pytest.raises(NoInjector):
            live.injector("motor")
        with pytest.raises(NoLiveOutput):
            live.spikes("touch")
        with pytest.raises(UnknownPopulation):
            live.spikes("wheel")
        with pytest.raises(UnknownProjection, match="has no projection 'plastic'"):
            live.weights("plastic", every=1.0)
        with pytest.raises(UsageError, match="whole number of time steps"):
            await live.run(0.3)


@pytest.mark.parametrize(("label", "neurons"), [("wheel", [0]), ("motor", [5]), ("motor", [-1])])
async def test_a_script_that_lets_fire_what_there_is_not_is_told(
    autojump_clock: MockClock, label: str, neurons: list[int]
) -> None:
    with pytest.raises(UsageError, match="the script let"):
        async with open_scripted(
            lambda tick, injected: {label: neurons}, live={"motor": 5}
        ) as live:
            await live.run(1.0)


def test_a_scripted_run_is_a_live_run() -> None:
    for name, method in inspect.getmembers(LiveRun, inspect.isfunction):
        if not name.startswith("_"):
            ours = inspect.signature(getattr(ScriptedRun, name))
            assert list(ours.parameters) == list(inspect.signature(method).parameters), name


async def test_projections_are_listed() -> None:
    weights = {"plastic": np.ones((5, 4)), "other": np.ones((2, 3))}
    between = {"plastic": ("touch", "motor")}
    async with scripted(weights=weights, projections=between) as live:
        assert [(each.label, each.pre, each.post, each.pre_size) for each in live.projections] == [
            ("plastic", "touch", "motor", 5),
            ("other", "", "", 0),
        ]
    with pytest.raises(UsageError, match="without weights: nobody"):
        async with scripted(projections={"nobody": ("touch", "motor")}):
            pass
