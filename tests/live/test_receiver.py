"""The socket of the live spikes, against a board played on a loopback address."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import trio
import trio.testing
from loopback import bind_as_a_board

from spinnlive import wire
from spinnlive.errors import BoardUnreachable
from spinnlive.live import receiver as module
from spinnlive.live.database import LiveTag
from spinnlive.live.datagrams import DatagramReader, Single
from spinnlive.live.handed import Handed, Heard
from spinnlive.live.receiver import NEVER_FULL, Readers, Receiver
from spinnlive.live.streams import Stream
from spinnlive.wire.codes import IpTagOperation

STRANGER = "127.21.6.1"


class FakeBoard:
    """Confirms tag requests, from the second on, sends what it is told, and counts it as SCAMP
    does."""

    def __init__(self, sock: trio.socket.SocketType) -> None:
        self.sock = sock
        self.address: str = sock.getsockname()[0]
        self.requests: list[bytes] = []
        self.silent = 1
        self.sent = 0
        self.client: tuple[str, int] | None = None
        self.held: list[bytes] | None = None

    async def serve(self) -> None:
        while True:
            request, self.client = await self.sock.recvfrom(600)
            self.requests.append(request)
            if len(self.requests) <= self.silent:
                continue
            if request[16] == IpTagOperation.SET:
                self.sent = 0
                data = struct.pack("<I", request[14])
            else:
                address = socket.inet_aton(self.client[0])
                entry = (address, self.client[1], 0, 0x8000, self.sent)
                data = struct.pack("<4s6xHHHI12x", *entry)
            answer = b"\0\0\x07\x08\xff\0\0\0\0\0\x80\0" + request[12:14] + data
            if self.held is None:
                await self.sock.sendto(answer, self.client)
            else:
                self.held.append(answer)

    async def send(self, datagram: bytes) -> None:
        assert self.client is not None
        self.sent += 1
        await self.sock.sendto(datagram, self.client)


@pytest.fixture
async def fake(nursery: trio.Nursery) -> AsyncIterator[FakeBoard]:
    with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as sock:
        await bind_as_a_board(sock, "127.21.5")
        board = FakeBoard(sock)
        nursery.start_soon(board.serve)
        yield board
        nursery.cancel_scope.cancel()


def live(tick: int, *keys: int) -> bytes:
    return struct.pack(f"<BBI{len(keys)}I", len(keys), 0x38, tick, *keys)


BEAT = 7
"""The key of the heartbeat."""


class Taken:
    """Collects what is delivered, and says when there is enough."""

    def __init__(self, enough: int) -> None:
        self.packets: list[tuple[int, int]] = []
        self.keys: list[int] = []
        self.enough = enough
        self.done = trio.Event()

    def many(self, events: wire.BulkEvents, received: float) -> None:
        self.packets += zip(events.ticks.tolist(), events.counts.tolist(), strict=True)
        self.keys += events.keys.tolist()
        self._count()

    def one(self, tick: int, keys: tuple[int, ...], received: float) -> Handed:
        self.packets.append((tick, len(keys)))
        self.keys += keys
        self._count()
        return Handed(True, lambda: Heard(False, BEAT in keys))

    def _count(self) -> None:
        if len(self.packets) >= self.enough:
            self.done.set()


class Slow(Taken):
    """Takes longer for each call than datagrams of a flood are apart."""

    def _count(self) -> None:
        time.sleep(0.001)
        super()._count()


class Held:
    """Readers who are full when they are told to be."""

    def __init__(self) -> None:
        self.full = False
        self.emptied = trio.Event()

    async def room(self) -> None:
        if self.full:
            await self.emptied.wait()


def receiver_of(fake: FakeBoard, taken: Taken, readers: Readers = NEVER_FULL) -> Receiver:
    tag = LiveTag(fake.address, 6, 0, 0, 1, heartbeat=True)
    return Receiver(tag, taken.many, readers, deliver_one=taken.one)


async def claim_only(receiver: Receiver, nursery: trio.Nursery) -> None:
    """Turn the tag and stop reading: what comes then waits in the kernel."""
    pump = trio.CancelScope()

    async def pump_until_told() -> None:
        with pump:
            await receiver.pump()

    nursery.start_soon(pump_until_told)
    await receiver.claim()
    pump.cancel()
    await trio.testing.wait_all_tasks_blocked()


async def test_it_turns_the_tag_repeating_until_confirmed_and_takes_packets(
    fake: FakeBoard, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TAG_TIMEOUT_S", 0.01)
    monkeypatch.setattr(module, "TAG_TRIES", 10**6)
    taken = Taken(2)
    receiver = receiver_of(fake, taken)
    nursery.start_soon(receiver.pump)
    await receiver.claim()
    assert len(fake.requests) >= 2
    assert len(set(fake.requests)) == 1, "repetitions are the same request"
    assert fake.requests[0][14:18] == bytes((6, 0, 1, 0x50))
    # three keys make 18 bytes, as long as a tag reply
    await fake.send(live(7, 1, 2, 3))
    await fake.send(b"\x05\x38 cut off")
    await fake.send(b"")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind((STRANGER, 0))
        assert fake.client is not None
        stranger.sendto(live(8, 4), fake.client)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other_port:
        other_port.bind((fake.address, 0))
        other_port.sendto(live(8, 4), fake.client)
    await fake.send(live(8, 5))
    await taken.done.wait()
    receiver.settle()
    assert taken.packets == [(7, 3), (8, 1)]
    assert taken.keys == [1, 2, 3, 5]
    assert (receiver.packets, receiver.malformed, receiver.strangers) == (2, 2, 2)
    nursery.cancel_scope.cancel()


async def test_a_board_that_never_confirms_is_unreachable(
    fake: FakeBoard, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TAG_TIMEOUT_S", 0.001)
    fake.silent = 10**6
    receiver = receiver_of(fake, Taken(1))
    nursery.start_soon(receiver.pump)
    with pytest.raises(BoardUnreachable, match=f"{fake.address} did not confirm that IP tag 6"):
        await receiver.claim()
    with pytest.raises(BoardUnreachable, match=f"{fake.address} did not say how much IP tag 6"):
        await receiver.barrier()
    nursery.cancel_scope.cancel()


async def test_the_barrier_finds_everything_before_it_delivered_and_counted(
    fake: FakeBoard, nursery: trio.Nursery
) -> None:
    fake.silent = 0
    taken = Taken(1)
    receiver = receiver_of(fake, taken)
    nursery.start_soon(receiver.pump)
    await receiver.claim()
    for tick in range(300):
        await fake.send(live(tick, tick))
    fake.sent += 3  # which never come
    await receiver.barrier()
    assert taken.keys == list(range(300))
    account = receiver.account
    assert (account.network_drops, account.kernel_drops, account.known_sent) == (3, 0, 303)
    nursery.cancel_scope.cancel()


@pytest.mark.parametrize("crowded", [False, True])
async def test_while_the_network_runs_it_asks_again_and_again(
    fake: FakeBoard, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch, crowded: bool
) -> None:
    """The one way where every datagram has some of the heartbeat, which tells of its loss, the other where one has
    none."""
    monkeypatch.setattr(module, "PROBE_S", 0.001 if crowded else 1e9)
    monkeypatch.setattr(module, "CALM_PROBE_S", 1e9 if crowded else 0.001)
    fake.silent = 0
    receiver = receiver_of(fake, Taken(1))
    nursery.start_soon(receiver.pump)
    await receiver.claim()
    for tick, key in ((1, BEAT), (2, BEAT), (2, BEAT + 1) if crowded else (3, BEAT)):
        await fake.send(live(tick, key))
    while receiver.packets < 3:
        await trio.testing.wait_all_tasks_blocked()
    running = False
    nursery.start_soon(receiver.watch, lambda: running)
    fake.sent += 2
    while receiver.account.network_drops == 0:
        running = True
        await trio.testing.wait_all_tasks_blocked()
    assert receiver.account.network_drops == 2
    nursery.cancel_scope.cancel()


async def test_after_a_datagram_without_heartbeat_the_next_question_comes_sooner(
    fake: FakeBoard, nursery: trio.Nursery
) -> None:
    """Of the heartbeat's each tick tells, of the others only the board's count; and this since the last question,
    not since the first."""
    fake.silent = 0
    receiver = receiver_of(fake, Taken(1))
    nursery.start_soon(receiver.pump)
    await receiver.claim()
    pauses = [receiver._pause_s()]
    for tick, key in ((1, BEAT), (2, BEAT + 1), (3, BEAT)):
        await fake.send(live(tick, key))
        while receiver.packets < tick:
            await trio.testing.wait_all_tasks_blocked()
        pauses.append(receiver._pause_s())
    calm, soon = module.CALM_PROBE_S, module.PROBE_S
    assert pauses == [calm, calm, soon, calm]
    nursery.cancel_scope.cancel()


async def test_who_is_cancelled_has_counted_what_was_delivered(
    fake: FakeBoard, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TAG_TIMEOUT_S", 60)  # a second answer would not come alone
    fake.silent = 0
    taken = Taken(1)
    receiver = receiver_of(fake, taken)
    one, pump = taken.one, trio.CancelScope()

    def cancelling(tick: int, keys: tuple[int, ...], received: float) -> Handed:
        pump.cancel()
        return one(tick, keys, received)

    receiver._deliver_one = cancelling
    await claim_only(receiver, nursery)
    await fake.send(live(1, BEAT))
    with pump:
        await receiver.pump()
    assert pump.cancelled_caught
    assert (taken.packets, receiver.packets) == ([(1, 1)], 1)
    nursery.cancel_scope.cancel()


@pytest.mark.parametrize("asks", [False, True])
async def test_readers_have_their_turn_before_a_packet_is_counted(
    fake: FakeBoard, nursery: trio.Nursery, asks: bool
) -> None:
    """But who asks for the counts has them at once, and nothing is counted twice. Often enough for either order in
    which trio may run the tasks that are ready."""
    fake.silent = 0
    order: list[tuple[str, int, int]] = []
    stream: Stream[int] = Stream("drop_oldest", 9, lambda stream: None)

    def one(tick: int, keys: tuple[int, ...], received: float) -> Handed:
        def settle() -> Heard:
            order.append(("settled", tick, receiver.packets))
            return Heard(False, True)

        stream.put(tick)
        return Handed(True, settle)

    async def read() -> None:
        async for tick in stream:
            if asks:
                receiver.settle()
            order.append(("read", tick, receiver.packets))

    receiver = receiver_of(fake, Taken(0))
    receiver._deliver_one = one
    nursery.start_soon(receiver.pump)
    nursery.start_soon(read)
    await receiver.claim()
    ticks = range(1, 41)
    for tick in ticks:
        await fake.send(live(tick, 1))
        while len(order) < 2 * tick:
            await trio.testing.wait_all_tasks_blocked()
    both = [[("read", tick, tick - (not asks)), ("settled", tick, tick)] for tick in ticks]
    assert order == [each for pair in both for each in (pair[::-1] if asks else pair)]
    nursery.cancel_scope.cancel()


async def test_what_waits_is_read_together(
    fake: FakeBoard, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However slow the readers are: one by one, a flood would be read ten times as slowly."""
    fake.silent = 0
    everything = 1000
    taken = Slow(everything)
    receiver = receiver_of(fake, taken)
    singles = 0
    read_one = DatagramReader.read_one

    def counted(reader: DatagramReader) -> Single | None:
        nonlocal singles
        single = read_one(reader)
        singles += single is not None
        return single

    monkeypatch.setattr(DatagramReader, "read_one", counted)
    await claim_only(receiver, nursery)
    singles = 0
    for number in range(everything):
        await fake.send(live(number, number))
    nursery.start_soon(receiver.pump)
    await taken.done.wait()
    assert taken.keys == list(range(everything))
    assert singles <= 2
    nursery.cancel_scope.cancel()


