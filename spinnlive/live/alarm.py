"""Wake up in time, to about a tenth of a millisecond.

``trio.sleep_until`` hands its deadline to ``epoll``, which counts whole milliseconds: it wakes half
a millisecond late on average. A timer of the kernel (``timerfd``) is a file descriptor that becomes
readable on time, and trio waits for it like for a socket. Python has no name for it before 3.13, so
the C library is asked.
"""

from __future__ import annotations

import ctypes
import os
import time

import trio

_libc = ctypes.CDLL(None, use_errno=True)

CREATE_FLAGS = os.O_NONBLOCK | os.O_CLOEXEC
"""Flags of ``timerfd_create``: TFD_NONBLOCK and TFD_CLOEXEC have the values of these (Linux
``timerfd.h``)."""

ABSOLUTE = 1
"""Flag of ``timerfd_settime``: the time given is on the clock, not from now (TFD_TIMER_ABSTIME)."""

NS = 1_000_000_000
"""Nanoseconds of a second."""


class _TimeSpec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _TimerSpec(ctypes.Structure):
    """``struct itimerspec``: how often to fire again (never, here), and when first."""

    _fields_ = (("interval", _TimeSpec), ("value", _TimeSpec))


async def sleep_until(deadline_s: float) -> None:
    """Sleep until this time of ``time.monotonic()`` (seconds); returns at once when it is past.

    Always a checkpoint. Cancelling it leaves nothing behind. Raises OSError when the process has no
    file descriptor left.
    """
    if deadline_s <= time.monotonic():
        await trio.lowlevel.checkpoint()
        return
    timer = _armed(deadline_s)
    try:
        await trio.lowlevel.wait_readable(timer)
    finally:
        trio.lowlevel.notify_closing(timer)
        os.close(timer)


def _armed(deadline_s: float) -> int:
    """Make a timer that becomes readable at this time."""
    timer: int = _libc.timerfd_create(time.CLOCK_MONOTONIC, CREATE_FLAGS)
    if timer < 0:
        raise OSError(ctypes.get_errno(), "timerfd_create: " + os.strerror(ctypes.get_errno()))
    seconds, nanoseconds = divmod(round(deadline_s * NS), NS)
    wanted = _TimerSpec(_TimeSpec(0, 0), _TimeSpec(seconds, nanoseconds))
    if _libc.timerfd_settime(timer, ABSOLUTE, ctypes.byref(wanted), None) < 0:
        error = ctypes.get_errno()
        os.close(timer)
        raise OSError(error, "timerfd_settime: " + os.strerror(error))
    return timer
