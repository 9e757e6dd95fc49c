"""A closed loop as a Gymnasium environment, for code that is not asynchronous."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import gymnasium
import trio
from gymnasium import spaces

from spinnlive.errors import UsageError
from spinnlive.gym.loop import ClosedLoop

T = TypeVar("T")


class SpinnLiveEnv(gymnasium.Env[Any, Any]):
    """An environment whose body is steered by the network on the board.

    The network acts; what is outside watches, and may command. ``observation_space`` is that of the
    environment in the loop. ``action_space`` is what `ClosedLoop.step` takes as its command: the
    space given as ``commands``, for the loop's ``commands`` functions to turn into spikes (a goal, a
    reward); without it ``Discrete(1)``, where 0 means to go on. ``info`` has, beside the
    environment's own, ``"action"`` (the network's) and ``"counts"`` (its motors').

    Use it in a worker thread; the loop goes on in trio's::

        async with closed_loop(...) as loop:
            await trio.to_thread.run_sync(train, SpinnLiveEnv(loop))

    Calls raise what `ClosedLoop` raises, and `UsageError` in the trio thread itself. When the task
    that waits for the thread is cancelled, so is the call that is under way. `close` closes the
    environment, not the loop.
    """

    def __init__(self, loop: ClosedLoop, commands: spaces.Space[Any] | None = None) -> None:
        self._loop = loop
        self._commanded = commands is not None
        self.observation_space = loop.environment.observation_space
        self.action_space = spaces.Discrete(1) if commands is None else commands
        self.metadata = loop.environment.metadata
        self.render_mode = loop.environment.render_mode

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode; see `ClosedLoop.reset`."""
        super().reset(seed=seed)

        async def reset() -> tuple[Any, dict[str, Any]]:
            return await self._loop.reset(seed=seed, options=options)

        return self._call(reset)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Let one period pass; see `ClosedLoop.step`."""
        done = self._call(lambda: self._loop.step(action if self._commanded else None))
        info = {**done.info, "action": done.action, "counts": done.counts}
        return done.observation, done.reward, done.terminated, done.truncated, info

    def render(self) -> Any:
        """Draw the environment, in the trio thread: graphics are bound to one thread."""

        async def render() -> Any:
            return self._loop.environment.render()

        return self._call(render)

    def close(self) -> None:
        """Close the environment."""

        async def close() -> None:
            self._loop.environment.close()

        self._call(close)

    def _call(self, call: Callable[[], Awaitable[T]]) -> T:
        try:
            trio.lowlevel.current_trio_token()
        except RuntimeError:
            return trio.from_thread.run(call)
        raise UsageError(
            "SpinnLiveEnv was called in trio's thread, where it would wait for itself: call it "
            "in trio.to_thread.run_sync, or use ClosedLoop"
        )