async def test_what_waits_behind_one_is_read_without_another_round(
    fake: FakeBoard, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TAG_TIMEOUT_S", 60)
    fake.silent = 0
    taken = Taken(3)
    receiver = receiver_of(fake, taken)
    await claim_only(receiver, nursery)
    waited: list[list[int]] = []
    wait_readable = trio.lowlevel.wait_readable

    async def counted(sock: socket.socket) -> None:
        if sock is receiver._sock:
            waited.append(list(taken.keys))
        await wait_readable(sock)

    monkeypatch.setattr(trio.lowlevel, "wait_readable", counted)
    for tick in range(3):
        await fake.send(live(tick, tick))
    nursery.start_soon(receiver.pump)
    await taken.done.wait()
    await trio.testing.wait_all_tasks_blocked()
    assert waited == [[], [0, 1, 2]]
    nursery.cancel_scope.cancel()


async def test_what_the_kernel_drops_is_counted(
    fake: FakeBoard, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RECEIVE_BUFFER", 4096)
    fake.silent = 0
    everything = 300
    taken = Taken(1)
    receiver = receiver_of(fake, taken)
    await claim_only(receiver, nursery)
    for tick in range(everything):
        await fake.send(live(tick, *range(64)))
    nursery.start_soon(receiver.pump)
    await taken.done.wait()
    await trio.testing.wait_all_tasks_blocked()  # or there might be no room for the answer
    # the count of the drops comes with the first packet after them
    await receiver.barrier()
    account = receiver.account
    assert account.kernel_drops > 0
    assert receiver.packets + account.kernel_drops == everything
    assert account.network_drops == 0
    nursery.cancel_scope.cancel()


async def test_readers_hold_up_the_socket_but_no_answer_of_the_board(
    fake: FakeBoard, nursery: trio.Nursery
) -> None:
    fake.silent = 0
    held = Held()
    taken = Taken(10**6)
    receiver = receiver_of(fake, taken, held)
    nursery.start_soon(receiver.pump)
    await receiver.claim()
    await trio.testing.wait_all_tasks_blocked()  # the pump is at the socket again, not at the room
    held.full = True
    await fake.send(live(0, 1))
    while not taken.keys:
        await trio.testing.wait_all_tasks_blocked()
    await fake.send(live(1, 2))
    await trio.testing.wait_all_tasks_blocked(0.01)
    assert taken.keys == [1]
    await receiver.barrier()
    assert taken.keys == [1, 2]
    await fake.send(live(2, 3))
    await trio.testing.wait_all_tasks_blocked(0.01)
    assert taken.keys == [1, 2]
    held.full = False
    held.emptied.set()
    while taken.keys != [1, 2, 3]:
        await trio.testing.wait_all_tasks_blocked()
    nursery.cancel_scope.cancel()


async def test_rubbish_in_every_place_ends_nothing(
    fake: FakeBoard, nursery: trio.Nursery, golden_rubbish: list[bytes]
) -> None:
    fake.silent = 0
    taken = Taken(1)
    receiver = receiver_of(fake, taken)
    nursery.start_soon(receiver.pump)
    await receiver.claim()
    for datagram in golden_rubbish:
        await fake.send(datagram)
    before = fake.sent
    await receiver.barrier()
    assert receiver.account.known_sent >= before - len(golden_rubbish)
    taken.packets.clear()
    await fake.send(live(1, 77))
    await receiver.barrier()
    assert taken.packets[-1] == (1, 1)
    nursery.cancel_scope.cancel()


@pytest.fixture
def golden_rubbish() -> list[Any]:
    """Answers and packets cut at every length, with sequence numbers of questions and without."""
    answer = b"\0\0\x07\x08\xff\0\0\0\0\0\x80\0" + b"\2\0" + bytes(32)
    whole = [answer, live(5, 1, 2, 3), b"\0\0", b"\1\x40/a/path"]
    return [each[:length] for each in whole for length in range(len(each) + 1)]


async def test_an_answer_that_comes_after_a_hundred_more_questions_is_no_spikes(
    fake: FakeBoard, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that stalls the board for a second is enough for that."""
    monkeypatch.setattr(module, "CALM_PROBE_S", 0.0)
    fake.silent = 0
    taken = Taken(1)
    receiver = receiver_of(fake, taken)
    nursery.start_soon(receiver.pump)
    await receiver.claim()
    fake.held = []
    nursery.start_soon(receiver.watch, lambda: True)
    with trio.fail_after(60):
        while len(fake.held) < 100:
            await trio.lowlevel.checkpoint()
        for answer in fake.held[:100]:
            await fake.sock.sendto(answer, fake.client)
        await fake.send(live(7, 1))
        await taken.done.wait()
    receiver.settle()
    assert taken.packets == [(7, 1)]
    assert (receiver.packets, receiver.malformed, receiver.untimed) == (1, 0, 0)
    nursery.cancel_scope.cancel()
