"""The socket that the board's live spikes come to, and the IP tags that send them there."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Sequence

import trio

from spinnlive import wire
from spinnlive.errors import BoardUnreachable
from spinnlive.live.database import LiveTag

RECEIVE_BUFFER = 4 << 20
"""Kernel buffer asked for: a third of a second of a full Ethernet link (bytes). The kernel may
grant less."""

DRAIN = 512
"""Most datagrams read on one wake-up, so that other tasks get their turn under a flood."""

MAX_DATAGRAM = 600
"""How much is read of a datagram (bytes): over twice the longest packet of the gatherer."""

TAG_TRIES = 10
"""How often the board is asked to turn a tag to us before it counts as unreachable."""

TAG_TIMEOUT_S = 0.5
"""How long to wait for its answer (seconds)."""

SO_RXQ_OVFL = getattr(socket, "SO_RXQ_OVFL", 40)
"""Socket option of Linux: tell with each datagram how many were dropped for lack of room."""

_DROPS = struct.Struct("=I")
_DROPS_SPACE = socket.CMSG_SPACE(_DROPS.size)

Deliver = Callable[[Sequence[wire.EventPacket], float], None]


class Receiver:
    """One UDP socket for the live output of all boards of a run.

    The board's answer to a tag request comes to the same socket as the spikes, because "send to the
    sender" is what the request says; so one task reads both (`pump`). Counts: ``malformed``
    packets, packets from ``strangers``, ``kernel_drops`` (datagrams lost before we could read
    them), ``packets`` taken.
    """

    def __init__(self, local_address: str, deliver: Deliver) -> None:
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.setblocking(False)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self._sock.setsockopt(socket.SOL_SOCKET, SO_RXQ_OVFL, 1)
        self._sock.bind((local_address, 0))
        self._deliver = deliver
        self._boards: set[str] = set()
        self._answers: dict[int, trio.Event] = {}
        self._sequence = 0
        self.packets = 0
        self.malformed = 0
        self.strangers = 0
        self.kernel_drops = 0

    def close(self) -> None:
        """Close the socket."""
        trio.lowlevel.notify_closing(self._sock)
        self._sock.close()

    async def claim(self, tags: Sequence[LiveTag]) -> None:
        """Turn these tags to this socket; `pump` must be running.

        A fixed tag stays until somebody else turns it, so this is done once before each run and not
        repeated while it lasts: repeating would take the spikes away from whoever asked for them
        since. Raises `BoardUnreachable` when a board does not confirm.
        """
        for tag in tags:
            self._boards.add(tag.board)
            await self._claim(tag)

    async def pump(self) -> None:
        """Read until cancelled."""
        while True:
            await trio.lowlevel.wait_readable(self._sock)
            received = time.monotonic()
            packets = self._drain()
            if packets:
                self._deliver(packets, received)
            await trio.lowlevel.checkpoint()

    async def barrier(self) -> None:
        """Return when everything that the boards sent before this call has been delivered.

        Asks each board that sends here something over this very socket: its answer comes behind
        what it sent before. Raises `BoardUnreachable` when a board does not answer.
        """
        for board in self._boards:
            await self._ask(board, wire.version_request(), "a sign of life")

    async def _claim(self, tag: LiveTag) -> None:
        request = wire.iptag_to_sender_request(tag.x, tag.y, tag.tag)
        await self._ask(tag.board, request, f"that IP tag {tag.tag} sends live spikes here")

    async def _ask(self, board: str, request: wire.ScpRequest, what: str) -> None:
        self._sequence = (self._sequence + 1) % wire.window.SEQUENCES
        datagram = wire.encode_request(request, self._sequence)
        answered = self._answers[self._sequence] = trio.Event()
        for _ in range(TAG_TRIES):
            self._sock.sendto(datagram, (board, wire.SCP_UDP_PORT))
            with trio.move_on_after(TAG_TIMEOUT_S):
                await answered.wait()
                return
        raise BoardUnreachable(
            f"the board at {board} did not confirm {what}, asked {TAG_TRIES} times in "
            f"{TAG_TRIES * TAG_TIMEOUT_S:g} s"
        )

    def _drain(self) -> list[wire.EventPacket]:
        """Read what is there, at most `DRAIN` datagrams."""
        packets: list[wire.EventPacket] = []
        for _ in range(DRAIN):
            try:
                datagram, extra, _, sender = self._sock.recvmsg(MAX_DATAGRAM, _DROPS_SPACE)
            except BlockingIOError:
                break
            except OSError:
                continue  # an earlier request of ours met a closed port
            if extra:
                self.kernel_drops = _DROPS.unpack(extra[0][2][: _DROPS.size])[0]
            if sender[0] not in self._boards:
                self.strangers += 1
            elif _is_answer(datagram):
                self._take_answer(datagram)
            else:
                try:
                    packets.append(wire.decode_events(datagram))
                except wire.MalformedPacket:
                    self.malformed += 1
        self.packets += len(packets)
        return packets

    def _take_answer(self, datagram: bytes) -> None:
        try:
            reply = wire.decode_reply(datagram)
        except wire.MalformedPacket:
            self.malformed += 1
            return
        waiting = self._answers.get(reply.sequence)
        if waiting is not None and reply.code == wire.ResultCode.OK:
            del self._answers[reply.sequence]
            waiting.set()


def local_address_towards(board: str) -> str:
    """Give the host's own address on the way to a board; sends nothing.

    Raises `BoardUnreachable` when there is no way.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((board, wire.SCP_UDP_PORT))
        except OSError as error:
            raise BoardUnreachable(f"no board can be reached at {board}: {error}") from error
        return str(probe.getsockname()[0])


def _is_answer(datagram: bytes) -> bool:
    """Say whether this is SDP (two bytes of padding first) and no spikes (a count and a header that
    is not 0)."""
    return datagram[:2] == b"\0\0" and len(datagram) > 2
