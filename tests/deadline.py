"""No test waits for ever: one that hangs fails, says on which await its tasks stood, and the others go on.

A net under the tests, not a measure of them: the limit is many times what the slowest test takes on a busy machine.
What trio cannot end, such as a thread that hangs, pytest-timeout ends a little later (``timeout`` in pyproject.toml).
"""

from __future__ import annotations

import functools
import traceback
from collections.abc import Awaitable, Callable

import pytest
import trio

LIMIT_S = 240.0
TURN_THEIR_OWN_CLOCK = {"autojump_clock", "mock_clock"}
"""Fixtures of pytest-trio under which seconds are not the wall's."""


@pytest.hookimpl(trylast=True)  # pytest-trio marks its tests in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if (
            isinstance(item, pytest.Function)
            and item.get_closest_marker("trio") is not None
            and not TURN_THEIR_OWN_CLOCK & set(item.fixturenames)
            and not hasattr(item.obj, "hypothesis")
        ):
            item.obj = _limited(item.obj)


def _limited(test: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    @functools.wraps(test)
    async def limited(**fixtures: object) -> None:
        body, watch = trio.CancelScope(), trio.CancelScope()

        async def end_it() -> None:
            with watch:
                await trio.sleep(LIMIT_S)
                print(_tasks())  # now: once cancelled they stand elsewhere
                body.cancel()

        trio.lowlevel.spawn_system_task(end_it)
        try:
            with body:
                await test(**fixtures)
        finally:
            watch.cancel()
        if body.cancelled_caught:
            raise trio.TooSlowError(
                f"not over after {LIMIT_S:g} s; where its tasks stood was printed"
            )

    return limited


def _tasks() -> str:
    said: list[str] = []
    waiting = [trio.lowlevel.current_root_task()]
    while waiting:
        task = waiting.pop()
        if task is not None:
            frames = traceback.StackSummary.extract(task.iter_await_frames())
            said += [f"task {task.name}\n", *frames.format()]
            waiting += [child for nursery in task.child_nurseries for child in nursery.child_tasks]
    return "".join(said)
