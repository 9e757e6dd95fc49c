"""EIEIO data packets, many at once: what one read of a socket brought, decoded with array operations.

The gatherer's default packets (byte 1 = 0x38: 32-bit keys under one 32-bit tick) are decoded
together; any other form goes through `decode_events`, one packet at a time. The outcome is the same
as `decode_events` on each datagram by itself.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinnlive.wire.eieio import LIVE_HEADER, decode_events
from spinnlive.wire.errors import MalformedPacket
from spinnlive.wire.scp import SCP_REPLY_SIZE
from spinnlive.wire.sdp import FLAG_NO_REPLY, OUTSIDE_CPU, OUTSIDE_PORT

LEAD = 2
"""Bytes in front of each datagram in its slot, so that tick and keys lie on word boundaries."""

_OUTSIDE = OUTSIDE_PORT << 5 | OUTSIDE_CPU

_HEADER = 6
"""Bytes of a default packet before its keys: count, form, tick."""


@dataclass(frozen=True, slots=True)
class BulkEvents:
    """The events of the datagrams that carried a time, in order of arrival.

    ``ticks`` and ``counts`` have one entry for each such packet, ``keys`` (uint32) those of all
    packets one after the other. ``malformed`` datagrams made no sense; ``untimed`` ones were
    packets without one time for all of their events.
    """

    ticks: NDArray[np.int64]
    counts: NDArray[np.int64]
    keys: NDArray[np.uint32]
    malformed: int
    untimed: int


def decode_default(datagram: bytes) -> tuple[int, tuple[int, ...]] | None:
    """Give tick and keys of one default packet of the gatherer; None for anything else.

    For a packet that came alone: any operation on arrays takes as long as all of this.
    """
    size = len(datagram)
    if size < _HEADER or datagram[1] != LIVE_HEADER or size != _HEADER + 4 * datagram[0]:
        return None
    tick, *keys = struct.unpack_from(f"<{1 + datagram[0]}I", datagram, 2)
    return tick, tuple(keys)


def decode_bulk(slots: NDArray[np.uint8], lengths: NDArray[np.int64]) -> BulkEvents:
    """Take the datagrams of consecutive slots apart.

    Datagram i is ``slots[i, LEAD : LEAD + lengths[i]]``. ``slots`` is C-contiguous and its rows are
    a multiple of 4 bytes long; what they hold beyond the lengths is not looked at. The result
    shares no memory with them. Raises ValueError for slots of another shape, and for lengths that
    do not fit.
    """
    number, size = slots.shape
    if size % 4 or not slots.flags.c_contiguous:
        raise ValueError(f"slots are rows of whole words, one after the other; not {size} bytes")
    if len(lengths) != number or not _fit(lengths, size - LEAD):
        raise ValueError(f"{len(lengths)} lengths do not fit {number} slots of {size - LEAD} bytes")
    if not number:
        nothing = np.empty(0, np.int64)
        return BulkEvents(nothing, nothing, np.empty(0, np.uint32), 0, 0)
    counts = slots[:, LEAD].astype(np.int64)
    usual = (slots[:, LEAD + 1] == LIVE_HEADER) & (lengths == _HEADER + 4 * counts)
    words = slots.view("<u4")
    if usual.all():
        return _usual(words, counts)
    return _mixed(slots, lengths, words, counts, usual)


def maybe_replies(slots: NDArray[np.uint8], lengths: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say of each datagram whether it can be an SCP reply to a host rather than events.

    Taken are those long enough, with the flags and the destination of such a reply, that are no
    default packet of the gatherer. The two bytes of padding tell nothing: SCAMP leaves in them what
    was there before. A packet of another form can look like that by chance.
    """
    if len(lengths) == 1:  # most often; what would cost ten array operations
        flags, _, dest = slots[0, LEAD + 2 : LEAD + 5].tolist()
        if flags != FLAG_NO_REPLY or dest != _OUTSIDE or lengths[0] < SCP_REPLY_SIZE:
            return np.zeros(1, np.bool_)
    counts = slots[:, LEAD].astype(np.int64)
    usual = (slots[:, LEAD + 1] == LIVE_HEADER) & (lengths == _HEADER + 4 * counts)
    found: NDArray[np.bool_] = (
        (slots[:, LEAD + 2] == FLAG_NO_REPLY)
        & (slots[:, LEAD + 4] == _OUTSIDE)
        & (lengths >= SCP_REPLY_SIZE)
        & ~usual
    )
    return found


def _fit(lengths: NDArray[np.int64], most: int) -> bool:
    """Say whether each length is 0 to ``most``."""
    if len(lengths) == 1:
        return bool(0 <= lengths[0] <= most)
    return not np.any((lengths < 0) | (lengths > most))


def _usual(words: NDArray[np.uint32], counts: NDArray[np.int64]) -> BulkEvents:
    first = (LEAD + _HEADER) // 4
    most = int(counts.max())
    keys = words[:, first : first + most]
    keys = keys.ravel() if np.all(counts == most) else keys[np.arange(most) < counts[:, None]]
    return BulkEvents(
        words[:, 1].astype(np.int64), counts, np.array(keys, np.uint32, copy=True), 0, 0
    )


def _mixed(
    slots: NDArray[np.uint8],
    lengths: NDArray[np.int64],
    words: NDArray[np.uint32],
    counts: NDArray[np.int64],
    usual: NDArray[np.bool_],
) -> BulkEvents:
    """Decode runs of usual packets together, and what is between them one by one."""
    parts: list[BulkEvents] = []
    malformed = untimed = 0
    borders = np.flatnonzero(np.diff(usual)) + 1
    for begin, end in zip([0, *borders], [*borders, len(usual)], strict=True):
        if usual[begin]:
            parts.append(_usual(words[begin:end], counts[begin:end]))
            continue
        for place in range(begin, end):
            try:
                packet = decode_events(slots[place, LEAD : LEAD + lengths[place]].tobytes())
            except MalformedPacket:
                malformed += 1
                continue
            if packet.tick is None:
                untimed += 1
                continue
            parts.append(
                BulkEvents(np.array([packet.tick]), np.array([len(packet.keys)]), packet.keys, 0, 0)
            )
    nothing = np.empty(0, np.int64)
    return BulkEvents(
        np.concatenate([nothing, *(part.ticks for part in parts)]),
        np.concatenate([nothing, *(part.counts for part in parts)]),
        np.concatenate([np.empty(0, np.uint32), *(part.keys for part in parts)]),
        malformed,
        untimed,
    )
