"""One client's socket, and what waits to go out on it: bounded, and never waited for.

Whatever is sent goes straight into the kernel's buffer while that has room, without waking a task.
What it does not take waits here, up to a limit; then the client is dropped.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
from collections import deque
from typing import Literal

import trio

from spinnlive.gateway.counts import Counts
from spinnlive.gateway.outgoing import Outgoing
from spinnlive.gateway.settings import Limits
from spinnlive.wire.stream_messages import Goodbye

RECEIVE_BYTES = 1 << 16
"""How much is read at once (bytes)."""

PIECES = 64
"""Most pieces of a backlog handed to the kernel in one call; Linux takes up to 1024."""

LINGER_S = 1.0
"""How long a client that is to go may take to read the rest and close its side (seconds)."""


class Peer:
    """A client, from the server's side. ``reason`` is the code of its goodbye once it is dropped,
    and empty when it left by itself; ``flushed`` is set when nothing is left to send."""

    def __init__(self, sock: socket.socket, address: str, limits: Limits, counts: Counts) -> None:
        self.address = address
        self.name = ""
        self.framing: Literal["tcp", "websocket"] = "tcp"
        self.reason: str | None = None
        self.flushed = trio.Event()
        self.scope = trio.CancelScope()
        self._counts = counts
        self._sock = sock
        self._room = limits.backlog_bytes
        self._waiting: deque[memoryview] = deque()
        self._waiting_bytes = 0
        self._begun = False
        self._more = trio.Event()
        self._patient = trio.CancelScope()
        self._closing = b""

    def send(self, message: Outgoing) -> None:
        """Send a message, now or as soon as the client has read what is before it."""
        if self.reason is not None:
            return
        self._counts.messages_out += 1
        self.push(message.tcp if self.framing == "tcp" else message.websocket)

    def push(self, data: bytes) -> None:
        """Send bytes as they are."""
        if self.reason is not None or not data:
            return
        rest = memoryview(data)
        if not self._waiting:
            taken = self._offer([rest])
            if taken == len(rest):
                return
            self._begun = taken > 0
            rest = rest[taken:]
        self._waiting.append(rest)
        self._waiting_bytes += len(rest)
        self._counts.peak_backlog = max(self._counts.peak_backlog, self._waiting_bytes)
        if self._waiting_bytes > self._room:
            self.drop(
                "slow",
                f"you are {self._waiting_bytes} bytes behind; {self._room} are kept for you",
            )
        self._more.set()

    def drop(self, code: str, message: str, *, keep: bool = False) -> None:
        """Send the client away with a goodbye; without ``keep``, what waits for it is forgotten."""
        if self.reason is not None:
            return
        self._counts.dropped[code] += 1
        goodbye = Outgoing(Goodbye(code, message))
        if not keep:
            begun = self._waiting[0] if self._waiting and self._begun else None
            self._waiting.clear()
            if begun is not None:  # half of it is out
                self._waiting.append(begun)
        self._waiting.append(
            memoryview(goodbye.tcp if self.framing == "tcp" else goodbye.websocket)
        )
        if self._closing:
            self._waiting.append(memoryview(self._closing))
        self.reason = code
        self._patient.cancel()

    def close_with(self, data: bytes) -> None:
        """Send these bytes after the goodbye, when there is one."""
        self._closing = data

    def finish(self) -> None:
        """End the connection when everything has been sent."""
        if self.reason is None:
            self.reason = ""
            self._patient.cancel()

    async def receive(self) -> bytes:
        """Read what the client sent; nothing at its end."""
        while True:
            await trio.lowlevel.wait_readable(self._sock)
            try:
                return self._sock.recv(RECEIVE_BYTES)
            except BlockingIOError:
                continue
            except OSError:
                return b""

    async def write(self) -> None:
        """Send what waits until the connection is to end, then the rest of it.

        The client then has a moment to close its side too, else its unread messages would make the
        kernel take the last of ours back.
        """
        try:
            with self._patient:
                while True:
                    await self._more.wait()
                    self._more = trio.Event()
                    await self._flush()
            with trio.move_on_after(LINGER_S):
                await self._flush()
                self.flushed.set()
                with contextlib.suppress(OSError):
                    self._sock.shutdown(socket.SHUT_WR)
                await trio.sleep_forever()
        finally:
            self.flushed.set()
            self.scope.cancel()

    def close(self) -> None:
        """Close the socket."""
        trio.lowlevel.notify_closing(self._sock)
        self._sock.close()
        self._waiting.clear()

    async def _flush(self) -> None:
        while self._waiting:
            await trio.lowlevel.wait_writable(self._sock)
            self._took(self._offer(list(itertools.islice(self._waiting, PIECES))))

    def _offer(self, pieces: list[memoryview]) -> int:
        """Hand bytes to the kernel; give how many it took."""
        try:
            taken = self._sock.sendmsg(pieces)
        except BlockingIOError:
            return 0
        except OSError:  # the client is gone; its reader will see the end
            self._waiting.clear()
            self._waiting_bytes = 0
            self.finish()
            return sum(map(len, pieces))
        self._counts.bytes_out += taken
        return taken

    def _took(self, taken: int) -> None:
        self._waiting_bytes = max(0, self._waiting_bytes - taken)
        while taken and self._waiting:
            first = self._waiting[0]
            if len(first) > taken:
                self._waiting[0] = first[taken:]
                self._begun = True
                return
            taken -= len(first)
            self._waiting.popleft()
            self._begun = False
