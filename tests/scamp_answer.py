"""What SCAMP would answer to a request, for tests that play its part."""

from __future__ import annotations

import struct

from spinnlive import wire
from spinnlive.wire import ResultCode


def answer(
    request: bytes, data: bytes = b"", code: int = ResultCode.OK, chip: tuple[int, int] = (0, 0)
) -> bytes:
    """The datagram that answers the datagram of a request; ``chip`` is the root's coordinates."""
    header, body = wire.decode_sdp(request)
    x, y = chip if header.dest_x == 255 else (header.dest_x, header.dest_y)
    back = wire.SdpHeader(
        dest_x=header.src_x,
        dest_y=header.src_y,
        dest_cpu=header.src_cpu,
        dest_port=header.src_port,
        src_x=x,
        src_y=y,
        src_cpu=header.dest_cpu,
        src_port=header.dest_port,
        tag=8,
    )
    sequence = struct.unpack_from("<H", body, 2)[0]
    return back.encode() + struct.pack("<HH", code, sequence) + data
