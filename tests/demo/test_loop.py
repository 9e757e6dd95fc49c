"""The closed loop against a scripted live run, on trio's mock clock: no board, no waiting."""

from typing import Any

import gymnasium
import numpy as np
import pytest
from scripted_live import ScriptedLive, scripted_network
from trio.testing import MockClock

from spinnlive.demo.loop import (
    CONTROL_TICKS,
    LATE_TICKS,
    SETTLE_TICKS,
    TAIL_TICKS,
    Episode,
    close_the_loop,
)
from spinnlive.demo.network import NetworkSpec

SPEC = NetworkSpec()


class Ramp:
    """An environment that counts: its state says how often it was stepped; episodes of 30 steps."""

    def __init__(self, falls: bool = False) -> None:
        self.actions: list[int] = []
        self.resets = 0
        self._steps = 0
        self._falls = falls

    def reset(self, *, seed: int | None = None) -> tuple[Any, dict[str, Any]]:
        self.resets += 1
        self._steps = 0
        return np.zeros(4), {}

    def step(self, action: int) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.actions.append(action)
        self._steps += 1
        over = self._steps == 30
        state = np.array([0.0, 0.0, 0.0, 0.5 if len(self.actions) % 20 < 10 else -0.5])
        return state, 1.0, over and self._falls, over and not self._falls, {}


async def test_one_step_for_every_20_ticks(autojump_clock: MockClock) -> None:
    live, ramp = ScriptedLive(SPEC), Ramp()
    trace = await close_the_loop(live, scripted_network(SPEC), ramp, steps=75, seed=1)
    ticks = [tick for tick, _ in trace.states[1:]]
    assert ticks == [SETTLE_TICKS + CONTROL_TICKS * step for step in range(75)]
    assert live.runs == [SETTLE_TICKS + 75 * CONTROL_TICKS + TAIL_TICKS]
    assert trace.held_ticks == 0
    assert trace.episodes == [Episode(30, "whole"), Episode(30, "whole"), Episode(15, "stopped")]
    assert ramp.resets == 3


async def test_the_motors_decide(autojump_clock: MockClock) -> None:
    live, ramp = ScriptedLive(SPEC), Ramp()
    trace = await close_the_loop(live, scripted_network(SPEC), ramp, steps=60, seed=1)
    # the ramp's pole velocity pushes right for ten steps, then left; the push follows one step on
    velocity = [state[3] for _, state in trace.states]
    for step in range(2, 60):
        if velocity[step] == velocity[step - 1] != 0:
            assert ramp.actions[step] == (1 if velocity[step] > 0 else 0)


async def test_every_tick_and_every_echo_is_written_down(autojump_clock: MockClock) -> None:
    live = ScriptedLive(SPEC)
    trace = await close_the_loop(live, scripted_network(SPEC), Ramp(), steps=40, seed=1)
    assert [tick for tick, _ in trace.beats] == list(range(live.tick))
    assert len(trace.echoes) == trace.pings > 20
    assert min(trace.echoes) >= 0
    assert trace.sent[-1][0] < SETTLE_TICKS + 40 * CONTROL_TICKS
    assert sum(len(ids) for _, ids in trace.sent) == len(live.sent["sensors"])
    for snapshots in trace.weights:
        ticks = [tick for tick, _ in snapshots]
        assert len(ticks) == live.tick // 200
        assert ticks == sorted(ticks)


async def test_a_late_host_holds_the_cart(autojump_clock: MockClock) -> None:
    live = ScriptedLive(SPEC, stall=lambda tick: 137 if tick == 405 else 0)
    trace = await close_the_loop(live, scripted_network(SPEC), Ramp(), steps=50, seed=1)
    assert trace.steps == 50
    assert trace.held_ticks > 100
    ticks = np.array([tick for tick, _ in trace.states[1:]])
    assert (np.diff(ticks) >= CONTROL_TICKS - LATE_TICKS).all()


async def test_a_cart_held_for_long_makes_the_network_run_on(autojump_clock: MockClock) -> None:
    live = ScriptedLive(SPEC, stall=lambda tick: 600 if tick == 405 else 0)
    trace = await close_the_loop(live, scripted_network(SPEC), Ramp(), steps=50, seed=1)
    assert trace.steps == 50
    assert len(live.runs) == len(trace.pauses) == 2


async def test_falls_are_told_from_ends(autojump_clock: MockClock) -> None:
    trace = await close_the_loop(
        ScriptedLive(SPEC), scripted_network(SPEC), Ramp(falls=True), steps=40, seed=1
    )
    assert trace.episodes == [Episode(30, "fell"), Episode(10, "stopped")]


async def test_progress_is_told_after_each_step(autojump_clock: MockClock) -> None:
    seen: list[int] = []
    await close_the_loop(
        ScriptedLive(SPEC),
        scripted_network(SPEC),
        Ramp(),
        steps=10,
        seed=1,
        progress=lambda trace: seen.append(trace.steps),
    )
    assert seen == list(range(1, 11))


@pytest.mark.parametrize("seed", range(3))
async def test_cartpole_itself_stands_in_the_loop(seed: int, autojump_clock: MockClock) -> None:
    environment = gymnasium.make("CartPole-v1")
    trace = await close_the_loop(
        ScriptedLive(SPEC), scripted_network(SPEC), environment, steps=300, seed=seed
    )
    assert trace.episodes == [Episode(300, "stopped")]
