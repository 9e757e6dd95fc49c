"""Lab Streaming Layer, against the real library on both ends."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
import trio

from spinnlive import BridgeFailed, UsageError
from spinnlive.bridges import lsl

pylsl = pytest.importorskip("pylsl")
PATIENCE_S = 60.0


def found(name: str) -> Any:
    """Find and open a stream as a recorder in the lab would."""
    (info,) = pylsl.resolve_byprop("name", name, timeout=PATIENCE_S)
    inlet = pylsl.StreamInlet(info)
    inlet.open_stream(timeout=PATIENCE_S)
    return inlet


async def test_live_spikes_are_samples_with_both_clocks(live: Any) -> None:
    async with lsl.publish(live, "out", exposed=True, name="spikes of a test") as bridge:
        inlet = await trio.to_thread.run_sync(found, "spikes of a test")
        assert inlet.info().type() == "Spikes"
        received = time.monotonic()
        live.fire(7, [3, 4], received)
        live.fire(9, [1], received + 0.002)
        samples: list[list[float]] = []
        stamps: list[float] = []
        while len(samples) < 3:
            sample, stamp = await trio.to_thread.run_sync(inlet.pull_sample, PATIENCE_S)
            samples, stamps = [*samples, sample], [*stamps, stamp]
        assert samples == [[3, 7], [4, 7], [1, 9]]
        offset = pylsl.local_clock() - time.monotonic()
        expected = np.array([received, received, received + 0.002]) + offset
        assert np.allclose(stamps, expected, atol=1e-3)
        assert bridge.spikes == 3
        inlet.close_stream()


async def test_samples_become_spikes_and_nonsense_is_counted(live: Any) -> None:
    info = pylsl.StreamInfo(
        "ids of a test", "Spikes", 1, pylsl.IRREGULAR_RATE, pylsl.cf_double64, "ids-of-a-test"
    )
    outlet = pylsl.StreamOutlet(info)
    async with lsl.subscribe(live, "in", stream="ids of a test") as bridge:
        await trio.to_thread.run_sync(outlet.wait_for_consumers, PATIENCE_S)
        for sample in (2.0, -1.0, 10.0, 0.5, float("nan"), 9.0):
            outlet.push_sample([sample])
        await live.injected.until(2)
        assert live.injected.sent == [2, 9]
        assert (bridge.spikes, bridge.refused) == (2, 4)


async def test_nobody_there_is_an_error(live: Any) -> None:
    with pytest.raises(BridgeFailed, match="nobody-sends-this"):
        async with lsl.subscribe(live, "in", stream="nobody-sends-this", patience_s=0.2):
            pass


async def test_an_outlet_must_be_told_that_it_is_exposed(live: Any) -> None:
    with pytest.raises(UsageError, match="exposed=True"):
        async with lsl.publish(live, "out", exposed=False):
            pass
