"""The frames of spalloc's proxy: datagrams to and from the boards of a job, inside one WebSocket.

A *channel* stands for a UDP socket of the service, connected to a port of one board. Frames are
binary messages of little-endian 32-bit words::

    asked                                      answered
    0 OPEN     correlation, x, y, port         0 OPEN     correlation, channel
    1 CLOSE    correlation, channel            1 CLOSE    correlation, channel; nothing if it was closed
    2 MESSAGE  channel, datagram               (the same, whenever the board sends a datagram)
                                               5 ERROR    correlation, text in UTF-8

``x, y`` is an Ethernet chip of the job. A datagram is whole, with the two padding bytes of SDP. The
sockets that receive from all boards (3 and 4) are not used here: a live run turns each board's tags
to a channel to that board.

Source: SpiNNMan ``spalloc/proxy_protocol.py`` and ``spalloc_client.py``; JavaSpiNNaker's ``ProxyCore``.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

from spinnlive.wire.errors import MalformedPacket

MAX_FRAME = 64 * 1024
"""Most bytes of a frame that a client takes: a datagram that a board can send is not a thirtieth of it."""


class ProxyOp(IntEnum):
    """The first word of a frame."""

    OPEN = 0
    CLOSE = 1
    MESSAGE = 2
    ERROR = 5


@dataclass(frozen=True, slots=True)
class ChannelOpened:
    """The answer to an OPEN of this ``correlation``."""

    correlation: int
    channel: int


@dataclass(frozen=True, slots=True)
class ChannelClosed:
    """The answer to a CLOSE of this ``correlation``."""

    correlation: int


@dataclass(frozen=True, slots=True)
class ChannelRefused:
    """The service could not do what was asked with this ``correlation``, and says why."""

    correlation: int
    reason: str


@dataclass(frozen=True, slots=True)
class ChannelMessage:
    """A datagram of the board that ``channel`` goes to."""

    channel: int
    datagram: bytes


ProxyFrame = ChannelOpened | ChannelClosed | ChannelRefused | ChannelMessage

_HEAD = struct.Struct("<II")
_OPEN = struct.Struct("<IIIII")
_CLOSE = struct.Struct("<III")
_CHANNEL = struct.Struct("<I")


def encode_open(correlation: int, x: int, y: int, port: int) -> bytes:
    """Ask for a channel to a UDP port of the board whose Ethernet chip is ``x, y``."""
    return _OPEN.pack(ProxyOp.OPEN, correlation, x, y, port)


def encode_close(correlation: int, channel: int) -> bytes:
    """Ask that a channel be closed."""
    return _CLOSE.pack(ProxyOp.CLOSE, correlation, channel)


def encode_message(channel: int, datagram: bytes) -> bytes:
    """Send a datagram over a channel."""
    return _HEAD.pack(ProxyOp.MESSAGE, channel) + datagram


def decode_frame(frame: bytes) -> ProxyFrame:
    """Read a frame that came from the service.

    Raises `MalformedPacket` for one that is too short, of another length than it must have, or of
    a kind that nobody asked for.
    """
    if len(frame) < _HEAD.size:
        raise MalformedPacket(f"a proxy's frame has {_HEAD.size} bytes or more, not {len(frame)}")
    operation, number = _HEAD.unpack_from(frame)
    rest = frame[_HEAD.size :]
    if operation == ProxyOp.MESSAGE:
        return ChannelMessage(number, rest)
    if operation == ProxyOp.ERROR:
        return ChannelRefused(number, rest.decode("utf-8", "replace"))
    if operation == ProxyOp.OPEN and len(rest) == _CHANNEL.size:
        return ChannelOpened(number, _CHANNEL.unpack(rest)[0])
    if operation == ProxyOp.CLOSE and len(rest) in (0, _CHANNEL.size):
        return ChannelClosed(number)
    raise MalformedPacket(f"no frame of a proxy: operation {operation}, {len(frame)} bytes")
