"""The window of SCP transactions: what is on its way, when to send again, when to give up.

No socket and no clock: datagrams come in by `ScpWindow.receive`, the time by ``now`` (seconds, of
any one clock), what is to be sent goes out as bytes.

Theory of operation. A request takes a free place of the window and a sequence number. Then, for
each try:

* a reply with that number from the core asked, RC_OK → `Completed`; the place is free;
* such a reply with a code of `RETRYABLE` → the same bytes again after `RETRY_PAUSE_S`; no try left
  → `Failed` with the code;
* such a reply with any other code → `Failed` with the code, at once;
* nothing until the deadline → the same bytes again; no try left → `Failed` without a code.

A reply to a request that is done is a duplicate, any other reply is a stranger; both are counted
and change nothing. SCAMP does not notice repeated requests: one whose repetition does harm (ALLOC,
a SYNC signal) is submitted with ``tries=1``.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from spinnlive.wire.codes import RETRYABLE, ResultCode
from spinnlive.wire.errors import MalformedPacket
from spinnlive.wire.scp import ScpReply, ScpRequest, decode_reply, encode_request
from spinnlive.wire.sdp import ROOT_CHIP

DEFAULT_WINDOW = 4
"""Requests under way at once. SCAMP has 8 transient tags for all clients of a board together and
drops a ninth request without a word; half of them leaves room for SpiNNMan beside us."""

RETRY_PAUSE_S = 0.1
"""Pause before a request that met a passing trouble (`RETRYABLE`) is sent again, as in SpiNNMan
(seconds)."""

SEQUENCES = 1 << 16
"""Number of sequence numbers; they count round."""

REMEMBERED = 64
"""How many finished sequence numbers are kept to know a duplicate reply by: far more than a
window, far fewer than `SEQUENCES`, as a number is not used again while it is remembered."""


class WindowFull(Exception):
    """A request was submitted while every place was taken; look at `ScpWindow.room` first."""


@dataclass(frozen=True, slots=True)
class Completed:
    """A request was carried out."""

    sequence: int
    request: ScpRequest
    reply: ScpReply


@dataclass(frozen=True, slots=True)
class Failed:
    """A request was refused with ``code`` or, with ``code`` None, never answered."""

    sequence: int
    request: ScpRequest
    code: int | None
    tries: int


@dataclass(frozen=True, slots=True)
class Due:
    """What the passing of time brought: datagrams to send again, requests given up."""

    resend: tuple[bytes, ...]
    failed: tuple[Failed, ...]


@dataclass(frozen=True, slots=True)
class WindowStatistics:
    """Counts since the window was made.

    ``outstanding`` is the present number of requests under way.
    """

    submitted: int
    completed: int
    failed: int
    resent: int
    duplicates: int
    strangers: int
    malformed: int
    outstanding: int
    peak_outstanding: int


@dataclass(slots=True)
class _Transaction:
    request: ScpRequest
    datagram: bytes
    timeout_s: float
    tries_left: int
    deadline: float
    tries: int = 1
    code: int | None = None


class ScpWindow:
    """The transactions of one socket with one board.

    ``size``: requests under way at once. ``timeout_s``: how long to wait for each try (seconds).
    ``tries``: how often a request is sent in all. ``first_sequence``: where sequence numbers start,
    0 to 65535.
    """

    def __init__(
        self,
        *,
        size: int = DEFAULT_WINDOW,
        timeout_s: float = 0.5,
        tries: int = 8,
        first_sequence: int = 0,
    ) -> None:
        if not 1 <= size <= REMEMBERED:
            raise ValueError(f"window size is {size}; it must be 1 to {REMEMBERED}")
        if timeout_s <= 0 or tries < 1:
            raise ValueError(f"timeout_s {timeout_s} must be above 0 and tries {tries} at least 1")
        self._size = size
        self._timeout_s = timeout_s
        self._tries = tries
        self._next_sequence = first_sequence % SEQUENCES
        self._open: dict[int, _Transaction] = {}
        self._done: deque[int] = deque(maxlen=REMEMBERED)
        self._submitted = self._completed = self._failed = self._resent = 0
        self._duplicates = self._strangers = self._malformed = self._peak = 0

    @property
    def room(self) -> int:
        """How many requests can be submitted now."""
        return self._size - len(self._open)

    @property
    def next_deadline(self) -> float | None:
        """When `expire` has something to do next, on the caller's clock.

        None with nothing under way.
        """
        return min((one.deadline for one in self._open.values()), default=None)

    def submit(
        self,
        request: ScpRequest,
        now: float,
        *,
        timeout_s: float | None = None,
        tries: int | None = None,
    ) -> tuple[int, bytes]:
        """Take a place and give the sequence number and the datagram to send now.

        Raises `WindowFull`.
        """
        if self.room <= 0:
            raise WindowFull(f"all {self._size} places of the window are taken")
        sequence = self._next_sequence
        while sequence in self._open or sequence in self._done:
            sequence = (sequence + 1) % SEQUENCES
        timeout_s = self._timeout_s if timeout_s is None else timeout_s
        tries = self._tries if tries is None else tries
        datagram = encode_request(request, sequence)
        self._next_sequence = (sequence + 1) % SEQUENCES
        self._open[sequence] = _Transaction(
            request, datagram, timeout_s, tries - 1, now + timeout_s
        )
        self._submitted += 1
        self._peak = max(self._peak, len(self._open))
        return sequence, datagram

    def receive(
        self, datagram: bytes | bytearray | memoryview, now: float
    ) -> Completed | Failed | None:
        """Take a datagram from the socket.

        Give what it finished, None if nothing. Never raises for its content.
        """
        try:
            reply = decode_reply(datagram)
        except MalformedPacket:
            self._malformed += 1
            return None
        transaction = self._open.get(reply.sequence)
        if transaction is None or not _answers(reply, transaction.request):
            if reply.sequence in self._done:
                self._duplicates += 1
            else:
                self._strangers += 1
            return None
        if reply.code == ResultCode.OK:
            self._close(reply.sequence)
            self._completed += 1
            return Completed(reply.sequence, transaction.request, reply)
        transaction.code = reply.code
        if reply.code in RETRYABLE and transaction.tries_left > 0:
            transaction.deadline = now + RETRY_PAUSE_S
            return None
        return self._fail(reply.sequence, transaction)

    def expire(self, now: float) -> Due:
        """Give what is due at ``now``.

        Datagrams to send again, and requests that ran out of tries.
        """
        resend, failed = [], []
        for sequence, transaction in list(self._open.items()):
            if transaction.deadline > now:
                continue
            if transaction.tries_left == 0:
                failed.append(self._fail(sequence, transaction))
                continue
            transaction.tries_left -= 1
            transaction.tries += 1
            transaction.code = None
            transaction.deadline = now + transaction.timeout_s
            resend.append(transaction.datagram)
        self._resent += len(resend)
        return Due(tuple(resend), tuple(failed))

    def abandon(self, sequence: int) -> None:
        """Free the place of a request that nobody waits for any more.

        A late reply counts as a duplicate.
        """
        if sequence in self._open:
            self._close(sequence)

    def statistics(self) -> WindowStatistics:
        """Give the counts so far."""
        return WindowStatistics(
            submitted=self._submitted,
            completed=self._completed,
            failed=self._failed,
            resent=self._resent,
            duplicates=self._duplicates,
            strangers=self._strangers,
            malformed=self._malformed,
            outstanding=len(self._open),
            peak_outstanding=self._peak,
        )

    def _fail(self, sequence: int, transaction: _Transaction) -> Failed:
        self._close(sequence)
        self._failed += 1
        return Failed(sequence, transaction.request, transaction.code, transaction.tries)

    def _close(self, sequence: int) -> None:
        del self._open[sequence]
        self._done.append(sequence)


def _answers(reply: ScpReply, request: ScpRequest) -> bool:
    """Whether the reply comes from the core that was asked.

    The root chip answers under its own coordinates.
    """
    to_root = (request.x, request.y) == (ROOT_CHIP, ROOT_CHIP)
    same_chip = to_root or (reply.x, reply.y) == (request.x, request.y)
    return same_chip and (reply.cpu, reply.port) == (request.cpu, request.port)
