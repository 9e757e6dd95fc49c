"""Rates become keys and payloads, checked before anything is sent."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import trio
import trio.testing
from numpy.typing import NDArray

from spinnlive import wire
from spinnlive.errors import NeuronIdError, UsageError
from spinnlive.live.clock import Clock, ClockObservation
from spinnlive.live.database import SourceCore
from spinnlive.live.intake import RunningFreely
from spinnlive.live.rates import OBEYED_AFTER, ONE_HZ, Rates, RatesSet
from spinnlive.live.tap import Tap


class Lane:
    def __init__(self, first: int, last: int) -> None:
        self.core = SourceCore(0, 0, first + 1, first, last)
        self.sent: list[tuple[list[int], list[int]]] = []
        self.steps = RunningFreely()
        self.held: list[tuple[list[int], list[int]]] = []
        self.tick = 5

    async def send(self, packet: bytes) -> None:
        await trio.lowlevel.checkpoint()
        events = wire.decode_events(packet)
        assert events.payloads is not None
        self.sent.append((events.keys.tolist(), events.payloads.tolist()))

    async def taken(self) -> int | None:
        await trio.lowlevel.checkpoint()
        if self.steps.active:
            return None
        self.tick += 1  # the board's time goes on from question to question
        return self.tick

    def hold_pairs(self, keys: NDArray[np.int64], payloads: NDArray[np.int64]) -> None:
        self.held.append((keys.tolist(), payloads.tolist()))


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


async def test_of_a_neuron_named_twice_the_last_rate_counts() -> None:
    lane = Lane(0, 3)
    way = rates(lane)
    await way.set([1.0, 2.0, 3.0], [2, 0, 2])
    assert lane.sent == [([0x7000, 0x7002], [2 * ONE_HZ, 3 * ONE_HZ])]
    assert way.changes_sent == 2


async def test_no_second_rate_before_the_core_has_had_a_tick_for_the_first(
    autojump_clock: trio.testing.MockClock,
) -> None:
    ticks: list[int] = []

    class Slow(Lane):
        async def send(self, packet: bytes) -> None:
            ticks.append(self.tick)
            await super().send(packet)

    lane = Slow(0, 3)
    way = rates(lane)
    for hz in range(5):
        await way.set(hz)
    # each was taken a tick after it was sent
    assert [after - before for before, after in pairwise(ticks)] == [3, 3, 3, 3]


async def test_a_cancelled_call_counts_as_sent(autojump_clock: trio.testing.MockClock) -> None:
    class Stuck(Lane):
        async def taken(self) -> int | None:
            if not self.sent:
                raise AssertionError("nothing was sent")
            if len(self.sent) == 1 and self.tick == 5:
                self.tick += 1
                await trio.sleep_forever()
            return await super().taken()

    lane = Stuck(0, 3)
    way = rates(lane)
    with trio.move_on_after(1):
        await way.set(1.0)
    await way.set(2.0)
    assert len(lane.sent) == 2
    assert lane.tick >= 6 + OBEYED_AFTER


@pytest.mark.parametrize("moving", [False, True])
async def test_while_the_network_takes_steps(moving: bool) -> None:
    lane = Lane(0, 3)
    lane.steps.active, lane.steps.standing = True, not moving
    way = rates(lane)
    await way.set(1.0)
    await way.set(2.0)
    first, second = ([[0x7000, 0x7001, 0x7002, 0x7003], [hz * ONE_HZ] * 4] for hz in (1, 2))
    assert [[*each] for each in lane.sent] == ([first] if moving else [])
    assert [[*each] for each in lane.held] == ([second] if moving else [first, second])


async def test_a_set_over_two_cores_holds_neither_back() -> None:
    lanes = Lane(0, 1), Lane(2, 3)
    for lane in lanes:
        lane.steps.active = True
    await rates(*lanes).set(1.0)
    assert [len(lane.sent) for lane in lanes] == [1, 1]
    assert [lane.held for lane in lanes] == [[], []]
