"""Our side of the official handshake: the tool chain says when the network is ready, started and
stopped.

For each part of each run it sends DATABASE, waits for our confirmation, starts the board, and sends
START; STOP when that part is over. Other listeners, such as the official live connections, are told
likewise and separately.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import trio

from spinnlive import wire

LOOPBACK = "127.0.0.1"
MAX_DATAGRAM = 4096
"""How much is read of a notification (bytes); the path in it has fewer than 300."""


class Notifications:
    """A listener on an ephemeral loopback port. Made by `listen`."""

    def __init__(self, sock: trio.socket.SocketType) -> None:
        self._sock = sock
        self.port: int = sock.getsockname()[1]
        self.malformed = 0

    @classmethod
    async def listen(cls) -> Notifications:
        """Bind the socket; `serve` reads it."""
        sock = trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM)
        try:
            await sock.bind((LOOPBACK, 0))
        except BaseException:  # bind is a checkpoint, and may be cancelled
            sock.close()
            raise
        return cls(sock)

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()

    async def serve(
        self,
        on_database: Callable[[Path], Awaitable[None]],
        on_start: Callable[[], None],
        on_stop: Callable[[], None],
    ) -> None:
        """Answer until cancelled.

        The confirmation is sent when ``on_database`` returns. It must not raise: without the
        confirmation the tool chain waits in vain, and cannot end its own threads afterwards.
        """
        while True:
            datagram, sender = await self._sock.recvfrom(MAX_DATAGRAM)
            try:
                message = wire.decode_notification(datagram)
            except wire.MalformedPacket:
                self.malformed += 1
                continue
            match message:
                case wire.DatabaseReady(path):
                    if path is not None:
                        await on_database(Path(path))
                    await self._sock.sendto(wire.CONFIRMATION, sender)
                case wire.StartResume():
                    on_start()
                case wire.StopPause():
                    on_stop()
