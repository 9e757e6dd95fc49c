"""The stream contract, the same for every kind of stream: policies, statistics, several readers,
cancellation, the end.

A kind of stream enters with one function that makes its `Kind`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import trio
import trio.testing

from spinnlive import wire
from spinnlive.errors import BoardLost, StreamOverflow, UsageError
from spinnlive.live.feed import Feed, fed
from spinnlive.live.keys import KeyTable
from spinnlive.live.merge import MergedSpikes
from spinnlive.live.pace import tell_ticks
from spinnlive.live.spikes import SpikeRouter
from spinnlive.live.stage import StageClock
from spinnlive.live.streams import Policy, Stream
from spinnlive.live.tap import Tap
from spinnlive.live.weights import WeightSnapshot, feed_snapshots
from spinnlive.live.windows import WindowStream


class Kind(ABC):
    """A kind of stream with a source that makes batches number 0, 1, 2, ... when told."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.nursery = nursery

    @abstractmethod
    def open(self, policy: Policy, buffer: int) -> Stream[Any]:
        """Make a stream."""

    @abstractmethod
    async def make(self, batches: int) -> None:
        """Make so many more batches, waiting for readers as the source does."""

    @abstractmethod
    def end(self, error: BaseException | None) -> None:
        """The live run ends."""

    @abstractmethod
    def number(self, batch: Any) -> int:
        """Which batch this is."""


class Spikes(Kind):
    """Live spikes of one population; a batch for each tick."""

    def __init__(self, nursery: trio.Nursery) -> None:
        super().__init__(nursery)
        keys = KeyTable.build(("a", "b"), np.array([1, 2]), np.array([0, 1]), np.array([0, 0]))
        self.router = SpikeRouter(keys, 1.0)
        self.tick = 0

    def open(self, policy: Policy, buffer: int) -> Stream[Any]:
        return self.router.open("a", policy, buffer)

    async def make(self, batches: int) -> None:
        for _ in range(batches):
            await self.router.room()
            self.deliver(self.tick)
            self.tick += 1

    def deliver(self, tick: int) -> None:
        one = np.array([1])
        self.router.deliver(wire.BulkEvents(one * tick, one, one.astype(np.uint32), 0, 0), 0.0)

    def end(self, error: BaseException | None) -> None:
        self.router.end(error)

    def number(self, batch: Any) -> int:
        return int(batch.tick)


class Merged(Spikes):
    """Live spikes of two populations; a tick comes when the next one has begun."""

    def open(self, policy: Policy, buffer: int) -> Stream[Any]:
        stream = MergedSpikes(["a", "b"], policy, buffer, self.router.remove, 0)
        self.router.add(["a", "b"], stream)
        return stream

    def deliver(self, tick: int) -> None:
        super().deliver(tick)
        none = np.array([0])
        self.router.deliver(
            wire.BulkEvents(none + tick + 1, none, np.empty(0, np.uint32), 0, 0), 0.0
        )


class Windows(Spikes):
    """Windows of one tick."""

    def open(self, policy: Policy, buffer: int) -> Stream[Any]:
        stream = WindowStream("a", 1, 1, 1.0, policy, buffer, self.router.remove, 0)
        self.router.add(["a"], stream)
        return stream

    def deliver(self, tick: int) -> None:
        super().deliver(tick)
        self.router.stand(tick + 1, whole=True)


class Fed(Kind):
    """A stream that a task fills, as weights, clock and telemetry are."""

    def __init__(self, nursery: trio.Nursery) -> None:
        super().__init__(nursery)
        self.wanted = 0
        self.more = trio.Event()
        self.over = trio.Event()
        self.error: BaseException | None = None
        self.made: list[int] = []

    def open(self, policy: Policy, buffer: int) -> Stream[Any]:
        self.made.append(0)
        number = len(self.made) - 1

        async def source(feed: Feed[int]) -> None:
            while True:
                while self.made[number] < self.wanted:
                    await feed.wanted()
                    feed.put(self.made[number])
                    self.made[number] += 1
                if self.over.is_set():
                    if self.error is not None:
                        raise self.error
                    return
                await self.more.wait()

        return fed(self.nursery, policy, buffer, source)

    async def make(self, batches: int) -> None:
        self.wanted += batches
        self._tell()
        await trio.testing.wait_all_tasks_blocked()

    def end(self, error: BaseException | None) -> None:
        self.error = error
        self.over.set()
        self._tell()

    def _tell(self) -> None:
        self.more.set()
        self.more = trio.Event()

    def number(self, batch: Any) -> int:
        return int(batch)


