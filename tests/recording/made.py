"""Recordings made up for tests: what happened when is said by the test, not by a board."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import trio
from test_codec import FACTS, STATISTICS

from spinnlive.live.clock import ClockEvent, ClockObservation
from spinnlive.live.injector import Injected
from spinnlive.live.spikes import LiveSpikes
from spinnlive.live.weights import WeightSnapshot
from spinnlive.recording.kinds import Ending, RunFacts
from spinnlive.recording.recorder import Recorder

BEGAN_S = 100.0
TICK_S = 0.002
"""1 ms ticks with timeScaleFactor 2."""

NETWORK = replace(FACTS, started_s=BEGAN_S)
"""Populations a (5 neurons, injector) and b (3, live), a projection of static synapses."""


class Story:
    """Write a recording, entry by entry, on a clock of its own."""

    def __init__(self, path: Path, network: RunFacts = NETWORK) -> None:
        self.now_s = BEGAN_S
        self.recorder = Recorder(path, now_ns=lambda: round(self.now_s * 1e9))
        self.recorder.begin(network)
        self.put("statistics", STATISTICS)

    def put(self, kind: str, value: Any) -> None:
        self.recorder.put(kind, value)

    def wait(self, seconds: float) -> None:
        self.now_s += seconds

    def run(self, first: int, last: int, stall: dict[int, float] | None = None) -> None:
        """Run from tick to tick; in each b's neuron tick % 3 fires. ``stall``: host seconds by which
        ticks come late."""
        self.put("state", ClockEvent("started", self.now_s, first, last))
        for tick in range(first, last):
            self.wait(TICK_S + (stall or {}).get(tick, 0.0))
            self.put("clock", ClockObservation(self.now_s, tick + 1.0, 1.0))
            self.spike(tick, tick % 3)
        self.put("state", ClockEvent("stopped", self.now_s, last))
        self.put("state", ClockEvent("stands", self.now_s, last))

    def spike(self, tick: int, *neurons: int, gatherer: int = 0) -> None:
        count = len(neurons)
        self.put(
            "spikes",
            LiveSpikes(
                self.now_s,
                np.full(count, tick),
                np.ones(count, np.int16),
                np.array(neurons, np.int32),
                gatherer,
            ),
        )

    def inject(self, *neurons: int) -> None:
        self.put("injected", Injected("a", np.array(neurons), self.now_s))

    def weights(self, tick: int, weight: float) -> None:
        ids, one = np.zeros(1, np.int64), np.ones(1)
        self.put(
            "weights",
            WeightSnapshot(
                "a → b", tick, tick, float(tick), ids, ids, one * weight, one, "nA", (5, 3)
            ),
        )

    async def end(self, tick: int, error: str | None = None, message: str = "") -> None:
        self.put("ending", Ending(tick, error, message))
        async with trio.open_nursery() as nursery:
            scope = await nursery.start(self.recorder.run, lambda: {"statistics": STATISTICS})
            scope.cancel()
            await self.recorder.close()
