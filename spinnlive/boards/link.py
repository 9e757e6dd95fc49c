"""The way to one board: a connected datagram socket.

Whatever speaks to a board (SCP, injection, live spikes) does so over a link, and does not know what
the link is: a UDP socket, or one end of a pair whose other end a proxy serves
(`spinnlive.boards.proxy`).
"""

from __future__ import annotations

import socket
from typing import Protocol

from spinnlive import wire
from spinnlive.errors import BoardUnreachable


class Link(Protocol):
    """Opens ways to boards."""

    def __call__(self, address: str) -> socket.socket:
        """Give a datagram socket to SCAMP's port of the board at ``address``: connected, not
        blocking, and closed by whoever asked for it. Raises `BoardUnreachable`."""

    def trouble(self, address: str) -> str | None:
        """Say why a board is silent, if that is the link's doing."""


class OverUdp:
    """A `Link` straight to the board; ``port`` is SCAMP's unless given."""

    def __init__(self, port: int = wire.SCP_UDP_PORT) -> None:
        self._port = port

    def __call__(self, address: str) -> socket.socket:
        """See `Link`; sends nothing."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        try:
            sock.connect((address, self._port))
        except OSError as error:
            sock.close()
            raise BoardUnreachable(f"no board can be reached at {address}: {error}") from error
        return sock

    def trouble(self, address: str) -> None:
        """See `Link`: UDP knows of none."""


UDP = OverUdp()