class Timed(Kind):
    """A stream whose batches come with the board's time, one for each tick."""

    def __init__(self, nursery: trio.Nursery) -> None:
        super().__init__(nursery)
        self.clock = StageClock(1000, 1, trio.current_time, Tap())
        self.clock.set_tick(-1)
        self.streams: list[Stream[Any]] = []

    @abstractmethod
    async def source(self, feed: Feed[Any]) -> None:
        """Fill a stream."""

    def open(self, policy: Policy, buffer: int) -> Stream[Any]:
        self.streams.append(fed(self.nursery, policy, buffer, self.source))
        return self.streams[-1]

    async def make(self, batches: int) -> None:
        for _ in range(batches):
            await trio.testing.wait_all_tasks_blocked()
            for stream in self.streams:
                while stream.policy == "block" and not stream.asked:
                    await stream.changed.park()
            self.clock.set_tick(self.clock.tick + 1)
            self.clock.moved()
        await trio.testing.wait_all_tasks_blocked()

    def end(self, error: BaseException | None) -> None:
        self.clock.end(error)

    def number(self, batch: Any) -> int:
        return int(batch.tick)


class Ticks(Timed):
    """The clock's stream."""

    async def source(self, feed: Feed[Any]) -> None:
        await tell_ticks(feed, self.clock, 1)


class Weights(Timed):
    """Snapshots of weights; only the reading of the board's memory is not the real one."""

    async def source(self, feed: Feed[Any]) -> None:
        async def tick() -> int:
            await trio.lowlevel.checkpoint()
            return self.clock.tick

        await feed_snapshots(feed, _Reader(self.clock), self.clock, 1, tick, Tap())  # type: ignore[arg-type]


@dataclass(frozen=True)
class _Reader:
    clock: StageClock

    async def read(self) -> WeightSnapshot:
        await trio.lowlevel.checkpoint()
        nothing = np.empty(0)
        fields = dict.fromkeys(WeightSnapshot.__dataclass_fields__, nothing)
        return WeightSnapshot(**{**fields, "tick": self.clock.tick})  # type: ignore[arg-type]


KINDS: list[Callable[[trio.Nursery], Kind]] = [Spikes, Merged, Windows, Fed, Ticks, Weights]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def kind(request: pytest.FixtureRequest, nursery: trio.Nursery) -> Kind:
    made: Kind = request.param(nursery)
    return made


async def rest(kind: Kind, stream: Stream[Any]) -> list[int]:
    """End everything and give what the stream still holds."""
    await trio.testing.wait_all_tasks_blocked()
    kind.end(None)
    return [kind.number(batch) async for batch in stream]


@pytest.mark.parametrize("policy", ["drop_oldest", "error"])
async def test_everything_comes_in_order_while_there_is_room(kind: Kind, policy: Policy) -> None:
    stream = kind.open(policy, 10)
    await kind.make(10)
    assert await rest(kind, stream) == list(range(10))
    counts = stream.statistics()
    assert (counts.delivered, counts.dropped, counts.peak_buffer) == (10, 0, 10)


async def test_drop_oldest(kind: Kind) -> None:
    stream = kind.open("drop_oldest", 3)
    await kind.make(8)
    assert stream.statistics().dropped == 5
    assert await rest(kind, stream) == [5, 6, 7]
    counts = stream.statistics()
    assert (counts.delivered, counts.dropped, counts.peak_buffer) == (3, 5, 3)


async def test_latest(kind: Kind) -> None:
    stream = kind.open("latest", 100)
    await kind.make(4)
    assert kind.number(await anext(stream)) == 3
    await kind.make(3)
    assert await rest(kind, stream) == [6]
    counts = stream.statistics()
    assert (counts.delivered, counts.dropped, counts.peak_buffer) == (2, 5, 1)


