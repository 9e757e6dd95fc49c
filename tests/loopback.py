"""UDP sockets at SCAMP's port of a loopback address, for boards that a test plays."""

from __future__ import annotations

import contextlib

import trio

from spinnlive import wire


async def bind_as_a_board(sock: trio.socket.SocketType, network: str) -> None:
    """Bind to the first free address of ``network`` (such as ``127.21.5``): another test may have
    one of them."""
    for last in range(1, 255):
        with contextlib.suppress(OSError):
            await sock.bind((f"{network}.{last}", wire.SCP_UDP_PORT))
            break
