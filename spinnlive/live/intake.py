"""Datagrams into one board, no faster than its cores take them; see `spinnlive.live.window`.

One UDP socket carries the datagrams and the questions after them, so they arrive in order. Whoever
has to wait for room first reads the answers for all; there is no task of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import trio
from numpy.typing import NDArray

from spinnlive import wire
from spinnlive.boards.link import UDP, Link
from spinnlive.errors import BoardLost
from spinnlive.live.clock import Clock
from spinnlive.live.database import NetworkMap, SourceCore
from spinnlive.live.outbox import Outbox
from spinnlive.live.window import CoreWindow
from spinnlive.wire.sdp import PORT_INPUT
from spinnlive.wire.window import SEQUENCES

ANSWER_S = 0.25
"""How long to wait for an answer before the core is asked again (seconds)."""

TRIES = 16
"""How often a core is asked before it counts as lost: 4 s in all, as for other requests."""

QUESTIONS_AT_ONCE = 3
"""Questions under way to one board. SCAMP has 8 transient tags for all clients together and drops
a ninth request without a word."""

MAX_DATAGRAM = 600
"""How much is read of a datagram (bytes): over twice the largest answer."""

TICK_UNKNOWN = 0xFFFFFFFF
"""What a core answers before its first tick."""

BEFORE_THE_FIRST = -1
"""What `Lane.taken` gives then."""


class Steps(Protocol):
    """What stepped mode means to injection (`spinnlive.live.stepping`).

    ``standing``: the network stands between two steps; what is sent goes into ``outbox``.
    ``active``: it takes steps, and a core that is asked may stand before it answers.
    """

    outbox: Outbox

    @property
    def standing(self) -> bool:
        """Whether the network stands between two steps; then it is ``active`` too."""

    @property
    def active(self) -> bool:
        """Whether the network takes steps."""


class RunningFreely:
    """The `Steps` of a network that takes none."""

    standing = False
    active = False

    def __init__(self) -> None:
        self.outbox = Outbox()


class Intakes:
    """The ways into every board of the network; a socket is opened when it is first needed."""

    def __init__(self, network: NetworkMap, clock: Clock, steps: Steps, link: Link = UDP) -> None:
        self._network = network
        self._link = link
        self._clock = clock
        self._steps = steps
        self._open: dict[str, Intake] = {}
        self._lanes: dict[SourceCore, Lane] = {}

    def lanes(self, label: str) -> list[Lane]:
        """Give the way to each core of a population, in the order of its neurons."""
        return [self._lane(core) for core in self._network.sources.get(label, ())]

    def close(self) -> None:
        """Close every socket."""
        for intake in self._open.values():
            intake.close()

    async def post(self, datagram: bytes, core: SourceCore) -> None:
        """Send a whole datagram to a core without asking whether it has room."""
        intake = self._intake(core)
        while not intake.send(datagram):
            await intake.writable()

    def _lane(self, core: SourceCore) -> Lane:
        if core not in self._lanes:
            self._lanes[core] = self._intake(core).lane(core)
        return self._lanes[core]

    def _intake(self, core: SourceCore) -> Intake:
        board = self._network.ethernet[core.x, core.y]
        if board not in self._open:
            self._open[board] = Intake(board, self._clock, self._link, self._steps)
        return self._open[board]


class Intake:
    """The way into one board, at ``address``. Close it when no lane is in use any more."""

    def __init__(
        self,
        address: str,
        clock: Clock,
        link: Link = UDP,
        steps: Steps | None = None,
    ) -> None:
        self._address = address
        self._link = link
        self.clock = clock
        self.steps = steps or RunningFreely()
        self._sock = link(address)
        self._questions: dict[int, tuple[Lane, float]] = {}
        self._sequence = 0
        self._reading = False
        self._writing = trio.Lock()
        self._news = trio.lowlevel.ParkingLot()

    @property
    def local_address(self) -> tuple[str, int]:
        """Where the answers come to."""
        address: tuple[str, int] = self._sock.getsockname()
        return address

    def close(self) -> None:
        """Close the socket."""
        trio.lowlevel.notify_closing(self._sock)
        self._sock.close()

    def lane(self, core: SourceCore) -> Lane:
        """Give the way to a core of this board."""
        return Lane(self, core)

    def send(self, datagram: bytes) -> bool:
        """Send at once; False when the kernel has no room, which a flood alone can do to it."""
        try:
            self._sock.send(datagram)
        except BlockingIOError:
            return False
        except ConnectionRefusedError:
            pass  # an earlier datagram met a closed port; no answer will come, and that will tell
        return True

    async def writable(self) -> None:
        """Wait until the kernel has room."""
        async with self._writing:
            await trio.lowlevel.wait_writable(self._sock)

    def ask(self, lane: Lane) -> bool:
        """Ask a core for its tick if there is room for a question."""
        if len(self._questions) >= QUESTIONS_AT_ONCE:
            return False
        self._sequence = (self._sequence + 1) % SEQUENCES
        core = lane.core
        request = wire.get_time_request(core.x, core.y, core.p)
        now = self.clock.now
        if not self.send(wire.encode_request(request, self._sequence)):
            return False
        self._questions[self._sequence] = lane, now
        lane.window.asked(self._sequence)
        return True

    def give_up(self, lane: Lane) -> None:
        """Wait no more for the answer of a core."""
        self._questions = {
            sequence: asked for sequence, asked in self._questions.items() if asked[0] is not lane
        }
        lane.window.forget_question()

    def collect(self) -> None:
        """Take the answers that have come."""
        while True:
            try:
                datagram = self._sock.recv(MAX_DATAGRAM)
            except BlockingIOError:
                return
            except ConnectionRefusedError:
                continue
            self._take(datagram)

    async def answer(self) -> None:
        """Wait until an answer comes, or until another task has read one."""
        if self._reading:
            await self._news.park()
            return
        self._reading = True
        try:
            await trio.lowlevel.wait_readable(self._sock)
            self.collect()
        finally:
            self._reading = False
            self._news.unpark_all()

    def lost(self, core: SourceCore) -> BoardLost:
        """Make the error for a core that does not answer."""
        why = self._link.trouble(self._address) or (
            f"asked {TRIES} times in {TRIES * ANSWER_S:g} s, it did not answer"
        )
        return BoardLost(
            f"core {core.p} of chip {core.x}, {core.y} on the board at {self._address} takes no "
            f"more spikes: {why}"
        )

    def _take(self, datagram: bytes) -> None:
        try:
            reply = wire.decode_reply(datagram)
            tick = reply.word()
        except wire.MalformedPacket:
            return  # a refusal or nonsense: the core will be asked again
        lane, asked = self._questions.pop(reply.sequence, (None, 0.0))
        if lane is None or reply.code != wire.ResultCode.OK:
            return
        if lane.window.answered(reply.sequence):
            lane.answered(tick)
            if tick != TICK_UNKNOWN:
                self.clock.observe_poll(tick, asked, self.clock.now)


class Lane:
    """The way to one core. Several tasks may send; they take turns datagram by datagram."""

    def __init__(self, intake: Intake, core: SourceCore) -> None:
        self.core = core
        self.window = CoreWindow()
        self._intake = intake
        self._answers = 0
        self._tick = BEFORE_THE_FIRST
        self._header = wire.SdpHeader(core.x, core.y, core.p, PORT_INPUT).encode()

    async def send(self, packet: bytes) -> None:
        """Send an EIEIO packet to the core as soon as it has room; no checkpoint if that is now.

        Raises `BoardLost` when the core does not answer any more. A cancelled call has not sent it.
        """
        while not self.send_now(packet):
            if self._has_room():
                await self._intake.writable()
            else:
                await self._room()

    def send_now(self, packet: bytes) -> bool:
        """Send it if there is room now; say whether it was sent."""
        window, intake = self.window, self._intake
        if intake.steps.active:
            if not intake.steps.standing:
                return intake.send(self._header + packet)
            intake.steps.outbox.hold(self._header + packet, self.core)
            return True
        if window.is_asked and not window.has_room:
            intake.collect()
        if not window.has_room or not intake.send(self._header + packet):
            return False
        window.sent()
        if window.is_asked:
            intake.collect()  # behind what somebody waits for
        if window.wants_question:
            intake.ask(self)
        return True

    @property
    def steps(self) -> Steps:
        """What stepped mode means to the core."""
        return self._intake.steps

    def hold_pairs(self, keys: NDArray[np.int64], payloads: NDArray[np.int64]) -> None:
        """Keep a payload for each key until the network goes on. Raises `UsageError` for too many."""
        self.steps.outbox.hold_pairs(self._header, self.core, keys, payloads)

    def answered(self, tick: int) -> None:
        """The core has taken what was sent before it was asked last, in this tick."""
        self._answers += 1
        self._tick = BEFORE_THE_FIRST if tick == TICK_UNKNOWN else tick

    async def taken(self) -> int | None:
        """Wait until the core has taken all that was sent; give its tick then, or a later one.

        `BEFORE_THE_FIRST` if it has had none yet. None at once while the network takes steps: a
        core that is asked may stand before it answers. Raises `BoardLost` as `send` does.
        """
        if self._intake.steps.active:
            return None
        await self._until(lambda: not self.window.is_asked)  # that question may be older
        before = self._answers
        await self._until(lambda: self._answers != before)
        return self._tick

    async def _room(self) -> None:
        """Wait until the core has room, asking it as often as needed."""
        await self._until(self._has_room)

    async def _until(self, done: Callable[[], bool]) -> None:
        """Wait for what an answer of the core brings, asking it as often as needed."""
        window, intake = self.window, self._intake
        for _ in range(TRIES):
            with trio.move_on_after(ANSWER_S):
                while not done():
                    if not window.is_asked:
                        intake.ask(self)
                    await intake.answer()
                return
            intake.give_up(self)
        raise intake.lost(self.core)

    def _has_room(self) -> bool:
        return self._intake.steps.active or self.window.has_room
