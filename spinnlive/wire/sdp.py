"""SDP, the SpiNNaker Datagram Protocol, as it travels in UDP datagrams to and from port 17893.

::

    offset  size  field
    0       2     padding, zero
    2       1     flags
    3       1     tag
    4       1     destination: port << 5 | cpu
    5       1     source: port << 5 | cpu
    6       2     destination chip: y, then x
    8       2     source chip: y, then x
    10      ...   data

The chip addresses are little-endian 16-bit words ``x << 8 | y``, hence y before x.
Source: SpiNNMan ``messages/sdp/sdp_header.py``; spinnaker_tools ``include/sark.h``.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from spinnlive.wire.errors import MalformedPacket

SCP_UDP_PORT = 17893
"""UDP port on which a board takes SDP (SCAMP's ``SDP_PORT``)."""

SDP_HEADER_SIZE = 10
"""Size of the header in a UDP datagram, the 2 bytes of padding included (bytes)."""

SDP_MAX_SIZE = 282
"""Largest SDP datagram: padding 2 + header 8 + command header 16 + data 256 (bytes). SCAMP drops
longer ones."""

FLAG_NO_REPLY = 0x07
"""Flags of a message that wants no reply, and of every reply; bits 0 to 2 are always set."""

FLAG_REPLY_WANTED = 0x87
"""Flags of a request: `FLAG_NO_REPLY` with bit 7, "reply wanted"."""

TAG_TRANSIENT = 0xFF
"""Tag of a request from outside: SCAMP puts a transient tag (8 to 15) in its place until it has
replied."""

OUTSIDE_PORT = 7
"""SDP port that, with `OUTSIDE_CPU`, means "the host outside, over Ethernet" (byte 0xFF)."""

OUTSIDE_CPU = 31
"""Core number that, with `OUTSIDE_PORT`, means "the host outside, over Ethernet" (byte 0xFF)."""

ROOT_CHIP = 255
"""As x and as y of a destination: the chip that the board booted from; SCAMP puts its coordinates
in place."""

PORT_SCAMP = 0
"""SDP port on which the monitor (SCAMP) and every core (SARK) take SCP commands."""

PORT_INPUT = 1
"""SDP port on which a core takes injected events (EIEIO)."""

PORT_RUN_CONTROL = 3
"""SDP port on which a simulation core takes run control (`RunControl`)."""

_LAYOUT = struct.Struct("<HBBBBBBBB")


@dataclass(frozen=True, slots=True)
class SdpHeader:
    """Where an SDP message goes and comes from.

    Ports are 0 to 7, cpus 0 to 31 (virtual core numbers), the rest 0 to 255. The defaults are those
    of a message from the host that wants no reply.
    """

    dest_x: int
    dest_y: int
    dest_cpu: int
    dest_port: int
    flags: int = FLAG_NO_REPLY
    tag: int = 0
    src_x: int = 0
    src_y: int = 0
    src_cpu: int = 0
    src_port: int = 0

    def encode(self) -> bytes:
        """Give the 10 bytes that open the UDP datagram.

        Raises ValueError for a field out of its range.
        """
        for name, limit in _LIMITS.items():
            value = getattr(self, name)
            if not 0 <= value <= limit:
                raise ValueError(f"SDP {name} is {value}; it must be 0 to {limit}")
        return _LAYOUT.pack(
            0,
            self.flags,
            self.tag,
            self.dest_port << 5 | self.dest_cpu,
            self.src_port << 5 | self.src_cpu,
            self.dest_y,
            self.dest_x,
            self.src_y,
            self.src_x,
        )


_LIMITS = {
    "flags": 255,
    "tag": 255,
    "dest_port": 7,
    "dest_cpu": 31,
    "src_port": 7,
    "src_cpu": 31,
    "dest_x": 255,
    "dest_y": 255,
    "src_x": 255,
    "src_y": 255,
}


def decode_sdp(datagram: bytes | bytearray | memoryview) -> tuple[SdpHeader, memoryview]:
    """Take an SDP datagram apart into its header and its data (a view of the datagram, not a copy).

    The padding is not looked at. Raises `MalformedPacket` when the datagram is shorter than the
    header.
    """
    if len(datagram) < SDP_HEADER_SIZE:
        raise MalformedPacket(
            f"SDP datagram of {len(datagram)} bytes; its header alone has {SDP_HEADER_SIZE}"
        )
    _, flags, tag, dest, src, dest_y, dest_x, src_y, src_x = _LAYOUT.unpack_from(datagram)
    header = SdpHeader(
        flags=flags,
        tag=tag,
        dest_port=dest >> 5,
        dest_cpu=dest & 31,
        src_port=src >> 5,
        src_cpu=src & 31,
        dest_y=dest_y,
        dest_x=dest_x,
        src_y=src_y,
        src_x=src_x,
    )
    return header, memoryview(datagram)[SDP_HEADER_SIZE:]
