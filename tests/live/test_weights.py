"""Weights from a board's memory that is a dictionary: several cores, delays, the board's time."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import trio
import trio.testing

from spinnlive.boards.bulk import Span
from spinnlive.errors import NeuronIdError, ScpError, WeightError
from spinnlive.live.clock import Clock
from spinnlive.live.feed import fed
from spinnlive.live.matrices import Matrices
from spinnlive.live.setting import write_weights
from spinnlive.live.streams import Stream
from spinnlive.live.tap import Tap
from spinnlive.live.vcpu import VCPU_BASE
from spinnlive.live.weights import WeightReader, WeightSnapshot, feed_snapshots, select
from spinnlive.toolchain.values import MatrixBlock, MatrixCore, WeightsLayout

TABLE = 0x60001000
REGION = 0x60002000
SIZE = 2 * 4 * 4  # two rows of four words


class Memory:
    """A board's memory as the reader sees it; counts how many bytes are read."""

    def __init__(self) -> None:
        self.blocks: dict[tuple[int, int, int], bytearray] = {}
        self.bytes_read = 0

    def put_core(self, x: int, y: int, p: int, region: int, *blocks: bytes) -> None:
        """Lay out a core's user0, its region table and its matrices, one behind the other."""
        base = REGION + 0x1000 * p
        table = TABLE + 0x100 * p
        self.blocks[x, y, VCPU_BASE + 128 * p + 112] = bytearray(struct.pack("<I", table))
        self.blocks[x, y, table + 8 + 12 * region] = bytearray(struct.pack("<I", base))
        for number, block in enumerate(blocks):
            self.blocks[x, y, base + 0x40 + SIZE * number] = bytearray(block)

    def find(self, span: Span) -> tuple[bytearray, int]:
        """Give the block that holds these bytes, and where in it they are."""
        for (x, y, address), block in self.blocks.items():
            at = span.address - address
            if (x, y) == (span.x, span.y) and 0 <= at <= at + span.length <= len(block):
                return block, at
        raise AssertionError(span)

    async def read(self, spans: Sequence[Span]) -> list[bytes]:
        await trio.lowlevel.checkpoint()
        found = []
        for span in spans:
            self.bytes_read += span.length
            block, at = self.find(span)
            found.append(bytes(block[at : at + span.length]))
        return found

    async def write(self, pieces: Sequence[tuple[Span, bytes]]) -> None:
        await trio.lowlevel.checkpoint()
        for span, data in pieces:
            block, at = self.find(span)
            block[at : at + span.length] = data


async def standing() -> int:
    """Be a board that stands at tick 5."""
    await trio.lowlevel.checkpoint()
    return 5


def rows(*synapses: tuple[int, int, int] | None) -> bytes:
    """Make static rows of room for one synapse each: weight, delay, target."""
    memory = b""
    for synapse in synapses:
        if synapse is None:
            memory += struct.pack("<4I", 0, 0, 0, 0)
        else:
            weight, delay, target = synapse
            memory += struct.pack("<4I", 0, 1, 0, weight << 16 | delay << 8 | target)
    return memory


def layout(*cores: MatrixCore) -> WeightsLayout:
    return WeightsLayout(
        label="p",
        n_pre=2,
        n_post=6,
        unit="nA",
        scale=256.0,
        form="static",
        header_bytes=0,
        half_words=0,
        weight_half_word=0,
        target_bits=7,
        type_bits=1,
        stage_ticks=16,
        pre_ids=np.arange(2),
        cores=cores,
        least=0.0,
        most=255.99,
    )


def core(x: int, y: int, p: int, first: int, *, delayed: bool = False) -> MatrixCore:
    return MatrixCore(
        x,
        y,
        p,
        region=3,
        post_ids=np.arange(first, first + 3),
        direct=MatrixBlock(0x40, SIZE, 4),
        delayed=MatrixBlock(0x40 + SIZE, SIZE, 4) if delayed else None,
    )


