"""Weights from a board's memory that is a dictionary: several cores, delays, the board's time."""

from __future__ import annotations

import struct

import numpy as np
import trio
import trio.testing

from spinnlive.live.clock import Clock
from spinnlive.live.weights import VCPU_BASE, WeightReader, WeightStream
from spinnlive.toolchain.values import MatrixBlock, MatrixCore, WeightsLayout

TABLE = 0x60001000
REGION = 0x60002000
SIZE = 2 * 4 * 4  # two rows of four words


class Memory:
    """A board's memory as the reader sees it; counts what is read."""

    def __init__(self) -> None:
        self.blocks: dict[tuple[int, int, int], bytes] = {}
        self.reads = 0

    def put_core(self, x: int, y: int, p: int, region: int, *blocks: bytes) -> None:
        """Lay out a core's user0, its region table and its matrices, one behind the other."""
        base = REGION + 0x1000 * p
        table = TABLE + 0x100 * p
        self.blocks[x, y, VCPU_BASE + 128 * p + 112] = struct.pack("<I", table)
        self.blocks[x, y, table + 8 + 12 * region] = struct.pack("<I", base)
        for number, block in enumerate(blocks):
            self.blocks[x, y, base + 0x40 + SIZE * number] = block

    async def read(self, x: int, y: int, address: int, length: int) -> bytes:
        await trio.lowlevel.checkpoint()
        self.reads += 1
        block = self.blocks[x, y, address]
        assert len(block) == length
        return block


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
        plastic=False,
        header_bytes=0,
        half_words=0,
        weight_half_word=0,
        target_bits=7,
        type_bits=1,
        stage_ticks=16,
        pre_ids=np.arange(2),
        cores=cores,
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
    reader = WeightReader(memory, layout(core(0, 0, 1, 0), core(1, 1, 2, 3, delayed=True)), 0.5)  # type: ignore[arg-type]
    pre, post, weights, delays = await reader.read()
    assert pre.tolist() == [0, 0, 1, 1]
    assert post.tolist() == [2, 5, 0, 4]
    assert weights.tolist() == [1.0, 0.25, 2.0, 0.5]
    # 0 stands for the longest delay of a core; a delay stage adds 16 ticks
    assert (delays / 0.5).tolist() == [1, 21, 2, 16]


async def test_addresses_are_looked_up_once() -> None:
    memory = Memory()
    memory.put_core(0, 0, 1, 3, rows((1, 1, 0), None))
    reader = WeightReader(memory, layout(core(0, 0, 1, 0)), 1.0)  # type: ignore[arg-type]
    await reader.read()
    first = memory.reads
    await reader.read()
    assert (first, memory.reads - first) == (3, 1)


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


def parts() -> tuple[Clock, Pace, WeightStream]:
    memory = Memory()
    memory.put_core(0, 0, 1, 3, rows((256, 1, 2), (512, 1, 0)))
    clock = Clock(1000, 1, host_time=trio.current_time)
    pace = Pace(clock)
    plan = layout(core(0, 0, 1, 0))
    stream = WeightStream(WeightReader(memory, plan, 1.0), plan, clock, 100, pace)  # type: ignore[arg-type]
    return clock, pace, stream


async def test_snapshots_come_at_once_and_then_by_the_boards_clock(
    autojump_clock: trio.testing.MockClock,
) -> None:
    clock, pace, stream = parts()
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


async def test_a_matrix_has_nan_where_there_is_no_synapse() -> None:
    _, _, stream = parts()
    snapshot = await anext(stream)
    matrix = snapshot.matrix()
    assert matrix.shape == (2, 6)
    assert (matrix[0, 2], matrix[1, 0]) == (1.0, 2.0)
    assert np.count_nonzero(~np.isnan(matrix)) == 2
