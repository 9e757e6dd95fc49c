"""A timer of the kernel wakes a task, not before its time, and leaves nothing open."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import trio
import trio.testing

from spinnlive.live import alarm


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_it_never_wakes_too_early() -> None:
    for ahead in (0.0, 1e-9, 0.0005, 0.02):
        deadline = time.monotonic() + ahead
        await alarm.sleep_until(deadline)
        assert time.monotonic() >= deadline


async def test_a_time_that_is_past_is_a_checkpoint() -> None:
    with trio.CancelScope() as scope:
        scope.cancel()
        await alarm.sleep_until(0.0)
    assert scope.cancelled_caught


async def test_others_run_meanwhile_and_nothing_stays_open() -> None:
    before = open_files()
    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(alarm.sleep_until, time.monotonic() + 0.005)
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(alarm.sleep_until, time.monotonic() + 3600)
            await trio.testing.wait_all_tasks_blocked()
            scope.cancel()
    assert open_files() == before


async def test_no_file_descriptor_left_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoLibrary:
        def timerfd_create(self, clock: int, flags: int) -> int:
            return -1

    monkeypatch.setattr(alarm, "_libc", NoLibrary())
    with pytest.raises(OSError, match="timerfd_create"):
        await alarm.sleep_until(time.monotonic() + 1)
