"""Keep the host's processors out of their sleep while a network runs.

A processor with nothing to do sleeps, and a datagram that arrives then waits until it has woken: some
microseconds to a good part of a millisecond, most in a virtual machine, where to sleep is to give the
processor back. A loop through a network wakes several times, so that is much of its tail. Linux lets a
program say how long waking may take for as long as it holds a device file open (PM QoS,
``Documentation/power/pm_qos_interface.rst``); real-time programs do so as a rule. The price is power.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spinnlive.errors import UsageError

DEVICE = Path("/dev/cpu_dma_latency")
"""Where Linux is told how long waking may take: a signed 32-bit number (µs), obeyed until the file is closed."""

DRIVER = Path("/sys/devices/system/cpu/cpuidle/current_driver")
"""Names what puts processors to sleep; "none" where nothing does that could obey."""

LONGEST_WAKING_US = 3
"""What is asked for (µs): leaves a processor its lightest sleep, from which it wakes in 1 to 2 µs (Linux
``intel_idle.c``, exit latencies: C1, on some processors C1E), and nothing deeper."""

LONGEST_WAKING_GUEST_US = 0
"""The same where the driver gives the processor back to a hypervisor, and calls that a waking of 1 µs
(``cpuidle-haltpoll.c``): only 0 keeps it from that."""

_REQUEST = struct.Struct("=i")


def idle_driver(driver: Path = DRIVER) -> str:
    """Give the name of what puts processors to sleep; "none" where nothing is known to."""
    try:
        return driver.read_text().strip()
    except OSError:
        return "none"


class Awake:
    """Whether processors are kept awake: ``wanted``, or if that is None where this user may.

    ``device`` and ``driver`` are `DEVICE` and `DRIVER` unless told otherwise. Raises `UsageError` when
    it is wanted and cannot be.
    """

    def __init__(
        self, wanted: bool | None, *, device: Path | None = None, driver: Path = DRIVER
    ) -> None:
        self._wanted = wanted
        self._device = device or DEVICE
        # here, and not when it is asked for: a step may be over in a millisecond
        guest = wanted is not False and idle_driver(driver) == "haltpoll"
        self._request = _REQUEST.pack(LONGEST_WAKING_GUEST_US if guest else LONGEST_WAKING_US)
        if wanted:
            with self.held():
                pass

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep them awake in this block. Two such blocks may overlap. Raises as the class."""
        asked = None if self._wanted is False else self._ask()
        try:
            yield
        finally:
            if asked is not None:
                os.close(asked)

    def _ask(self) -> int | None:
        """Open the device, say what is asked for and give the descriptor; None where this user may not."""
        try:
            descriptor = os.open(self._device, os.O_WRONLY)
            try:
                os.write(descriptor, self._request)
            except OSError:
                os.close(descriptor)
                raise
        except OSError as error:
            if self._wanted:
                raise UsageError(
                    f"awake=True needs {self._device}, which cannot be written ({error.strerror}): "
                    "give this user the right to it (docs/pacing.md), or leave awake out"
                ) from error
            return None
        return descriptor


ASLEEP = Awake(False)
"""Leaves the processors alone."""