async def test_error(kind: Kind) -> None:
    stream = kind.open("error", 2)
    await kind.make(5)
    assert [kind.number(await anext(stream)) for _ in range(2)] == [0, 1]
    with pytest.raises(StreamOverflow, match="2 batches behind"):
        await anext(stream)
    assert stream.statistics().dropped == 1


async def test_block_drops_nothing(kind: Kind) -> None:
    stream = kind.open("block", 2)
    kind.nursery.start_soon(kind.make, 9)
    await trio.testing.wait_all_tasks_blocked()
    assert stream.statistics().peak_buffer <= 2
    assert [kind.number(await anext(stream)) for _ in range(9)] == list(range(9))
    assert stream.statistics().dropped == 0


async def test_several_readers_each_get_everything(kind: Kind) -> None:
    first, second = kind.open("drop_oldest", 9), kind.open("drop_oldest", 9)
    await kind.make(5)
    assert [kind.number(await anext(first)) for _ in range(5)] == list(range(5))
    await second.aclose()
    await kind.make(2)
    assert await rest(kind, first) == [5, 6]


async def test_a_cancelled_read_loses_nothing(kind: Kind) -> None:
    stream = kind.open("drop_oldest", 9)
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stream.__anext__)
            await trio.testing.wait_all_tasks_blocked()
            scope.cancel()
    await kind.make(3)
    with trio.CancelScope() as scope:
        scope.cancel()
        await anext(stream)
    assert await rest(kind, stream) == [0, 1, 2]


async def test_tasks_that_share_a_stream_take_turns(kind: Kind) -> None:
    """Each batch goes to one of them; one that is cancelled, asleep or just woken, takes nothing from the others."""
    stream = kind.open("drop_oldest", 9)
    got: list[tuple[str, int]] = []
    scopes = {name: trio.CancelScope() for name in ("leaves", "first", "woken", "last")}

    async def read(name: str) -> None:
        with scopes[name]:
            got.append((name, kind.number(await anext(stream))))

    async with trio.open_nursery() as nursery:
        for name in scopes:
            nursery.start_soon(read, name)
            await trio.testing.wait_all_tasks_blocked()
        scopes["leaves"].cancel()
        await trio.testing.wait_all_tasks_blocked()
        await kind.make(1)
        await trio.testing.wait_all_tasks_blocked()
        assert got == [("first", 0)]
        await kind.make(2)
        scopes[
            "woken"
        ].cancel()  # which may have been woken by now, and then has its batch all the same
        await trio.testing.wait_all_tasks_blocked()
    assert await rest(kind, stream) == [1, 2][len(got) - 1 :]
    assert [number for _, number in got] == list(range(len(got)))
    assert "last" in dict(got)


async def test_an_error_comes_after_what_is_held(kind: Kind) -> None:
    stream = kind.open("drop_oldest", 9)
    await kind.make(2)
    kind.end(BoardLost("gone"))
    assert [kind.number(await anext(stream)) for _ in range(2)] == [0, 1]
    for _ in range(2):
        with pytest.raises(BoardLost, match="gone"):
            await anext(stream)


async def test_the_end_reaches_a_reader_that_waits(kind: Kind) -> None:
    stream = kind.open("drop_oldest", 9)
    got: list[int] = []

    async def read() -> None:
        async for batch in stream:
            got.append(kind.number(batch))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        await trio.testing.wait_all_tasks_blocked()
        await kind.make(2)
        await trio.testing.wait_all_tasks_blocked()
        kind.end(None)
    assert got == [0, 1]


async def test_leaving_the_block_takes_no_more_part(kind: Kind) -> None:
    async with kind.open("error", 1) as stream:
        pass
    await kind.make(3)
    assert await rest(kind, stream) == []
    assert stream.statistics().dropped == 0


async def test_what_cannot_be(kind: Kind) -> None:
    for policy, buffer in (("whatever", 1), ("latest", 0), ("block", 1.5)):
        with pytest.raises(UsageError):
            kind.open(policy, buffer)  # type: ignore[arg-type]
