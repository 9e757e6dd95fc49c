"""Waiting for what a population does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import trio

from spinnlive.errors import BoardLost, NeuronIdError, RunStateError, UsageError
from spinnlive.live.spikes import SpikeBatch
from spinnlive.live.waiting import Waiting, condition

pytestmark = pytest.mark.usefixtures("autojump_clock")


def batch(tick: int, *neurons: int) -> SpikeBatch:
    return SpikeBatch("a", tick, float(tick), np.array(neurons, np.int32), 0.0)


def wanted(**how: Any) -> Callable[[SpikeBatch], bool]:
    return condition("a", 10, how.get("spikes"), how.get("neurons"), how.get("when"))


async def reached(waiting: Waiting) -> int | None:
    with trio.fail_after(1):
        found = await waiting.result()
    return None if found is None else found.tick


@pytest.mark.parametrize(
    ("how", "tick"),
    [
        ({}, 5),
        ({"spikes": 4}, 6),
        ({"neurons": [8, 9]}, 6),
        ({"neurons": 2, "spikes": 2}, 7),
        ({"when": lambda batch: len(batch.neuron_ids) == 3}, 6),
    ],
)
async def test_conditions(how: dict[str, Any], tick: int) -> None:
    waiting = Waiting(wanted(**how), 5, None)
    for each in (batch(4, 8, 2, 9), batch(5, 2), batch(6, 1, 1, 9), batch(7, 2), batch(8, 9)):
        waiting.arrive(each)
    assert await reached(waiting) == tick


async def test_time_is_up_when_the_watermark_has_passed_the_last_tick() -> None:
    waiting = Waiting(wanted(spikes=2), 5, 9)
    waiting.arrive(batch(9, 1))
    waiting.arrive(batch(10, 1))
    waiting.advance(9)
    with pytest.raises(trio.TooSlowError):
        await reached(waiting)
    waiting.advance(10)
    assert await reached(waiting) is None


async def test_the_end_of_the_live_run_is_an_error() -> None:
    for error, kind in ((None, RunStateError), (BoardLost("gone"), BoardLost)):
        waiting = Waiting(wanted(), 0, None)
        waiting.end(error)
        with pytest.raises(kind):
            await reached(waiting)


async def test_an_error_of_the_condition_comes_out_where_it_is_waited_for() -> None:
    def broken(batch: SpikeBatch) -> bool:
        raise KeyError("mine")

    waiting = Waiting(wanted(when=broken), 0, None)
    waiting.arrive(batch(0, 1))
    with pytest.raises(KeyError, match="mine"):
        await reached(waiting)


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ({"spikes": 0}, UsageError),
        ({"spikes": 1.5}, UsageError),
        ({"neurons": []}, UsageError),
        ({"neurons": [0.5]}, UsageError),
        ({"neurons": [3, 10]}, NeuronIdError),
        ({"neurons": [-1]}, NeuronIdError),
        ({"spikes": 2, "when": lambda batch: True}, UsageError),
    ],
)
def test_what_cannot_be(how: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        wanted(**how)
