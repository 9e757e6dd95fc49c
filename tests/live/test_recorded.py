"""Recordings read while they grow: by themselves on memory that is a dictionary, and on a board."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import trio

from spinnlive.boards.bulk import Span
from spinnlive.live.recorded import Recording
from spinnlive.toolchain.values import RecordingCore, RecordingLayout

BUFFERS = {1: 0x60010000, 2: 0x60020000}
SPACE = 4096


class Memory:
    """Two cores that record, in one address space."""

    def __init__(self) -> None:
        self.bytes = {address: bytearray(b"\xee" * SPACE) for address in BUFFERS.values()}
        self.made = {1: 0, 2: 0}
        for p, buffer in BUFFERS.items():
            table, region = 0x60000000 + 0x100 * p, 0x60000800 + 0x100 * p
            self.bytes[0xE5007000 + 128 * p + 112] = bytearray(struct.pack("<I", table))
            self.bytes[table + 8 + 12 * 7] = bytearray(struct.pack("<I", region))
            self.bytes[region + 4 + 12] = bytearray(struct.pack("<III", SPACE, 0, buffer))

    def begin_part(self) -> None:
        """Let both cores begin anew at the head of their buffers."""
        self.made = {1: 0, 2: 0}

    def record(self, p: int, tick: int, *values: int) -> None:
        """Append a sample."""
        sample = struct.pack(f"<I{len(values)}i", tick, *values)
        at = self.made[p] * len(sample)
        self.bytes[BUFFERS[p]][at : at + len(sample)] = sample
        self.made[p] += 1

    async def read(self, spans: Sequence[Span]) -> list[bytes]:
        await trio.lowlevel.checkpoint()
        found = []
        for span in spans:
            (base,) = (
                base
                for base, data in self.bytes.items()
                if base <= span.address <= span.address + span.length <= base + len(data)
            )
            at = span.address - base
            found.append(bytes(self.bytes[base][at : at + span.length]))
        return found


def a_recording(memory: Memory, every: int = 1) -> Recording:
    """Neurons 3 and 1 on one core, 2 on the other."""
    cores = (
        RecordingCore(0, 0, 1, 7, 1, np.array([1, 3])),
        RecordingCore(0, 0, 2, 7, 1, np.array([2])),
    )
    layout = RecordingLayout("p", "v", "mV", every, "<i4", 256.0, cores)
    return Recording(memory, layout, 0.5)  # type: ignore[arg-type]


async def test_each_sample_is_given_once_in_the_order_of_neurons() -> None:
    memory = Memory()
    recording = a_recording(memory)
    assert await recording.read(0) is None
    for tick in range(3):
        memory.record(1, tick, 256, 256 * tick)
        memory.record(2, tick, -512)
    block = await recording.read(2)
    assert block is not None
    assert block.neuron_ids.tolist() == [1, 2, 3]
    assert block.ticks.tolist() == [0, 1]
    assert block.times_ms.tolist() == [0.0, 0.5]
    assert block.values.tolist() == [[1.0, -2.0, 0.0], [1.0, -2.0, 1.0]]
    block = await recording.read(3)
    assert block is not None and block.ticks.tolist() == [2]
    assert await recording.read(3) is None


async def test_what_a_core_has_not_written_yet_waits() -> None:
    memory = Memory()
    recording = a_recording(memory, every=5)
    for tick in (0, 5, 10):
        memory.record(1, tick, 1, 2)
    memory.record(2, 0, 3)
    block = await recording.read(11)
    assert block is not None and block.ticks.tolist() == [0]
    memory.record(2, 5, 3)
    memory.record(2, 10, 3)
    block = await recording.read(10)
    assert block is not None and block.ticks.tolist() == [5]


async def test_a_new_part_begins_at_the_head_again() -> None:
    memory = Memory()
    recording = a_recording(memory)
    for tick in range(8):
        memory.record(1, tick, 1, 2)
        memory.record(2, tick, 3)
    await recording.read(8)
    memory.begin_part()
    for tick in range(8, 12):
        memory.record(1, tick, 1, 2)
    assert await recording.read(12) is None  # the other core has not begun
    for tick in range(8, 12):
        memory.record(2, tick, 3)
    block = await recording.read(12)
    assert block is not None and block.ticks.tolist() == [8, 9, 10, 11]


async def test_a_full_buffer_ends_the_samples() -> None:
    memory = Memory()
    recording = a_recording(memory)
    for tick in range(SPACE // 12):
        memory.record(1, tick, 1, 2)
        memory.record(2, tick, 3)
    block = await recording.read(10_000)
    assert block is not None and len(block.ticks) == SPACE // 12
    assert await recording.read(20_000) is None


@pytest.mark.board
def test_recordings_on_a_board_equal_what_pynn_gives_afterwards(play: Any) -> None:
    seen = play("recorded.py")
    assert seen["equal get_data()"] == dict.fromkeys(("v", "every 3 ms", "split cores"), True)
    assert min(seen["blocks"].values()) > 1
    assert "records no values of 'gsyn_exc' (those it records: v)" in seen["not recorded"]
    assert seen["units"] == ["mV", "uS"]
    assert seen["at the end"] == 301
    # parameters that were set between runs: more current makes more spikes
    assert seen["parameter read back"] == [2.0]
    assert seen["spikes"][0] < 20 < 100 < seen["spikes"][1]
