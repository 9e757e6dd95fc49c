"""Many datagrams with one read: by recvmmsg and one by one, with the same outcome."""

from __future__ import annotations

import ctypes
import socket
from collections.abc import Iterator

import numpy as np
import pytest

from spinnlive import wire
from spinnlive.live import datagrams as module
from spinnlive.live.datagrams import ROOM, SLOTS, DatagramReader, sender_word

HERE, SENDERS = "127.21.1.1", ("127.21.1.2", "127.21.1.3")


@pytest.fixture(params=["recvmmsg", "one by one"])
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[DatagramReader, socket.socket]]:
    """A reader and the socket that it reads."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        sock.bind((HERE, 0))
        yield DatagramReader(sock, one_by_one=request.param == "one by one"), sock


def send(datagrams: list[bytes], to: socket.socket, sender: str = SENDERS[0]) -> int:
    """Send from an ephemeral port; give what the reader is to say of the sender."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.bind((sender, 0))
        for datagram in datagrams:
            out.sendto(datagram, to.getsockname())
        return sender_word(*out.getsockname())


def contents(read: module.Datagrams) -> list[bytes]:
    return [
        slot[wire.LEAD : wire.LEAD + length].tobytes()
        for slot, length in zip(read.slots, read.lengths, strict=True)
    ]


def test_what_was_sent_is_read_in_order_with_its_sender(
    pair: tuple[DatagramReader, socket.socket],
) -> None:
    reader, sock = pair
    assert len(reader.read()) == 0
    first = [bytes([number]) * number for number in range(40)]
    second = [b"another"]
    one = send(first, sock)
    other = send(second, sock, SENDERS[1])
    read = reader.read()
    assert contents(read) == first + second
    assert read.senders.tolist() == [one] * 40 + [other]
    assert read.dropped.tolist() == [0] * 41
    assert contents(read.part(1, 3)) == first[1:3]
    assert contents(read.only(read.senders == np.uint64(other))) == second
    assert len(reader.read()) == 0


def test_a_long_datagram_is_cut_and_the_next_is_whole(
    pair: tuple[DatagramReader, socket.socket],
) -> None:
    reader, sock = pair
    send([b"x" * (ROOM + 100), b"y"], sock)
    assert contents(reader.read()) == [b"x" * ROOM, b"y"]


def test_one_read_takes_no_more_than_its_slots(pair: tuple[DatagramReader, socket.socket]) -> None:
    reader, sock = pair
    sent = [number.to_bytes(2, "little") for number in range(SLOTS + 5)]
    send(sent, sock)
    assert contents(reader.read()) == sent[:SLOTS]
    assert contents(reader.read()) == sent[SLOTS:]


def test_what_the_kernel_drops_is_told_with_what_comes_after(
    pair: tuple[DatagramReader, socket.socket],
) -> None:
    reader, sock = pair
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sent = [number.to_bytes(2, "little") for number in range(200)]
    send(sent, sock)
    before = reader.read()
    assert 0 < len(before) < len(sent)
    assert before.dropped.tolist() == [0] * len(before), "these came before the first drop"
    send([b"later", b"and later"], sock)
    after = reader.read()
    assert after.dropped.tolist() == [len(sent) - len(before)] * 2
    send([b"last"], sock)
    assert reader.read().dropped.tolist() == [len(sent) - len(before)]


def test_a_closed_port_of_somebody_else_is_no_error(
    pair: tuple[DatagramReader, socket.socket],
) -> None:
    reader, sock = pair
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind((SENDERS[0], 0))
        nobody = gone.getsockname()
    sock.setsockopt(socket.IPPROTO_IP, 11, 1)  # IP_RECVERR: be told
    sock.sendto(b"?", nobody)
    assert len(reader.read()) == 0
    send([b"!"], sock)
    assert contents(reader.read()) == [b"!"]


def test_the_kernels_structures_are_as_long_as_linux_has_them() -> None:
    assert ctypes.sizeof(module._IoVector) == 2 * ctypes.sizeof(ctypes.c_void_p)
    if ctypes.sizeof(ctypes.c_void_p) == 8:
        assert ctypes.sizeof(module._Message) == 64
        assert np.dtype(module._Message).itemsize == 64
