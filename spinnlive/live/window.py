"""How many datagrams may be under way to one core: bookkeeping only, no socket and no clock.

Injected spikes are not acknowledged, and a core of sPyNNaker has 4 buffers for messages (SARK,
``NUM_SDP_MSGS``): it drops a fifth without a word. So the core is asked for the time along with the
spikes. The question takes the same way and a buffer of its own; its answer says that everything
before it was taken.

Questions load the board as spikes do. A datagram that was sent long enough ago for any core that
works is therefore presumed taken, for so many in a row; a slow stream asks now and then, a flood
all the time.
"""

from __future__ import annotations

from collections import deque

BUFFERS = 4
"""Messages that a core can hold, questions included (spinnaker_tools ``sark.h``)."""

ASK_EVERY = 2
"""Datagrams of a flood after which the core is asked, if no question is under way: with `BUFFERS`
of 4 one more can follow the question while its answer is on the way."""

TAKEN_S = 0.002
"""After this a core that works has taken a message (seconds): SCAMP waits 1 ms at most to hand it
on."""

FLOOD_S = 0.02
"""For so long after somebody had to wait for room, asking goes on as in a flood (seconds)."""

PRESUMED = 16
"""Datagrams in a row that may be presumed taken before the core must show that it works: half of
SCAMP's own 32 message buffers."""


class CoreWindow:
    """The messages on their way to one core. Times are in seconds, of any one clock."""

    def __init__(self) -> None:
        self._under_way: deque[float] = deque()  # when each was sent
        self._since_question = 0
        self._question: int | None = None
        self._before_question = 0
        self._full_s = float("-inf")
        self.unconfirmed = 0
        """Messages sent since the core last showed that it takes them."""

    @property
    def under_way(self) -> int:
        """Messages that were sent and are not known or presumed to be taken."""
        return len(self._under_way)

    @property
    def is_asked(self) -> bool:
        """Whether a question waits for its answer."""
        return self._question is not None

    def has_room(self, now_s: float, board_speed: float = 1.0) -> bool:
        """Say whether one more datagram may be sent now. A board that is slower than real time
        (``board_speed`` under 1) has more time to take one."""
        if self.unconfirmed < PRESUMED:
            long_ago = now_s - TAKEN_S / board_speed
            while self._under_way and self._under_way[0] <= long_ago:
                self._drop_first()
        if len(self._under_way) < BUFFERS:
            return True
        self._full_s = now_s
        return False

    def wants_question(self, now_s: float) -> bool:
        """Say whether the core should be asked now."""
        if self._question is not None:
            return False
        if self.unconfirmed >= PRESUMED or self.under_way >= BUFFERS - 1:
            return True
        flood = now_s - self._full_s < FLOOD_S
        return flood and self._since_question >= ASK_EVERY

    def sent(self, now_s: float) -> None:
        """A datagram has been sent."""
        self._under_way.append(now_s)
        self._since_question += 1
        self.unconfirmed += 1

    def asked(self, question: int, now_s: float) -> None:
        """The core has been asked, under this number."""
        self._under_way.append(now_s)
        self._question = question
        self._before_question = self.under_way
        self._since_question = 0

    def answered(self, question: int) -> bool:
        """An answer has come: all that was sent before its question was taken. False if that was
        not the latest question."""
        if question != self._question:
            return False
        self._question = None
        while self._before_question > 0:
            self._drop_first()
        self.unconfirmed = self._since_question
        return True

    def forget_question(self) -> None:
        """Give up on the answer; the next question will ask for all."""
        self._question = None

    def _drop_first(self) -> None:
        self._under_way.popleft()
        self._before_question -= 1
