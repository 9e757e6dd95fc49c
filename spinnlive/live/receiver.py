"""The socket that the live spikes of one gatherer come to, and the IP tag that sends them there.

A gatherer is the core, on an Ethernet chip, that puts live spikes into datagrams; SCAMP sends these
on under an IP tag, and counts them. Asked for its count over the very socket that the spikes come
to, SCAMP answers in line with them: what is missing in front of its answer was lost on the way.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import trio

from spinnlive import wire
from spinnlive.boards.link import Link
from spinnlive.errors import BoardUnreachable
from spinnlive.live.database import LiveTag
from spinnlive.live.datagrams import DatagramReader, Datagrams, Single, sender_word
from spinnlive.live.handed import Handed
from spinnlive.live.loss import PacketAccount
from spinnlive.wire.window import SEQUENCES

RECEIVE_BUFFER = 4 << 20
"""Kernel buffer asked for: a third of a second of a full Ethernet link (bytes). The kernel may
grant less."""

TAG_TRIES = 10
"""How often the board is asked something about its tag before it counts as unreachable."""

TAG_TIMEOUT_S = 0.5
"""How long to wait for its answer (seconds)."""

PROBE_S = 0.02
"""Pause between questions for the tag's count while the network runs (seconds)."""

CALM_PROBE_S = 0.25
"""The same while every datagram has spikes of the heartbeat (seconds): each lost one shows in the next tick, and
every question keeps SCAMP, on an emulated board also the host, from a spike."""

HURRY_S = 0.001
"""The same when something seems to be missing (seconds)."""

UNANSWERED = 8
"""Most such questions that may be without answer; a board that is slow answers in the end."""

REMEMBERED = 1 << 15
"""How many of the latest questions are known, so that an answer that comes twice or late is no spikes: a host
that stalls the board for a second while questions hurry has hundreds of them under way."""

Deliver = Callable[[wire.BulkEvents, float], None]
DeliverOne = Callable[[int, tuple[int, ...], float], Handed]


class Readers(Protocol):
    """Those for whom a socket is read."""

    @property
    def full(self) -> bool:
        """Whether the socket is not to be read now."""

    async def room(self) -> None:
        """Wait until it is no longer full."""


class _NeverFull:
    full = False

    async def room(self) -> None:
        """Wait for nobody."""


NEVER_FULL: Readers = _NeverFull()
"""Readers that never hold up the socket."""


