"""The closed loop on a scripted live run: what goes where, when the environment is held, the same
every time."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import gymnasium
import numpy as np
import pytest
import trio
from gymnasium import spaces
from gymnasium.utils.env_checker import check_env
from numpy.typing import NDArray
from trio.testing import MockClock

from spinnlive.coding import Even, PopulationCode, Ranges
from spinnlive.errors import (
    CoreFailure,
    NoInjector,
    NoLiveOutput,
    RunStateError,
    UnknownPopulation,
    UsageError,
)
from spinnlive.gym import ClosedLoop, SpinnLiveEnv, closed_loop
from spinnlive.testing import open_scripted

PERIOD_MS = 20.0


class Walk(gymnasium.Env[Any, Any]):
    """A walker on places 0 to 9, who is moved by the action and falls off at 9."""

    observation_space = spaces.Box(0, 20, (1,), np.int64)
    action_space = spaces.Discrete(5)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self._place = int(self.np_random.integers(3))
        return np.array([self._place]), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self._place += int(action)
        return np.array([self._place]), 1.0, self._place >= 9, False, {"place": self._place}


def relay(tick: int, injected: Mapping[str, NDArray[np.int64]]) -> dict[str, Any]:
    """What is touched or told moves in the same tick."""
    return {"motor": [*injected["touch"].tolist(), *injected["told"].tolist()]}


def scripted() -> Any:
    return open_scripted(relay, live={"motor": 20}, injectors={"touch": 20, "told": 20})


def walking(live: Any, environment: Any = None, **options: Any) -> Any:
    """The place is touched once in each slice; the walker goes on by the number of motor spikes."""
    given: dict[str, Any] = {
        "sensors": {"touch": lambda seen, duration_ms: seen},
        "motors": ["motor"],
        "act": lambda counts: counts["motor"].sum(),
        "period_ms": PERIOD_MS,
    }
    return closed_loop(live, environment or Walk(), **(given | options))


async def test_stepped_what_is_seen_goes_in_and_what_comes_out_acts(
    autojump_clock: MockClock,
) -> None:
    async with scripted() as live, walking(live, slice_ms=10.0) as loop:
        first, _ = await loop.reset(seed=3)
        assert live.clock.tick == 10  # stepped mode has been entered
        done = await loop.step()
        # touched in both slices, so moved twice
        assert done.counts["motor"].tolist() == [2 * (i == first[0]) for i in range(20)]
        assert (done.action, done.tick, live.clock.tick) == (2, 30, 30)
        assert done.observation[0] == first[0] + 2 == done.info["place"]
        await trio.sleep(100.0)  # a host may be as late as it likes
        again = await loop.step()
        assert again.tick == 50 and again.counts["motor"][first[0] + 2] == 2
        while not (await loop.step()).over:
            pass
        with pytest.raises(RunStateError, match="reset"):
            await loop.step()
        assert (await loop.reset(seed=3))[0] == first
        assert loop.held == 0


async def test_what_the_network_does_between_periods_is_not_counted(
    autojump_clock: MockClock,
) -> None:
    async with scripted() as live, walking(live) as loop:
        await loop.reset(seed=3)
        await live.injector("told").send([17, 17])
        await live.step(PERIOD_MS)
        assert (await loop.step()).counts["motor"].sum() == 1


async def test_commands_are_sent_beside_the_sensors(autojump_clock: MockClock) -> None:
    tell = {"told": lambda command, duration_ms: [command] * 3}
    async with scripted() as live, walking(live, commands=tell) as loop:
        await loop.reset(seed=0)
        assert (await loop.step(15)).counts["motor"][15] == 3
        assert (await loop.step()).counts["motor"][15] == 0


async def test_in_real_time_it_lives_by_the_boards_periods(autojump_clock: MockClock) -> None:
    async with scripted() as live, walking(live, mode="real time") as loop:
        await loop.reset(seed=3)
        ticks = [(await loop.step()).tick for _ in range(4)]
        assert ticks == [40, 60, 80, 100]  # the first whole period begins at 20
        assert (loop.held, loop.steps) == (0, 4)
        assert live.clock.running
    assert not live.clock.running


async def test_in_real_time_a_late_host_holds_the_environment(autojump_clock: MockClock) -> None:
    async with scripted() as live, walking(live, mode="real time", late_ms=8.0) as loop:
        await loop.reset(seed=3)
        before = await loop.step()
        assert before.tick == 40
        await live.clock.wait_until(45)
        in_time = await loop.step()
        assert in_time.tick == 60 and in_time.action == 1 and loop.held == 0
        await live.clock.wait_until(109)
        late = await loop.step()
        # what passed unseen is no ground to act on: 60 to 120 are held, 120 to 140 counts
        assert (late.tick, loop.held) == (140, 3)
        assert late.counts["motor"].sum() == 1
        assert late.observation[0] == in_time.observation[0] + 1


async def test_in_real_time_a_slice_that_comes_late_spoils_its_period(
    autojump_clock: MockClock,
) -> None:
    slow = iter([0.0, 0.0, 0.015, *[0.0] * 10])

    async def send_slowly(send: Any, ids: Any) -> None:
        await trio.sleep(next(slow))
        await send(ids)

    async with scripted() as live:
        injector = live.injector("touch")
        injector.send = partial(send_slowly, injector.send)
        options = {"mode": "real time", "late_ms": 4.0, "slice_ms": 10.0}
        async with walking(live, **options) as loop:
            await loop.reset(seed=3)
            assert (await loop.step()).tick == 40
            # of 40 to 60 the second half was not sensed in time
            assert (await loop.step()).tick == 80
            assert (loop.held, loop.steps) == (1, 2)


@pytest.mark.parametrize("mode", ["stepped", "real time"])
async def test_a_seed_gives_the_same_transitions_twice(
    autojump_clock: MockClock, mode: Any
) -> None:
    seen = []
    for _ in range(2):
        environment = gymnasium.make("CartPole-v1")
        code = PopulationCode(Ranges.around_zero((2.4, 3.0, 0.21, 3.0)), neurons=5)
        spikes = Even(code.size, seed=4)
        async with (
            open_scripted(
                lambda tick, injected: {"motor": injected["senses"]},
                live={"motor": code.size},
                injectors={"senses": code.size},
            ) as live,
            closed_loop(
                live,
                environment,
                sensors={"senses": lambda seen, ms: spikes.advance(code.rates_hz(seen), ms)},  # noqa: B023
                motors=["motor"],
                act=lambda counts: int(code.preferred() @ counts["motor"] > 0),  # noqa: B023
                period_ms=PERIOD_MS,
                slice_ms=5.0,
                mode=mode,
            ) as loop,
        ):
            await loop.reset(seed=7)
            episode = []
            while not episode or (not episode[-1].over and len(episode) < 50):
                episode.append(await loop.step())
            seen.append([(each.tick, each.action, *each.observation) for each in episode])
    assert seen[0] == seen[1]
    assert len(seen[0]) > 5 and {action for _, action, *_ in seen[0]} == {0, 1}


async def test_mistakes_and_failures_come_out_as_they_are(autojump_clock: MockClock) -> None:
    async with scripted() as live:
        for error, options in (
            (UsageError, {"mode": "dreaming"}),
            (UsageError, {"period_ms": 0.5}),
            (UsageError, {"slice_ms": 3.0}),
            (UsageError, {"late_ms": 0.0}),
            (NoInjector, {"sensors": {"motor": lambda seen, ms: seen}}),
            (NoLiveOutput, {"motors": ["touch"]}),
            (UnknownPopulation, {"motors": ["wheel"]}),
            (UnknownPopulation, {"motors": ["wheel"], "mode": "real time"}),
        ):
            with pytest.raises(error):
                async with walking(live, **options):
                    pass
        async with walking(live) as loop:
            with pytest.raises(RunStateError):
                await loop.step()
    with pytest.raises(CoreFailure, match="core 3"):
        async with scripted() as live, walking(live, mode="real time") as loop:
            await loop.reset(seed=1)
            await loop.step()
            live.fail(CoreFailure("core 3 stopped"))
            await loop.step()


async def test_the_environment_for_synchronous_code(autojump_clock: MockClock) -> None:
    def train(env: SpinnLiveEnv) -> list[Any]:
        check_env(env, skip_render_check=True)
        env.reset(seed=3)
        return [env.step(0) for _ in range(3)]

    async def in_thread(loop: ClosedLoop) -> list[Any]:
        return await trio.to_thread.run_sync(train, SpinnLiveEnv(loop))

    async with scripted() as live, walking(live) as loop:
        observation, reward, ended, cut, info = (await in_thread(loop))[-1]
        assert observation == info["place"] and reward == 1.0 and not ended and not cut
        assert info["action"] == info["counts"]["motor"].sum() == 1
        with pytest.raises(UsageError, match="to_thread"):
            SpinnLiveEnv(loop).reset()


async def test_what_is_outside_commands_through_its_own_space(autojump_clock: MockClock) -> None:
    tell = {"told": lambda command, duration_ms: [command]}
    async with scripted() as live, walking(live, commands=tell) as loop:
        env = SpinnLiveEnv(loop, spaces.Discrete(20))

        def command() -> Any:
            env.reset(seed=3)
            return env.step(11)

        info = (await trio.to_thread.run_sync(command))[-1]
        assert info["counts"]["motor"][11] == 1


async def test_cancelling_reaches_through_the_thread(autojump_clock: MockClock) -> None:
    made_two = trio.Event()
    async with (
        scripted() as live,
        walking(live, mode="real time") as loop,
        trio.open_nursery() as nursery,
    ):
        env = SpinnLiveEnv(loop)

        def wander() -> None:
            env.reset(seed=3)
            env.step(0)
            env.step(0)
            trio.from_thread.run_sync(made_two.set)
            while True:
                if env.step(0)[2]:
                    env.reset()

        nursery.start_soon(trio.to_thread.run_sync, wander)
        await made_two.wait()
        nursery.cancel_scope.cancel()
    # the nursery was left, so the thread has ended, though it would go on for ever
    assert loop.steps >= 2
    assert not live.clock.running
