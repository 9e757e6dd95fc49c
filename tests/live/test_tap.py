"""What passes through a live run passes by its tap."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import trio

from spinnlive import wire
from spinnlive.live.clock import Clock, ClockEvent, ClockObservation
from spinnlive.live.database import SourceCore
from spinnlive.live.injector import Injector
from spinnlive.live.keys import KeyTable
from spinnlive.live.spikes import SpikeRouter
from spinnlive.live.tap import Tap


class Ear:
    def __init__(self) -> None:
        self.tap = Tap()
        self.heard: list[tuple[str, Any]] = []
        self.tap.listen(self.listen)

    def listen(self, kind: str, value: Any) -> None:
        self.heard.append((kind, value))


def test_without_listeners_it_is_not_active_and_takes_everything() -> None:
    ear = Ear()
    assert ear.tap.active
    ear.tap.leave(ear.listen)
    assert not ear.tap.active
    ear.tap.put("anything", 1)
    assert ear.heard == []


def test_live_spikes_of_all_populations_pass_by_though_nobody_reads_them() -> None:
    ear = Ear()
    keys = KeyTable.build(("a", "b"), np.array([1, 2, 9]), np.array([0, 0, 1]), np.array([0, 1, 0]))
    router = SpikeRouter(keys, 1.0, ear.tap)
    events = wire.BulkEvents(
        np.array([3, 4]), np.array([2, 2]), np.array([9, 2, 1, 77], np.uint32), 0, 0
    )
    router.deliver(events, 1.5)
    [(kind, spikes)] = ear.heard
    assert (kind, spikes.received) == ("spikes", 1.5)
    assert spikes.ticks.tolist() == [3, 3, 4]
    assert (spikes.populations.tolist(), spikes.neurons.tolist()) == ([1, 0, 0], [0, 1, 0])


async def test_injected_spikes_pass_by_when_they_have_left() -> None:
    ear = Ear()

    async def nothing(*_: object) -> None:
        await trio.lowlevel.checkpoint()

    lane: Any = SimpleNamespace(core=SourceCore(0, 0, 3, 0, 8), send_now=lambda packet: True)
    way = Injector(
        "in",
        9,
        [lane],
        Clock(1000, 1),
        ready=nothing,
        check_open=lambda: None,
        spawn=lambda work: None,
        shift=lambda: 0,
        tap=ear.tap,
    )
    await way.send([4, 4, 1])
    [(kind, injected)] = ear.heard
    assert (kind, injected.label, injected.neuron_ids.tolist()) == ("injected", "in", [4, 4, 1])


async def test_a_clock_tells_what_it_learns() -> None:
    ear = Ear()
    clock = Clock(1000, 1, host_time=lambda: 5.0, tap=ear.tap)
    clock.start(100)
    clock.observe_poll(7, 5.0, 5.0)
    clock.stop()
    clock.set_tick(100)
    assert [value for kind, value in ear.heard if kind == "state"] == [
        ClockEvent("started", 5.0, 0, 100),
        ClockEvent("stopped", 5.0, 7),
        ClockEvent("stands", 5.0, 100),
    ]
    assert ("clock", ClockObservation(5.0, 7.5, 0.5)) in ear.heard
