"""The entry of an IP tag: where SCAMP sends what comes out under the tag, and how much it has sent.

::

    offset  size
    0       4     IP address
    4       6     MAC address
    10      2     UDP port it sends to
    12      2     time-out
    14      2     flags
    16      4     datagrams sent since the tag was set
    20      12    what a reverse tag needs

Source: spinnaker_tools ``scamp/scamp.h`` ``iptag_t``; SCAMP adds to the count after each datagram
(``scamp-3.c`` ``eth_send_msg``) and clears it when the tag is set.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from spinnlive.wire.errors import MalformedPacket

_ENTRY = struct.Struct("<4s6xHHHI12x")
_VALID = 0x8000


@dataclass(frozen=True, slots=True)
class IpTag:
    """An IP tag: it sends to ``address, port``; ``sent`` datagrams since it was set, modulo 2³².

    ``valid`` says whether it sends at all.
    """

    address: str
    port: int
    sent: int
    valid: bool


def parse_ip_tag(data: bytes) -> IpTag:
    """Read the data of a reply to IPTAG GET (32 bytes; more is ignored).

    Raises `MalformedPacket` when it is shorter.
    """
    if len(data) < _ENTRY.size:
        raise MalformedPacket(f"IPTAG reply carries {len(data)} bytes; an entry has {_ENTRY.size}")
    address, port, _, flags, sent = _ENTRY.unpack_from(data)
    return IpTag(".".join(map(str, address)), port, sent, bool(flags & _VALID))
