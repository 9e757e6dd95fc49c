"""How many datagrams may be under way to one core: bookkeeping only, no socket and no clock.

Injected spikes are not acknowledged, and a core of sPyNNaker has 4 buffers for messages (SARK,
``NUM_SDP_MSGS``): it drops a fifth without a word. So the core is asked for the time along with the
spikes. The question takes the same way and a buffer of its own; its answer says that everything
before it was taken. Nothing is presumed: a board may stand still for as long as it likes, and a
busy host's emulated board does.

The question comes after two datagrams, so that one more can follow it while its answer is on the
way: in a flood the core has something to do meanwhile; in a slow stream, whose sender may be in a
hurry, no datagram has to wait until an answer has been read.
"""

from __future__ import annotations

BUFFERS = 4
"""Messages that a core can hold, questions included (spinnaker_tools ``sark.h``)."""

ASK_EVERY = 2
"""Datagrams after which the core is asked, if no question is under way."""


class CoreWindow:
    """The messages on their way to one core."""

    def __init__(self) -> None:
        self.under_way = 0
        """Messages that were sent and are not known to be taken, questions included."""
        self._since_question = 0
        self._question: int | None = None

    @property
    def is_asked(self) -> bool:
        """Whether a question waits for its answer."""
        return self._question is not None

    @property
    def has_room(self) -> bool:
        """Whether one more datagram may be sent now."""
        return self.under_way < BUFFERS

    @property
    def wants_question(self) -> bool:
        """Whether the core should be asked now."""
        return self._question is None and self.under_way >= ASK_EVERY

    def sent(self) -> None:
        """A datagram has been sent."""
        self.under_way += 1
        self._since_question += 1

    def asked(self, question: int) -> None:
        """The core has been asked, under this number."""
        self.under_way += 1
        self._question = question
        self._since_question = 0

    def answered(self, question: int) -> bool:
        """An answer has come: all that was sent before its question was taken. False if that was
        not the latest question."""
        if question != self._question:
            return False
        self._question = None
        self.under_way = self._since_question
        return True

    def forget_question(self) -> None:
        """Give up on the answer; the next question will ask for all."""
        self._question = None
