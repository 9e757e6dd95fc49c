"""The socket of the live spikes, against a board played on a loopback address."""

from __future__ import annotations

import socket
import struct
from collections.abc import AsyncIterator, Sequence

import pytest
import trio
import trio.testing

from spinnlive import wire
from spinnlive.errors import BoardUnreachable
from spinnlive.live import receiver as module
from spinnlive.live.database import LiveTag
from spinnlive.live.receiver import Receiver, local_address_towards

BOARD = "127.23.5.1"
STRANGER = "127.23.5.2"


class FakeBoard:
    """Confirms tag requests, from the second on, and sends what it is told."""

    def __init__(self, sock: trio.socket.SocketType) -> None:
        self.sock = sock
        self.requests: list[bytes] = []
        self.silent = 1
        self.client: tuple[str, int] | None = None

    async def serve(self) -> None:
        while True:
            request, self.client = await self.sock.recvfrom(600)
            self.requests.append(request)
            if len(self.requests) > self.silent:
                sequence = request[12:14]
                tag = struct.pack("<I", request[14])
                await self.sock.sendto(
                    b"\0\0\x07\x08\xff\0\0\0\0\0\x80\0" + sequence + tag, self.client
                )

    async def send(self, datagram: bytes) -> None:
        assert self.client is not None
        await self.sock.sendto(datagram, self.client)


@pytest.fixture
async def fake(nursery: trio.Nursery) -> AsyncIterator[FakeBoard]:
    with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as sock:
        await sock.bind((BOARD, wire.SCP_UDP_PORT))
        board = FakeBoard(sock)
        nursery.start_soon(board.serve)
        yield board
        nursery.cancel_scope.cancel()


def live(tick: int, *keys: int) -> bytes:
    return struct.pack(f"<BBI{len(keys)}I", len(keys), 0x38, tick, *keys)


class Taken:
    """Collects what is delivered, and says when there is enough."""

    def __init__(self, enough: int) -> None:
        self.packets: list[tuple[int | None, list[int]]] = []
        self.enough = enough
        self.done = trio.Event()

    def __call__(self, packets: Sequence[wire.EventPacket], received: float) -> None:
        self.packets += [(packet.tick, packet.keys.tolist()) for packet in packets]
        if len(self.packets) >= self.enough:
            self.done.set()


async def test_it_turns_the_tag_repeating_until_confirmed_and_takes_packets(
    fake: FakeBoard, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TAG_TIMEOUT_S", 0.01)
    taken = Taken(2)
    receiver = Receiver(local_address_towards(BOARD), taken)
    nursery.start_soon(receiver.pump)
    await receiver.claim([LiveTag(BOARD, 6, 0, 0)])
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
    await fake.send(live(8, 5))
    await taken.done.wait()
    assert taken.packets == [(7, [1, 2, 3]), (8, [5])]
    assert (receiver.packets, receiver.malformed, receiver.strangers) == (2, 2, 1)
    nursery.cancel_scope.cancel()


async def test_a_board_that_never_confirms_is_unreachable(
    fake: FakeBoard, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TAG_TIMEOUT_S", 0.001)
    fake.silent = 10**6
    receiver = Receiver(local_address_towards(BOARD), Taken(1))
    nursery.start_soon(receiver.pump)
    with pytest.raises(BoardUnreachable, match=f"{BOARD} did not confirm that IP tag 5"):
        await receiver.claim([LiveTag(BOARD, 5, 0, 0)])
    nursery.cancel_scope.cancel()


async def test_what_the_kernel_drops_is_counted(
    fake: FakeBoard, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RECEIVE_BUFFER", 4096)
    fake.silent = 0
    everything = 300
    taken = Taken(1)
    receiver = Receiver(local_address_towards(BOARD), taken)
    pump = trio.CancelScope()

    async def pump_until_told() -> None:
        with pump:
            await receiver.pump()

    nursery.start_soon(pump_until_told)
    await receiver.claim([LiveTag(BOARD, 5, 0, 0)])
    pump.cancel()
    await trio.testing.wait_all_tasks_blocked()
    for tick in range(everything):
        await fake.send(live(tick, *range(64)))
    nursery.start_soon(receiver.pump)
    await taken.done.wait()
    # the count of the drops comes with the first packet after them
    taken.enough, taken.done = len(taken.packets) + 1, trio.Event()
    await fake.send(live(everything, 1))
    await taken.done.wait()
    assert receiver.kernel_drops > 0
    assert receiver.packets + receiver.kernel_drops == everything + 1
    nursery.cancel_scope.cancel()