async def test_several_cores_and_delays_come_in_pynns_order() -> None:
    memory = Memory()
    memory.put_core(0, 0, 1, 3, rows((256, 1, 2), (512, 2, 0)))
    memory.put_core(1, 1, 2, 3, rows(None, (128, 0, 1)), rows((64, 5, 2), None))
    plan = layout(core(0, 0, 1, 0), core(1, 1, 2, 3, delayed=True))
    snapshot = await WeightReader(memory, plan, 0.5, standing).read()  # type: ignore[arg-type]
    assert (snapshot.tick, snapshot.tick_after) == (5, 5)
    assert snapshot.pre.tolist() == [0, 0, 1, 1]
    assert snapshot.post.tolist() == [2, 5, 0, 4]
    assert snapshot.weights.tolist() == [1.0, 0.25, 2.0, 0.5]
    # 0 stands for the longest delay of a core; a delay stage adds 16 ticks
    assert (snapshot.delays_ms / 0.5).tolist() == [1, 21, 2, 16]


async def test_only_the_rows_and_cores_of_selected_neurons_are_read() -> None:
    memory = Memory()
    memory.put_core(0, 0, 1, 3, rows((256, 1, 2), (512, 2, 0)))  # the other core is not even there
    plan = layout(core(0, 0, 1, 0), core(1, 1, 2, 3))
    wanted = select(plan, [1], [0, 1, 2])
    snapshot = await WeightReader(memory, plan, 1.0, standing, wanted).read()  # type: ignore[arg-type]
    assert (snapshot.pre.tolist(), snapshot.post.tolist()) == ([1], [0])
    assert memory.bytes_read == 4 + 4 + 16 + 2
    with pytest.raises(NeuronIdError, match="no post-synaptic neuron 6: they are 0 to 5"):
        select(plan, None, [6])
    with pytest.raises(NeuronIdError, match="list of neuron ids"):
        select(plan, [0.5], None)


async def test_what_does_not_change_is_read_once() -> None:
    memory = Memory()
    memory.put_core(0, 0, 1, 3, rows((1, 1, 0), None))
    reader = WeightReader(memory, layout(core(0, 0, 1, 0)), 1.0, standing)  # type: ignore[arg-type]
    await reader.read()
    first = memory.bytes_read
    snapshot = await reader.read()
    assert memory.bytes_read - first == 2
    assert snapshot.weights.tolist() == [1 / 256]


def a_network() -> tuple[Memory, Matrices, Clock]:
    """Two synapses: 0 → 2 and 1 → 0."""
    memory = Memory()
    memory.put_core(0, 0, 1, 3, rows((256, 1, 2), (512, 2, 0)))
    plan = layout(core(0, 0, 1, 0))
    clock = Clock(1000, 1)
    clock.set_tick(5)
    return memory, Matrices(memory, plan, select(plan, None, None)), clock  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        (3.0, [3.0, 3.0]),
        ([[0, 2, 1.5]], [1.5, 2.0]),
        ([[0, 2, 1.5], [1, 0, 0.25]], [1.5, 0.25]),
        (np.where(np.arange(12).reshape(2, 6) == 2, 0.5, np.nan), [0.5, 2.0]),
    ],
)
async def test_weights_are_set_and_delays_stay(weights: Any, expected: list[float]) -> None:
    memory, matrices, clock = a_network()
    await write_weights(matrices, weights, clock, standing)
    reader = WeightReader(memory, matrices.layout, 1.0, standing)  # type: ignore[arg-type]
    snapshot = await reader.read()
    assert snapshot.weights.tolist() == expected
    assert snapshot.delays_ms.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("weights", "what"),
    [
        (256.0, r"256 nA .* 0 to 255.99 nA"),
        (-0.1, r"-0.1 nA .* 0 to 255.99 nA"),
        ([[0, 3, 1.0]], "no synapse from 0 to 3"),
        ([[0, 6, 1.0]], "no synapse from 0 to 6"),
        ([1.0, 2.0], r"shape \(2,\)"),
        ([[0, 2, 1.0], [1, 0, 300.0]], "300 nA"),
    ],
)
async def test_what_cannot_be_set_is_refused_before_anything_is(weights: Any, what: str) -> None:
    memory, matrices, clock = a_network()
    before = {place: bytes(block) for place, block in memory.blocks.items()}
    with pytest.raises(WeightError, match=what):
        await write_weights(matrices, weights, clock, standing)
    assert {place: bytes(block) for place, block in memory.blocks.items()} == before


