"""The host's processors are kept awake while a network runs, and only then."""

from __future__ import annotations

import contextlib
import re
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

import spinnlive
from spinnlive.errors import UsageError
from spinnlive.live.awake import ASLEEP, Awake
from spinnlive.testing import ScriptedRun, open_scripted

DESCRIPTORS = Path("/proc/self/fd")


@pytest.fixture
def device(tmp_path: Path) -> Path:
    """Stands for the kernel's: what is asked for counts as long as somebody holds it open."""
    path = tmp_path / "cpu_dma_latency"
    path.touch()
    return path


def holders(device: Path) -> int:
    """How often this process has it open."""
    found = 0
    for link in DESCRIPTORS.iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed since; one was the listing's own
            found += link.readlink() == device
    return found


def asked(device: Path) -> int:
    """What was asked for (µs)."""
    (longest_us,) = struct.unpack("=i", device.read_bytes())
    return int(longest_us)


def test_they_are_kept_awake_for_as_long_as_the_block_lasts(device: Path) -> None:
    awake = Awake(None, device=device)
    assert holders(device) == 0
    with awake.held():
        assert holders(device) == 1
        with awake.held():
            assert holders(device) == 2
        assert holders(device) == 1
    assert holders(device) == 0


def test_they_are_left_alone_if_that_is_wanted(device: Path) -> None:
    for awake in (Awake(False, device=device), ASLEEP):
        with awake.held():
            assert holders(device) == 0
    assert device.read_bytes() == b""


def test_the_lightest_sleep_is_left_to_them_but_not_to_a_guest(
    device: Path, tmp_path: Path
) -> None:
    driver = tmp_path / "current_driver"
    for name, longest_us in (("intel_idle\n", 3), ("haltpoll\n", 0)):
        driver.write_text(name)
        with Awake(None, device=device, driver=driver).held():
            assert asked(device) == longest_us
    with Awake(None, device=device, driver=tmp_path / "none").held():
        assert asked(device) == 3


def test_who_may_not_is_told_so_only_if_it_was_asked_for(tmp_path: Path) -> None:
    missing = tmp_path / "folder" / "cpu_dma_latency"
    with Awake(None, device=missing).held():
        pass
    with pytest.raises(UsageError, match=r"cpu_dma_latency.*No such file.*docs/pacing.md"):
        Awake(True, device=missing)


def test_a_right_that_is_taken_away_is_told_when_the_network_is_to_run(device: Path) -> None:
    wanted, tried = Awake(True, device=device), Awake(None, device=device)
    device.unlink()
    with tried.held():
        pass
    with pytest.raises(UsageError, match="No such file"), wanted.held():
        pytest.fail("the block was entered")


async def test_open_live_says_so_before_it_does_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = tmp_path / "cpu_dma_latency"
    monkeypatch.setattr("spinnlive.live.awake.DEVICE", missing)
    no_network: Any = None
    with pytest.raises(UsageError, match=re.escape(str(missing))):
        async with spinnlive.open_live(no_network, awake=True):
            pass


@asynccontextmanager
async def scripted(device: Path, ticks: list[int] | None = None) -> AsyncIterator[ScriptedRun]:
    """A run that notes in each tick how often the device is held."""

    def network(tick: int, injected: Any) -> dict[str, Any]:
        if ticks is not None:
            ticks.append(holders(device))
        return {}

    with trio.fail_after(10_000):
        async with open_scripted(network, live={"out": 3}) as live:
            live._course._parts = replace(live._parts, awake=Awake(True, device=device))
            yield live


@pytest.mark.parametrize("pausable_every", [None, 5.0])
async def test_a_run_holds_them_until_it_stands(
    pausable_every: float | None, device: Path, autojump_clock: MockClock
) -> None:
    async with scripted(device) as live, trio.open_nursery() as nursery:
        assert holders(device) == 0

        async def watch() -> None:
            await live.clock.wait_until(12)
            assert holders(device) == 1
            await live.pause()
            assert holders(device) == 0
            await live.resume()
            await live.clock.wait_until(30)
            assert holders(device) == 1

        nursery.start_soon(watch)
        await live.run(40.0, pausable_every=pausable_every)
        assert holders(device) == 0
        with trio.move_on_after(0.01) as scope:
            await live.run(pausable_every=pausable_every)
        assert scope.cancelled_caught and holders(device) == 0


async def test_a_step_holds_them_and_the_time_between_steps_does_not(
    device: Path, autojump_clock: MockClock
) -> None:
    ticks: list[int] = []
    async with scripted(device, ticks) as live:
        for _ in range(3):
            await live.step(2.0)
            assert holders(device) == 0
    assert ticks == [1] * 6
