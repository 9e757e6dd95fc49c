"""Much of a board's memory at once: thousands of bytes in the time that single requests take for hundreds.

A lean loop over one UDP socket, for reading or writing in pieces of 256 bytes: no task, no deadline and no object for
each piece. `ScpClient` is for everything else.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import trio

from spinnlive import wire
from spinnlive.boards.giving_way import MANNERS
from spinnlive.boards.link import UDP, Link
from spinnlive.errors import BoardLost, ScpError
from spinnlive.wire.window import SEQUENCES

PIECE = 256
"""Most bytes of one request."""

TIMEOUT_S = 0.5
"""How long to wait for an answer before what is on its way is sent again (seconds)."""

TRIES = 8
"""How often a piece is sent before the board counts as gone."""

RETRY_PAUSE_S = 0.1
"""Pause when the board had passing trouble (seconds)."""

MAX_DATAGRAM = 600
"""How much is read of a datagram (bytes): over twice the largest reply."""

AWAKE_S = 0.0005
"""How long to look for an answer again and again before going to sleep (seconds)."""

LOOPBACK = "127."
"""How the addresses of boards begin that are emulated on this very host."""

_CODE = struct.Struct("<HH")
_REPLY_HEADER = 14
_CODE_AT = 10


@dataclass(frozen=True, slots=True)
class Span:
    """``length`` bytes of the memory of chip ``x, y`` from ``address`` on."""

    x: int
    y: int
    address: int
    length: int


class Memory(Protocol):
    """The memory of a machine, see `BulkMemory`."""

    @property
    def turn(self) -> trio.Lock:
        """Whoever holds this keeps everybody from reading and writing."""

    async def read(self, spans: Sequence[Span]) -> list[bytes]:
        """Read each span, of any length."""

    async def write(self, pieces: Sequence[tuple[Span, bytes]]) -> None:
        """Write these bytes at these places."""

    def close(self) -> None:
        """Close what is open."""


class BulkMemory:
    """The memory of the board at ``address``. Callers take turns. Close it after use.

    ``window`` gives how many requests may be on their way; it is asked again and again, so it can change at any time.
    ``link`` is the way to the board.
    """

    def __init__(self, address: str, window: Callable[[], int], *, link: Link = UDP) -> None:
        self.address = address
        self._window = window
        self._link = link
        self._sock = link(address)
        self._turn = trio.Lock()
        self._sequence = 0
        self._manners = MANNERS if address.startswith(LOOPBACK) else None

    def close(self) -> None:
        """Close the socket."""
        trio.lowlevel.notify_closing(self._sock)
        self._sock.close()

    @property
    def turn(self) -> trio.Lock:
        """Whoever holds this keeps everybody from reading and writing."""
        return self._turn

    async def read(self, spans: Sequence[Span]) -> list[bytes]:
        """Read each span, of any length. Raises `BoardLost` and `ScpError`."""
        pieces = [
            wire.read_request(each.x, each.y, each.address + start, min(PIECE, each.length - start))
            for each in spans
            for start in range(0, each.length, PIECE)
        ]
        replies = iter(await self._carry_out(pieces))
        found = []
        for each in spans:
            data = next(replies) if each.length else b""
            if each.length > PIECE:
                data += b"".join(islice(replies, -(-each.length // PIECE) - 1))
            found.append(data)
            if len(found[-1]) != each.length:
                raise ScpError(
                    f"board {self.address}: chip {each.x}, {each.y} answered a READ of {each.length} bytes at "
                    f"{each.address:#010x} with {len(found[-1])}"
                )
        return found

    async def write(self, pieces: Sequence[tuple[Span, bytes]]) -> None:
        """Write these bytes at these places, in any order. Raises as `read`.

        A cancelled or failed call may have written a part.
        """
        await self._carry_out(
            [
                wire.write_request(
                    span.x, span.y, span.address + start, data[start : start + PIECE]
                )
                for span, data in pieces
                for start in range(0, span.length, PIECE)
            ]
        )

    async def _carry_out(self, requests: Sequence[wire.ScpRequest]) -> list[bytes]:
        replies: list[bytes] = []
        async with self._turn:
            for start in range(0, len(requests), SEQUENCES // 2):
                replies += await self._round(requests[start : start + SEQUENCES // 2])
        return replies

    async def _round(self, requests: Sequence[wire.ScpRequest]) -> list[bytes]:
        """Carry out fewer requests than there are sequence numbers."""
        first = self._sequence
        self._sequence = (first + len(requests)) % SEQUENCES
        replies: list[bytes | None] = [None] * len(requests)
        tries: dict[int, int] = {}  # of the pieces on their way, by place
        sent = 0
        while sent < len(requests) or tries:
            # one deadline for many waits: making one costs as much as carrying out a request
            with trio.move_on_after(TIMEOUT_S) as patience:
                while sent < len(requests) or tries:
                    room = self._window() - len(tries)
                    for _ in range(min(room, len(requests) - sent)):
                        tries[sent] = 1
                        self._send(requests[sent], first + sent)
                        sent += 1
                    for code, sequence, data in await self._answers():
                        place = (sequence - first) % SEQUENCES
                        if place not in tries:
                            continue  # late, and asked for again since
                        patience.deadline = trio.current_time() + TIMEOUT_S
                        if code == wire.ResultCode.OK:
                            replies[place] = data
                            del tries[place]
                        elif code in wire.RETRYABLE:
                            self._again(requests[place], tries, place)
                            patience.deadline += RETRY_PAUSE_S
                            await trio.sleep(RETRY_PAUSE_S)
                            self._send(requests[place], first + place)
                        else:
                            raise ScpError(
                                f"board {self.address}, chip {requests[place].x}, {requests[place].y}, memory at "
                                f"{requests[place].arg1:#010x}: {wire.result_sentence(code)}"
                            )
            if patience.cancelled_caught:
                for place in tries:
                    self._again(requests[place], tries, place)
                    self._send(requests[place], first + place)
        return [reply for reply in replies if reply is not None]

    async def _answers(self) -> list[tuple[int, int, bytes]]:
        """Wait for answers, at first without going to sleep: being woken takes as long as an answer does."""
        await trio.lowlevel.checkpoint()
        patient = time.monotonic() + AWAKE_S
        while not (answers := self._arrived()):
            if time.monotonic() > patient:
                await trio.lowlevel.wait_readable(self._sock)
            else:
                if self._manners is not None:
                    self._manners.give_way()
                await trio.lowlevel.checkpoint()
        return answers

    def _again(self, request: wire.ScpRequest, tries: dict[int, int], place: int) -> None:
        if tries[place] == TRIES:
            why = self._link.trouble(self.address) or (
                f"no reply from chip {request.x}, {request.y} about its memory at {request.arg1:#010x} "
                f"after {TRIES} tries"
            )
            raise BoardLost(f"the board at {self.address} has stopped answering: {why}")
        tries[place] += 1

    def _arrived(self) -> list[tuple[int, int, bytes]]:
        """Take what has come: result code, sequence number and data of each reply."""
        replies: list[tuple[int, int, bytes]] = []
        while True:
            try:
                datagram = self._sock.recv(MAX_DATAGRAM)
            except BlockingIOError:
                return replies
            except ConnectionRefusedError:
                continue  # nobody listens; the time-out will tell
            if len(datagram) >= _REPLY_HEADER:
                code, sequence = _CODE.unpack_from(datagram, _CODE_AT)
                replies.append((code, sequence, datagram[_REPLY_HEADER:]))

    def _send(self, request: wire.ScpRequest, number: int) -> None:
        # made only now: while the board has something to do, this takes no time
        datagram = wire.encode_request(request, number % SEQUENCES)
        try:
            self._sock.send(datagram)
        except (BlockingIOError, ConnectionRefusedError):
            return  # what does not leave will be sent again