@pytest.mark.parametrize("spikes", [1, 100])
async def test_a_plastic_row_that_its_core_writes_over_is_written_again(spikes: int) -> None:
    row = struct.pack("<II2HII2H", 2, 4, 256, 256, 0, 2, 1 << 8, 1 << 8 | 1)

    class Overwritten(Memory):
        """The core puts back what it had read before, so many times."""

        left = spikes

        async def write(self, pieces: Sequence[tuple[Span, bytes]]) -> None:
            await super().write(pieces)
            if self.left:
                self.left -= 1
                block, _ = self.find(pieces[0][0])
                block[:] = row

    memory = Overwritten()
    memory.put_core(0, 0, 1, 3, row)
    plan = replace(
        layout(replace(core(0, 0, 1, 0), direct=MatrixBlock(0x40, len(row), len(row) // 4))),
        form="plastic",
        n_pre=1,
        pre_ids=np.arange(1),
        header_bytes=4,
        half_words=1,
    )
    clock = Clock(1000, 1)
    clock.set_tick(5)
    matrices = Matrices(memory, plan, select(plan, None, None))  # type: ignore[arg-type]
    if spikes == 1:
        await write_weights(matrices, 7.0, clock, standing)
        reader = WeightReader(memory, plan, 1.0, standing)  # type: ignore[arg-type]
        assert (await reader.read()).weights.tolist() == [7.0, 7.0]
    else:
        with pytest.raises(ScpError, match="their cores wrote over it"):
            await write_weights(matrices, 7.0, clock, standing)


class Pace:
    """A board's tick, by trio's clock."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    async def __call__(self) -> int:
        await trio.lowlevel.checkpoint()
        now = trio.current_time()
        if self.clock.running:
            self.clock.observe_poll(int(now * 1000) - self.start, now, now)
        return self.clock.tick

    def begin(self) -> None:
        self.start = int(trio.current_time() * 1000)
        self.clock.start(None)


def stream_of(nursery: trio.Nursery) -> tuple[Clock, Pace, Stream[WeightSnapshot]]:
    memory = Memory()
    memory.put_core(0, 0, 1, 3, rows((256, 1, 2), (512, 1, 0)))
    clock = Clock(1000, 1, host_time=trio.current_time)
    pace = Pace(clock)
    reader = WeightReader(memory, layout(core(0, 0, 1, 0)), 1.0, pace)  # type: ignore[arg-type]
    source = partial(feed_snapshots, reader=reader, clock=clock, every=100, tick=pace, tap=Tap())
    return clock, pace, fed(nursery, "block", 1, source)


async def test_snapshots_come_at_once_and_then_by_the_boards_clock(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    clock, pace, stream = stream_of(nursery)
    first = await anext(stream)
    assert (first.tick, first.tick_after, first.shape, first.unit) == (0, 0, (2, 6), "nA")
    pace.begin()
    for expected in (100, 200, 300):
        snapshot = await anext(stream)
        assert expected <= snapshot.tick <= expected + 2
    # the reader is busy for a while: those that it misses are counted
    await trio.sleep(0.45)
    snapshot = await anext(stream)
    assert 750 <= snapshot.tick <= 760
    assert stream.statistics().dropped == 3
    clock.end(None)
    assert [each async for each in stream] == []


async def test_a_reading_that_begins_late_is_that_of_the_interval_it_begins_in(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    clock = Clock(1000, 1, host_time=trio.current_time)
    pace = Pace(clock)
    memory = Memory()
    memory.put_core(0, 0, 1, 3, rows((256, 1, 2), (512, 1, 0)))
    reader = WeightReader(memory, layout(core(0, 0, 1, 0)), 1.0, pace)  # type: ignore[arg-type]

    class Late:
        delays = iter([0.0, 0.012, 0.0, 0.0])

        async def read(self) -> WeightSnapshot:
            await trio.sleep(next(self.delays))
            return await reader.read()

    source = partial(feed_snapshots, reader=Late(), clock=clock, every=10, tick=pace, tap=Tap())
    stream = fed(nursery, "block", 1, source)
    await anext(stream)
    pace.begin()
    ticks = [(await anext(stream)).tick for _ in range(3)]
    assert [tick // 10 for tick in ticks] == [2, 3, 4]
    assert stream.statistics().dropped == 1


async def test_a_matrix_has_nan_where_there_is_no_synapse(nursery: trio.Nursery) -> None:
    _, _, stream = stream_of(nursery)
    matrix = (await anext(stream)).matrix()
    assert matrix.shape == (2, 6)
    assert (matrix[0, 2], matrix[1, 0]) == (1.0, 2.0)
    assert np.count_nonzero(~np.isnan(matrix)) == 2
