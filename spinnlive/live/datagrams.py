"""Read many datagrams of a UDP socket with one system call, straight into one array.

Linux has ``recvmmsg`` for it, called through ctypes; where the C library lacks it, ``recvmsg`` is
called once for each datagram, into the same array. Either way the kernel tells with each datagram
how many it had to drop for lack of room (``SO_RXQ_OVFL``).
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import socket
import struct
import termios
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinnlive import wire

SLOTS = 256
"""Most datagrams of one read: in all 16,384 spikes, in arrays that stay in a core's cache."""

ROOM = 610
"""Most bytes taken of a datagram: over twice the longest packet of the gatherer, and whole words
with `wire.LEAD`. Of a longer one the rest is lost, so it does not decode."""

SO_RXQ_OVFL = getattr(socket, "SO_RXQ_OVFL", 40)
"""Socket option of Linux: tell with each datagram how many were dropped for lack of room."""

_NAME = 16
"""Bytes of a ``sockaddr_in``: family, port and IP address are its first 8."""

_DROPS = struct.Struct("=I")
_CONTROL = socket.CMSG_SPACE(_DROPS.size)
_CONTROL_AT = socket.CMSG_LEN(0)
"""Where the number lies in a control message, behind its header."""


class _IoVector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Header(ctypes.Structure):
    """``struct msghdr``."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("vectors", ctypes.c_void_p),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Message(ctypes.Structure):
    """``struct mmsghdr``: a header, and how many bytes came."""

    _fields_ = (("header", _Header), ("received", ctypes.c_uint32))


@dataclass(frozen=True, slots=True)
class Datagrams:
    """What one read brought, in order of arrival; valid until the next read.

    ``slots`` and ``lengths`` are as `wire.decode_bulk` takes them. ``senders`` has the address and
    port of each as `sender_word` gives them. ``dropped`` is how many datagrams the kernel had dropped, in
    all, before each of them arrived.
    """

    slots: NDArray[np.uint8]
    lengths: NDArray[np.int64]
    senders: NDArray[np.uint64]
    dropped: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.lengths)

    def datagram(self, place: int) -> bytes:
        """Give one of them by itself."""
        return self.slots[place, wire.LEAD : wire.LEAD + self.lengths[place]].tobytes()

    def part(self, begin: int, end: int) -> Datagrams:
        """Give the datagrams from ``begin`` up to but without ``end``."""
        return Datagrams(
            self.slots[begin:end],
            self.lengths[begin:end],
            self.senders[begin:end],
            self.dropped[begin:end],
        )

    def only(self, chosen: NDArray[np.bool_]) -> Datagrams:
        """Give those that ``chosen`` names."""
        return Datagrams(
            self.slots[chosen], self.lengths[chosen], self.senders[chosen], self.dropped[chosen]
        )


class Single(NamedTuple):
    """One datagram that was read by itself; ``dropped`` as in `Datagrams`. ``sender`` is an address and a port;
    nothing where the socket is one of a pair."""

    datagram: bytes
    sender: tuple[str, int] | None
    dropped: int


class DatagramReader:
    """Reads a socket (IPv4, UDP, not blocking) into arrays of its own."""

    def __init__(self, sock: socket.socket, *, one_by_one: bool = False) -> None:
        sock.setsockopt(socket.SOL_SOCKET, SO_RXQ_OVFL, 1)
        self._sock = sock
        self._slots = np.zeros((SLOTS, wire.LEAD + ROOM), np.uint8)
        self._lengths = np.zeros(SLOTS, np.int64)
        self._senders = np.zeros(SLOTS, np.uint64)
        self._dropped = np.zeros(SLOTS, np.int64)
        self._drops = 0
        self._waiting = array("i", [0])
        self._many = None if one_by_one else _recvmmsg()
        self._rooms = [slot.data[wire.LEAD :] for slot in self._slots]
        if self._many is not None:
            self._prepare()

    def read(self) -> Datagrams:
        """Read what is there, at most `SLOTS` datagrams; none when there is nothing."""
        return self._first(self._read_one_by_one() if self._many is None else self._read_many())

    def read_one(self) -> Single | None:
        """Read one datagram, None when there is nothing: for a socket at which they come one by one, where
        arrays would take longer than all the rest."""
        try:
            datagram, extra, _, sender = self._sock.recvmsg(ROOM, _CONTROL)
        except (BlockingIOError, ConnectionRefusedError):
            return None
        if extra:
            self._drops = _DROPS.unpack(extra[0][2][: _DROPS.size])[0]
        return Single(datagram, sender or None, self._drops)

    @property
    def more(self) -> bool:
        """Whether a datagram waits to be read (of no bytes: it can say no)."""
        fcntl.ioctl(self._sock, termios.FIONREAD, self._waiting)
        return self._waiting[0] > 0

    def among_many(self, single: Single) -> Datagrams:
        """Give it as `read` would have."""
        self._rooms[0][: len(single.datagram)] = single.datagram
        self._lengths[0] = len(single.datagram)
        self._senders[0] = sender_word(*single.sender) if single.sender else 0
        self._dropped[0] = single.dropped
        return self._first(1)

    def _first(self, number: int) -> Datagrams:
        return Datagrams(
            self._slots[:number],
            self._lengths[:number],
            self._senders[:number],
            self._dropped[:number],
        )

    def _prepare(self) -> None:
        """Point the kernel's structures into our arrays; they stay where they are."""
        self._names = np.zeros((SLOTS, _NAME), np.uint8)
        self._controls = np.zeros((SLOTS, _CONTROL), np.uint8)
        self._vectors = (_IoVector * SLOTS)()
        self._messages = (_Message * SLOTS)()
        for index in range(SLOTS):
            vector, header = self._vectors[index], self._messages[index].header
            vector.base = self._slots.ctypes.data + index * self._slots.strides[0] + wire.LEAD
            vector.length = ROOM
            header.name = self._names.ctypes.data + index * _NAME
            header.name_length = _NAME
            header.vectors = ctypes.addressof(vector)
            header.vector_count = 1
            header.control = self._controls.ctypes.data + index * _CONTROL
        messages = np.frombuffer(memoryview(self._messages), np.dtype(_Message))
        self._control_lengths = messages["header"]["control_length"]
        self._received = messages["received"]
        self._words = self._names.view(np.uint64)[:, 0]
        self._counts = self._controls[:, _CONTROL_AT : _CONTROL_AT + 4].view(np.uint32)[:, 0]

    def _read_many(self) -> int:
        assert self._many is not None
        self._control_lengths[:] = _CONTROL
        number = self._many(self._sock.fileno(), self._messages, SLOTS, socket.MSG_DONTWAIT, None)
        if number < 0:
            code = ctypes.get_errno()
            if code in (errno.EAGAIN, errno.ECONNREFUSED, errno.EINTR):
                return 0  # refused: an earlier request of ours met a closed port
            raise OSError(code, os.strerror(code))
        self._lengths[:number] = self._received[:number]
        self._senders[:number] = self._words[:number]
        # the option is the only one that is on, so a control message is the count; none means 0
        told = self._control_lengths[:number] > 0
        if told.any():
            self._dropped[:number] = np.where(told, self._counts[:number], self._drops)
            self._drops = int(self._dropped[number - 1])
        else:
            self._dropped[:number] = self._drops
        return number

    def _read_one_by_one(self) -> int:
        number = 0
        while number < SLOTS:
            try:
                length, extra, _, sender = self._sock.recvmsg_into([self._rooms[number]], _CONTROL)
            except BlockingIOError:
                break
            except ConnectionRefusedError:
                continue  # as above
            if extra:
                self._drops = _DROPS.unpack(extra[0][2][: _DROPS.size])[0]
            self._lengths[number] = length
            self._senders[number] = sender_word(*sender) if sender else 0  # a pair has no addresses
            self._dropped[number] = self._drops
            number += 1
        return number


def sender_word(address: str, port: int) -> int:
    """Give an IPv4 address and a UDP port as the word that `Datagrams` has for them."""
    name = struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + socket.inet_aton(address)
    word: int = struct.unpack("=Q", name)[0]
    return word


def _recvmmsg() -> Callable[..., int] | None:
    """Give the C library's function; None where it has none."""
    return getattr(ctypes.CDLL(None, use_errno=True), "recvmmsg", None)