class Receiver:
    """One socket, for the live output of one gatherer.

    ``deliver(events, received)`` is called with what each read brings; if that is one packet alone,
    ``deliver_one(tick, keys, received)``, if there is such a function, which gives a `Handed`: the
    packet is counted when its readers have had their turn, or before by `settle`. While ``readers`` are
    full nothing is read: it is how readers that may not lose anything hold up the socket. Counts, of
    all runs: ``packets`` taken, ``malformed`` ones, datagrams from ``strangers``; `account` has those
    that were lost. ``link`` is the way to the board, if that is not UDP; then there are no strangers.
    """

    def __init__(
        self,
        tag: LiveTag,
        deliver: Deliver,
        readers: Readers = NEVER_FULL,
        link: Link | None = None,
        *,
        deliver_one: DeliverOne | None = None,
    ) -> None:
        self._link = link
        self._sock = _listening(tag.board) if link is None else link(tag.board)
        self._reader = DatagramReader(self._sock)
        self._deliver = deliver
        self._deliver_one = deliver_one
        self._readers = readers
        self._sender = (tag.board, wire.SCP_UDP_PORT) if link is None else None
        self._board = np.uint64(sender_word(tag.board, wire.SCP_UDP_PORT))
        self._waiting: dict[int, _Question] = {}
        self._sequence = self._asked = 0
        self._hurry = trio.Event()
        self._tick = -1
        self._crowded = False
        self._uncounted: tuple[int, int, Handed] | None = None
        self._held_up: trio.CancelScope | None = None
        self.tag = tag
        self.account = PacketAccount()
        self.packets = 0
        self.malformed = 0
        self.untimed = 0
        self.strangers = 0

    @property
    def port(self) -> int:
        """The UDP port to which the gatherer sends, where there is no other link."""
        port: int = self._sock.getsockname()[1]
        return port

    def close(self) -> None:
        """Close the socket."""
        trio.lowlevel.notify_closing(self._sock)
        self._sock.close()

    async def claim(self) -> None:
        """Turn the tag to this socket; `pump` must be running.

        A fixed tag stays until somebody else turns it, so this is done once before each run and not
        repeated while it lasts: repeating would take the spikes away from whoever asked for them
        since. Raises `BoardUnreachable` when the board does not confirm.
        """
        request = wire.iptag_to_sender_request(self.tag.x, self.tag.y, self.tag.tag)
        await self._ask(request, self._claimed, "did not confirm that")

    async def barrier(self) -> None:
        """Return when everything that the gatherer sent before this call has been delivered, and
        it is known how much that was; `pump` must be running.

        Raises `BoardUnreachable` when the board does not answer.
        """
        await self._ask(self._probe(), self._counted, "did not say how much")

    async def watch(self, running: Callable[[], bool]) -> None:
        """Ask for the tag's count again and again while the network runs, until cancelled."""
        while True:
            with trio.move_on_after(self._pause_s()):
                await self._hurry.wait()
                await trio.sleep(HURRY_S)
            self._hurry = trio.Event()
            if running():
                self._send(self._question(self._probe(), self._counted, patient=False))

    def _pause_s(self) -> float:
        """Give how long to wait before the next question, by what has come since this was asked last."""
        calm = self.tag.heartbeat and not self._crowded
        self._crowded = False
        return CALM_PROBE_S if calm else PROBE_S

    def hurry(self) -> None:
        """Something is missing: ask soon."""
        self._hurry.set()

    async def pump(self) -> None:
        """Read until cancelled."""
        several = waits = False
        while True:
            if not waits:
                await trio.lowlevel.wait_readable(self._sock)
            received = time.monotonic()
            # one by one where one comes in a tick; together as soon as one has to wait for another
            single = None if several else self._reader.read_one()
            if single is None:
                read = self._reader.read()
                several, waits = len(read) > 1, False
                self._take(read, received)
            else:
                if self._take_one(single, received):
                    # two rounds: tasks that are ready together run in any order, so one may be before the readers
                    await trio.lowlevel.cancel_shielded_checkpoint()
                    await trio.lowlevel.cancel_shielded_checkpoint()
                self.settle()
                several = waits = self._reader.more
            while self._readers.full and not any(each.patient for each in self._waiting.values()):
                with trio.CancelScope() as self._held_up:
                    await self._readers.room()
                self._held_up = None

    def _take_one(self, single: Single, received: float) -> bool:
        """Deliver what was read by itself; say whether it is for readers, who are to have it before `settle`."""
        deliver = self._deliver_one if single.sender == self._sender else None
        packet = None if deliver is None else wire.decode_default(single.datagram)
        if deliver is None or packet is None:
            self._take(self._reader.among_many(single), received)
            return False
        handed = deliver(*packet, received)
        self._uncounted = packet[0], single.dropped, handed
        return handed.has_spikes

    def settle(self) -> None:
        """Count the packet that has been delivered and not been counted, if there is one."""
        if self._uncounted is None:
            return
        (self._tick, dropped, handed), self._uncounted = self._uncounted, None
        self.account.came(1, dropped)
        self.packets += 1
        heard = handed.settle()
        self._crowded |= not heard.heartbeat
        if heard.gap:
            self.hurry()

    def _take(self, read: Datagrams, received: float) -> None:
        """Deliver what was read; an answer of SCAMP finds everything before it delivered."""
        ours = read.senders == self._board
        if self._link is None and not ours.all():
            self.strangers += len(read) - int(np.count_nonzero(ours))
            read = read.only(ours)
        begin = 0
        for place in np.flatnonzero(wire.maybe_replies(read.slots, read.lengths)).tolist():
            reply = _reply(read, place)
            if reply is not None and self._was_asked(reply.sequence):
                self._events(read.part(begin, place), received)
                self.account.came(0, int(read.dropped[place]))
                self._answered(reply)
                begin = place + 1
        self._events(read.part(begin, len(read)), received)

    def _events(self, read: Datagrams, received: float) -> None:
        if not len(read):
            return
        self.account.came(len(read), int(read.dropped[-1]))
        events = wire.decode_bulk(read.slots, read.lengths)
        self.malformed += events.malformed
        self.untimed += events.untimed
        self.packets += len(read) - events.malformed
        if len(events.ticks):
            several = bool((events.ticks[1:] == events.ticks[:-1]).any())
            self._crowded |= several or int(events.ticks[0]) == self._tick
            self._tick = int(events.ticks[-1])
            self._deliver(events, received)

    def _was_asked(self, sequence: int) -> bool:
        return (self._sequence - sequence) % SEQUENCES < self._asked

    def _answered(self, reply: wire.ScpReply) -> None:
        question = self._waiting.get(reply.sequence)
        if question is None or reply.code != wire.ResultCode.OK:
            return  # answered before; or it is asked again, or another time
        try:
            question.take(reply)
        except wire.MalformedPacket:
            self.malformed += 1
            return
        del self._waiting[reply.sequence]
        question.answered.set()

    def _claimed(self, reply: wire.ScpReply) -> None:
        self.account.tag_set()

    def _counted(self, reply: wire.ScpReply) -> None:
        self.account.tag_read(wire.parse_ip_tag(reply.data))

    def _probe(self) -> wire.ScpRequest:
        return wire.iptag_get_request(self.tag.x, self.tag.y, self.tag.tag)

    async def _ask(
        self, request: wire.ScpRequest, take: Callable[[wire.ScpReply], None], failure: str
    ) -> None:
        """Ask until answered."""
        question = self._question(request, take, patient=True)
        for _ in range(TAG_TRIES):
            self._send(question)
            if self._held_up is not None:
                self._held_up.cancel()  # the answer comes behind the spikes
            with trio.move_on_after(TAG_TIMEOUT_S):
                await question.answered.wait()
                return
        self._waiting.pop(question.sequence, None)
        trouble = None if self._link is None else self._link.trouble(self.tag.board)
        why = trouble or f"asked {TAG_TRIES} times in {TAG_TRIES * TAG_TIMEOUT_S:g} s"
        raise BoardUnreachable(
            f"the board at {self.tag.board} {failure} IP tag {self.tag.tag} sends live spikes "
            f"here: {why}"
        )

    def _question(
        self, request: wire.ScpRequest, take: Callable[[wire.ScpReply], None], *, patient: bool
    ) -> _Question:
        """Make a question; of earlier ones that are not asked again the oldest are given up."""
        once = [number for number, each in self._waiting.items() if not each.patient]
        for number in once[: max(0, len(once) + 1 - UNANSWERED)]:
            del self._waiting[number]
        self._sequence = (self._sequence + 1) % SEQUENCES
        datagram = wire.encode_request(request, self._sequence)
        question = _Question(self._sequence, datagram, take, patient)
        self._waiting[self._sequence] = question
        self._asked = min(self._asked + 1, REMEMBERED)
        return question

    def _send(self, question: _Question) -> None:
        try:
            if self._link is None:
                self._sock.sendto(question.datagram, (self.tag.board, wire.SCP_UDP_PORT))
            else:
                self._sock.send(question.datagram)
        except (BlockingIOError, ConnectionRefusedError):
            return  # it will be asked again; a lost board is found by the watch


@dataclass(frozen=True, slots=True)
class _Question:
    """A request under way, and what takes its answer; ``patient`` ones are asked again until
    answered."""

    sequence: int
    datagram: bytes
    take: Callable[[wire.ScpReply], None]
    patient: bool
    answered: trio.Event = field(default_factory=trio.Event)


def _reply(read: Datagrams, place: int) -> wire.ScpReply | None:
    try:
        return wire.decode_reply(read.datagram(place))
    except wire.MalformedPacket:
        return None


def _listening(board: str) -> socket.socket:
    """Give a UDP socket that the board can send to, and that hears from whoever else does.

    Raises `BoardUnreachable` when there is no way.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    try:
        sock.bind((_local_address_towards(board), 0))
    except BaseException:
        sock.close()
        raise
    return sock


def _local_address_towards(board: str) -> str:
    """Give the host's own address on the way to a board; sends nothing.

    Raises `BoardUnreachable` when there is no way.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((board, wire.SCP_UDP_PORT))
        except OSError as error:
            raise BoardUnreachable(f"no board can be reached at {board}: {error}") from error
        return str(probe.getsockname()[0])
