"""Keep the host's processors out of their sleep while a network runs.

A processor with nothing to do sleeps, and a datagram that arrives then waits until it has woken: some
microseconds to a good part of a millisecond, most in a virtual machine, where to sleep is to give the
processor back. A loop through a network wakes several times, so that is much of its tail. Linux lets a
program say how long waking may take for as long as it holds a device file open (PM QoS,
``Documentation/power/pm_qos_interface.rst``); real-time programs do so as a rule. The price is power.
"""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spinnlive.errors import UsageError

DEVICE = Path("/dev/cpu_dma_latency")
"""Where Linux is told how long waking may take: a signed 32-bit number (µs), obeyed until the file is closed."""

DRIVER = Path("/sys/devices/system/cpu/cpuidle/current_driver")
"""Names what puts processors to sleep."""

LONGEST_WAKING_US = 3
"""What is asked for (µs): leaves a processor its lightest sleep, C1, which ends in 1 to 2 µs (Linux
``intel_idle.c``, exit latencies), and nothing deeper."""

LONGEST_WAKING_GUEST_US = 0
"""The same in a virtual machine whose driver polls before it gives the processor back, for 1 µs as it says
(``cpuidle-haltpoll.c``); only nothing at all keeps it from that."""

_REQUEST = struct.Struct("=i")


def _longest_waking_us(driver: Path) -> int:
    try:
        name = driver.read_text().strip()
    except OSError:
        name = ""
    return LONGEST_WAKING_GUEST_US if name == "haltpoll" else LONGEST_WAKING_US


class Awake:
    """Whether processors are kept awake: ``wanted``, or if that is None where this user may.

    ``device`` and ``driver`` are `DEVICE` and `DRIVER` unless told otherwise. Raises `UsageError` when it is wanted and
    cannot be.
    """

    def __init__(
        self, wanted: bool | None, *, device: Path | None = None, driver: Path = DRIVER
    ) -> None:
        self._device = device = device or DEVICE
        self._request = _REQUEST.pack(_longest_waking_us(driver))
        self._wanted = wanted is not False
        if wanted:
            try:
                os.close(self._ask())
            except OSError as error:
                raise UsageError(
                    f"awake=True needs {device}, which cannot be written ({error.strerror}): give this "
                    "user the right to it (docs/pacing.md), or leave awake out"
                ) from error

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep them awake in this block. Two such blocks may overlap."""
        asked = None
        if self._wanted:
            with contextlib.suppress(OSError):
                asked = self._ask()
        try:
            yield
        finally:
            if asked is not None:
                os.close(asked)

    def _ask(self) -> int:
        """Open the device and say what is asked for; the descriptor is not inherited by other programs."""
        descriptor = os.open(self._device, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(descriptor, self._request)
        except OSError:
            os.close(descriptor)
            raise
        return descriptor


ASLEEP = Awake(False)
"""Leaves the processors alone."""
