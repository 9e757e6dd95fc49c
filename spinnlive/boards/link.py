"""The way to one board: a connected datagram socket.

Whatever speaks to a board (SCP, injection, live spikes) does so over a link, and does not know what
the link is: a UDP socket, or one end of a pair whose other end a proxy serves
(`spinnlive.boards.proxy`).
"""

from __future__ import annotations

import socket
from collections.abc import Callable

from spinnlive import wire
from spinnlive.errors import BoardUnreachable

Link = Callable[[str], socket.socket]
"""Opens a way to the board at an address, to SCAMP's port there: a datagram socket, connected, not
blocking. Whoever asks for it closes it. Raises `BoardUnreachable`."""


def over_udp(address: str, port: int = wire.SCP_UDP_PORT) -> socket.socket:
    """Give a UDP socket to the board at ``address``; sends nothing."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    try:
        sock.connect((address, port))
    except OSError as error:
        sock.close()
        raise BoardUnreachable(f"no board can be reached at {address}: {error}") from error
    return sock
