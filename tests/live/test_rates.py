"""Rates become keys and payloads, checked before anything is sent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import trio
import trio.testing

from spinnlive import wire
from spinnlive.errors import NeuronIdError, UsageError
from spinnlive.live.clock import Clock, ClockObservation
from spinnlive.live.database import SourceCore
from spinnlive.live.rates import ONE_HZ, Rates, RatesSet
from spinnlive.live.tap import Tap


class Lane:
    def __init__(self, first: int, last: int) -> None:
        self.core = SourceCore(0, 0, first + 1, first, last)
        self.sent: list[tuple[list[int], list[int]]] = []

    async def send(self, packet: bytes) -> None:
        await trio.lowlevel.checkpoint()
        events = wire.decode_events(packet)
        assert events.payloads is not None
        self.sent.append((events.keys.tolist(), events.payloads.tolist()))


def rates(*lanes: Lane, size: int = 4, clock: Clock | None = None, tap: Tap | None = None) -> Rates:
    async def ready() -> None:
        await trio.lowlevel.checkpoint()

    some: Any = lanes
    if clock is None:
        clock = Clock(1000, 1, trio.current_time, sleep_until=trio.sleep_until)
        clock.start(None)
        clock.observe(ClockObservation(trio.current_time(), 0.5, 0.01))
    return Rates("noise", 0x7000 + np.arange(size), some, clock, ready=ready, tap=tap or Tap())


async def test_one_rate_for_all() -> None:
    lane = Lane(0, 3)
    await rates(lane).set(1.5)
    assert lane.sent == [([0x7000, 0x7001, 0x7002, 0x7003], [3 * ONE_HZ // 2] * 4)]


async def test_a_rate_for_each_and_for_some() -> None:
    lane = Lane(0, 3)
    way = rates(lane)
    await way.set([0, 1, 2, 3])
    await way.set([9.0, 8.0], [3, 1])
    await way.set(7, np.array([2], np.uint8))
    await way.set([], [])
    assert lane.sent == [
        ([0x7000, 0x7001, 0x7002, 0x7003], [0, ONE_HZ, 2 * ONE_HZ, 3 * ONE_HZ]),
        ([0x7003, 0x7001], [9 * ONE_HZ, 8 * ONE_HZ]),
        ([0x7002], [7 * ONE_HZ]),
    ]
    assert way.changes_sent == 7


async def test_each_core_gets_its_own() -> None:
    first, second = Lane(0, 1), Lane(2, 3)
    await rates(first, second).set([1.0, 2.0], [3, 0])
    assert first.sent == [([0x7000], [2 * ONE_HZ])]
    assert second.sent == [([0x7003], [ONE_HZ])]


async def test_what_was_set_passes_by_the_tap() -> None:
    tap, heard = Tap(), []
    tap.listen(lambda kind, value: heard.append((kind, value)))
    await rates(Lane(0, 3), tap=tap).set([1.5, 2.0], [3, 0])
    ((kind, value),) = heard
    assert (kind, type(value), value.label) == ("rates", RatesSet, "noise")
    assert (value.neuron_ids.tolist(), value.rates_hz.tolist()) == ([3, 0], [1.5, 2.0])


@pytest.mark.parametrize("ids", [[4], [-1], [0.5], [[1]], ["a"]])
async def test_what_is_no_neuron(ids: Any) -> None:
    lane = Lane(0, 3)
    with pytest.raises(NeuronIdError, match="'noise' has the neurons 0 to 3"):
        await rates(lane).set(1.0, ids)
    assert lane.sent == []


@pytest.mark.parametrize("hz", [-1, 65536, float("nan"), [1, 2], [[1.0] * 4], [1, 2, 3, -4]])
async def test_what_is_no_rate(hz: Any) -> None:
    lane = Lane(0, 3)
    with pytest.raises(UsageError, match="'noise'"):
        await rates(lane).set(hz)
    assert lane.sent == []


async def test_rates_leave_in_the_middle_of_ticks(autojump_clock: trio.testing.MockClock) -> None:
    clock = Clock(1000, 1, trio.current_time, sleep_until=trio.sleep_until)
    clock.start(None)
    clock.observe(ClockObservation(trio.current_time(), 0.0, 0.01))
    phases: list[float] = []

    class Slow(Lane):
        async def send(self, packet: bytes) -> None:
            phases.append(clock.read().position % 1)
            await trio.sleep(0.00035)

    await rates(Slow(0, 199), size=200, clock=clock).set(5.0)
    assert len(phases) == 7
    assert all(0.35 < phase < 0.75 for phase in phases)
