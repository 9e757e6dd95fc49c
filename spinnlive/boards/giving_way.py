"""Looking for an answer again and again, beside an emulated board that may need this very processor.

A datagram over the loopback interface wakes whoever it is for, and Linux likes to put who is woken on the processor of
who woke it. An emulated board then queues behind a thread that does not sleep because it waits for the board, while
another processor has nothing to do; it takes the kernel some ten milliseconds to part the two. So the thread gives way
whenever it finds nothing, and if somebody took about the time that a board takes for an answer, it goes to another
processor. None of this needs a right that a user has not, and where it is refused the two only share.
"""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Callable
from contextlib import suppress

import trio

NOBODY_S = 20e-6
"""If giving way is over sooner, nobody took the turn (seconds)."""

BOARD_S = 1e-3
"""Who takes longer is no board but a program that calculates, and would take some milliseconds each time (seconds)."""

PAUSE_S = 0.2
"""How long nobody is given way to after that (seconds)."""

_give: Callable[[], int] = ctypes.PyDLL(None).sched_yield
"""``sched_yield(2)``, with the interpreter held: who takes the turn is no other thread of this program, which would
look like a board."""

_processor: Callable[[], int] | None = getattr(ctypes.CDLL(None), "sched_getcpu", None)
"""Gives the number of the processor that this thread runs on; None where that is not known."""


@trio.lowlevel.enable_ki_protection
def leave_processor() -> None:
    """Take this thread to another processor, if it may run on another one; it may use all of its own afterwards.

    Whoever asks the kernel afterwards finds these as asked for, not as the default: they do not grow when the
    machine's do. A refusal is no error.
    """
    if _processor is None:
        return
    # a sandbox may forbid it, a container may have lost processors meanwhile
    with suppress(OSError):
        allowed = os.sched_getaffinity(0)
        others = allowed - {_processor()}
        if others:
            try:
                os.sched_setaffinity(0, others)
            finally:
                os.sched_setaffinity(0, allowed)


class GivingWay:
    """The manners of who does not sleep. The arguments are for tests."""

    def __init__(
        self,
        give: Callable[[], object] = _give,
        leave: Callable[[], object] = leave_processor,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._give = give
        self._leave = leave
        self._clock = clock
        self._not_before = float("-inf")

    def give_way(self) -> None:
        """Let somebody else have this processor, if anybody waits for it."""
        begin = self._clock()
        if begin < self._not_before:
            return
        self._give()
        end = self._clock()
        if NOBODY_S < end - begin <= BOARD_S:
            self._leave()
            begin, end = end, self._clock()  # the other processor may have somebody who calculates
        if end - begin > BOARD_S:
            self._not_before = end + PAUSE_S


MANNERS = GivingWay()
"""Of this process: who calculates beside one board's reader is found once, not by the reader of each board."""
