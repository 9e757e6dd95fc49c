"""SPIF words over UDP: events of an event camera, as AEStream sends them and SPIF boards take them.

::

    word, little-endian    bit 31      1: no time stamp; 0: the next word is one
                           bits 30..16 x
                           bit 15      polarity
                           bits 14..0  y

A datagram is words and nothing else. Source: AEStream ``dvs_to_udp.cpp``, spif ``spiffer/README.md``.
AEStream sends 128 events without time stamps (512 bytes) or 32 with them (256 bytes), and what is left
at the end of its stream. That last datagram, with time stamps, is twice as long as it should be: its
second half is what the sender's buffer still held of the datagram before (seen with AEStream 0.6.4).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinnlive.wire.errors import MalformedPacket

MAX_EVENTS = 128
"""Most events of a datagram that we send; AEStream reads 512 bytes of one and drops the rest."""

MAX_TIMED_EVENTS = 32
"""Most events with time stamps of a datagram, as AEStream sends them."""

MAX_COORDINATE = 0x7FFF
"""Largest x and y: they have 15 bits."""

_NO_TIME = np.uint32(1 << 31)
_TIMED_BYTES = 8 * MAX_TIMED_EVENTS


@dataclass(frozen=True, slots=True)
class SpifEvents:
    """Events in the order of the datagram.

    ``x`` and ``y`` in pixels, ``polarity`` true where it became brighter (the sender's bit 1),
    ``times`` the time stamps in the sender's unit (AEStream: µs, cut to 32 bits), or None if the
    events have none. ``stale`` events were left out: see `SpifDecoder`.
    """

    x: NDArray[np.uint16]
    y: NDArray[np.uint16]
    polarity: NDArray[np.bool_]
    times: NDArray[np.uint32] | None = None
    stale: int = 0


class SpifDecoder:
    """Takes the datagrams of one sender apart, in order.

    It remembers the datagram before, so as to know the stale half of AEStream's last one.
    """

    def __init__(self) -> None:
        self._before = bytes(_TIMED_BYTES)

    def decode(self, datagram: bytes) -> SpifEvents:
        """Take one apart. Raises `MalformedPacket` as `decode_spif` does."""
        half = len(datagram) // 2
        stale = 0
        before, self._before = self._before, datagram + self._before[len(datagram) :]
        if (
            len(datagram) % 16 == 0
            and 0 < len(datagram) < _TIMED_BYTES
            and datagram[half:] == before[half : len(datagram)]
            and not datagram[3] & 0x80
        ):
            stale = half // 8
            datagram = datagram[:half]
        events = decode_spif(datagram)
        return SpifEvents(events.x, events.y, events.polarity, events.times, stale)


def decode_spif(datagram: bytes) -> SpifEvents:
    """Take a datagram apart by itself.

    Raises `MalformedPacket` when it is not made of whole words, mixes events with and without time
    stamps, or ends where a time stamp is due.
    """
    if len(datagram) % 4:
        raise MalformedPacket(f"SPIF datagram of {len(datagram)} bytes; words have 4")
    words = np.frombuffer(datagram, "<u4")
    untimed = (words & _NO_TIME) != 0
    if untimed.all():
        return _events(words, None)
    if untimed[::2].any():
        raise MalformedPacket("SPIF datagram with and without time stamps")
    if len(words) % 2:
        raise MalformedPacket("SPIF datagram ends where a time stamp is due")
    return _events(words[::2], words[1::2])


def encode_spif(
    x: ArrayLike, y: ArrayLike, polarity: ArrayLike, times: ArrayLike | None = None
) -> list[bytes]:
    """Pack events into datagrams, in order: `MAX_EVENTS` each, or `MAX_TIMED_EVENTS` with times.

    Raises ValueError for coordinates outside 0 to 32767.
    """
    columns, rows = np.asarray(x, np.int64), np.asarray(y, np.int64)
    for name, values in (("x", columns), ("y", rows)):
        if values.size and not 0 <= int(values.min()) <= int(values.max()) <= MAX_COORDINATE:
            raise ValueError(
                f"{name} reaches from {values.min()} to {values.max()}; 0 to 32767 fit"
            )
    words = (columns << 16 | np.asarray(polarity, np.int64) << 15 | rows).astype("<u4")
    if times is None:
        words |= _NO_TIME
        return [words[i : i + MAX_EVENTS].tobytes() for i in range(0, len(words), MAX_EVENTS)]
    pairs = np.column_stack([words, np.asarray(times, np.uint64).astype("<u4")])
    step = MAX_TIMED_EVENTS
    return [pairs[i : i + step].tobytes() for i in range(0, len(pairs), step)]


def _events(words: NDArray[np.uint32], times: NDArray[np.uint32] | None) -> SpifEvents:
    return SpifEvents(
        x=(words >> 16 & MAX_COORDINATE).astype(np.uint16),
        y=(words & MAX_COORDINATE).astype(np.uint16),
        polarity=(words >> 15 & 1).astype(bool),
        times=times,
    )
