"""EIEIO data packets: batches of events (spikes), sent live by the board or injected into it.

::

    byte 0   number of events, 0 to 255
    byte 1   bit 7  P  a 16-bit key prefix follows
             bit 6  F  the prefix goes to the upper half-word of the keys (1) or to the lower (0)
             bit 5  D  a payload prefix follows (as wide as the keys)
             bit 4  T  payloads are times, in ticks
             bits 3..2  type: 0 16-bit keys, 1 16-bit keys and payloads, 2 and 3 the same with 32
             bits bits 1..0  tag, 0
    then     key prefix, payload prefix, events; little-endian

A receiver ORs the prefixes into each key and payload. With D and T the whole packet has one time;
with T alone each event carries its own as payload. P = 0 with F = 1 marks a command packet, see
`notification`. The board's live output is byte 1 = 0x38: 32-bit keys under one 32-bit time. Source:
SpiNNMan ``messages/eieio``; SpiNNFrontEndCommon ``c_common`` ``eieio.h`` and
``live_packet_gather.c``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinnlive.wire.errors import MalformedPacket

MAX_IDS16 = 127
"""Most events of a packet with 16-bit keys that we send; with its header it has 256 bytes
(SpiNNMan's limit)."""

FULL_PACKET = 64
"""Spikes that fill a packet of the gatherer, which then leaves at once; others leave when the tick ends
(live_packet_gather.c, ``BUFFER_CAPACITY``: 256 bytes, four for each)."""

MAX_KEYS32 = 63
"""Most events of a packet with 32-bit keys that we send; with its header it has 254 bytes
(SpiNNMan's limit)."""

MAX_PAIRS32 = 31
"""Most events of a packet with 32-bit keys and payloads that we send; with its header it has 250
bytes (SpiNNMan's limit is 256)."""

FEW = 16
"""So many ids in a list are packed one by one: it takes less time than an array of them."""

LIVE_HEADER = 0x38
"""Byte 1 of the gatherer's default packets: type 2, D, T. Up to 64 keys, 262 bytes."""

_PREFIX = 0x80
_UPPER = 0x40
_PAYLOAD_PREFIX = 0x20
_TIME = 0x10
_LIVE = struct.Struct("<BBI")
_FEW16 = [struct.Struct(f"<BB{ids}H") for ids in range(FEW + 1)]
_HALF = struct.Struct("<H")
_WORD = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class EventPacket:
    """The events of one packet.

    ``tick`` is the time of the whole packet in ticks, or None if it has none. ``keys`` are routing
    keys (or what the sender put there), uint32, in the order of the packet. ``payloads``, uint32
    and as long as ``keys``, are None if the events have none; with ``payloads_are_ticks`` they are
    the time of each event. The arrays may share memory with the datagram.
    """

    tick: int | None
    keys: NDArray[np.uint32]
    payloads: NDArray[np.uint32] | None = None
    payloads_are_ticks: bool = False


def decode_events(datagram: bytes | bytearray | memoryview) -> EventPacket:
    """Take a data packet apart.

    Raises `MalformedPacket` when the datagram is not exactly as long as its header says, is a
    command packet, has a tag, or contradicts itself about time (T with neither or with both of
    prefix and payloads).
    """
    size = len(datagram)
    if size < 2:
        raise MalformedPacket(f"EIEIO packet of {size} bytes; the header alone has 2")
    count, form = datagram[0], datagram[1]
    if form == LIVE_HEADER and size == _LIVE.size + 4 * count:
        tick = _LIVE.unpack_from(datagram)[2]
        return EventPacket(tick, np.frombuffer(datagram, "<u4", count, _LIVE.size))
    return _decode_general(datagram, count, form)


def _decode_general(datagram: bytes | bytearray | memoryview, count: int, form: int) -> EventPacket:
    """Decode any form: sum up what the header announces, check the length once, then read."""
    prefixed, upper = bool(form & _PREFIX), bool(form & _UPPER)
    payload_prefixed, timed = bool(form & _PAYLOAD_PREFIX), bool(form & _TIME)
    wide, with_payload = bool(form & 0x08), bool(form & 0x04)
    if upper and not prefixed:
        raise MalformedPacket(f"EIEIO header {form:#04x} is of a command packet, not of events")
    if form & 0x03:
        raise MalformedPacket(f"EIEIO header {form:#04x} has tag {form & 3}; only 0 is defined")
    if timed and payload_prefixed == with_payload:
        what = "twice" if with_payload else "nowhere"
        raise MalformedPacket(f"EIEIO header {form:#04x} announces a time and carries it {what}")

    width = 4 if wide else 2
    columns = 2 if with_payload else 1
    start = 2 + 2 * prefixed + width * payload_prefixed
    expected = start + width * columns * count
    if len(datagram) != expected:
        raise MalformedPacket(
            f"EIEIO packet of {len(datagram)} bytes; "
            f"header {form:#04x} with {count} events makes {expected}"
        )
    key_prefix = 0
    if prefixed:
        key_prefix = _HALF.unpack_from(datagram, 2)[0] << (16 if upper else 0)
    payload_prefix = 0
    if payload_prefixed:
        layout = _WORD if wide else _HALF
        payload_prefix = layout.unpack_from(datagram, 2 + 2 * prefixed)[0]

    raw = np.frombuffer(datagram, "<u4" if wide else "<u2", count * columns, start)
    events = raw.reshape(count, columns).astype(np.uint32)
    keys = events[:, 0] | np.uint32(key_prefix)
    if with_payload:
        payloads = events[:, 1] | np.uint32(payload_prefix)
        return EventPacket(None, keys, payloads, payloads_are_ticks=timed)
    if timed:
        return EventPacket(payload_prefix, keys)
    if payload_prefixed:
        return EventPacket(None, keys, np.full(count, payload_prefix, np.uint32))
    return EventPacket(None, keys)


def encode_ids16(ids: ArrayLike) -> list[bytes]:
    """Pack ids (0 to 65535) as 16-bit keys into packets of at most 127 events, in order.

    A SpikeInjector ORs its routing key into each. Raises ValueError for an id out of range. A short
    list of ints is packed without arrays, in a fraction of the time.
    """
    if isinstance(ids, list) and 0 < len(ids) <= FEW:
        try:
            return [_FEW16[len(ids)].pack(len(ids), 0x00, *ids)]
        except struct.error:
            pass  # the way of arrays says what is wrong, or takes what is no int
    return list(_packets(_checked(ids, 16), "<u2", 0x00, MAX_IDS16))


def encode_keys32(keys: ArrayLike) -> list[bytes]:
    """Pack whole routing keys as 32-bit keys into packets of at most 63 events, in order.

    Raises ValueError for a key outside 32 bits.
    """
    return list(_packets(_checked(keys, 32), "<u4", 0x08, MAX_KEYS32))


def encode_pairs32(keys: ArrayLike, payloads: ArrayLike) -> list[bytes]:
    """Pack whole routing keys, each with its 32-bit payload, into packets of at most 31 events, in
    order.

    Raises ValueError for a number outside 32 bits, or arrays of different lengths.
    """
    events, values = _checked(keys, 32), _checked(payloads, 32)
    if len(events) != len(values):
        raise ValueError(f"{len(events)} keys for {len(values)} payloads")
    pairs = np.column_stack([events, values]).astype("<u4")
    return [
        bytes((len(part), 0x0C)) + part.tobytes()
        for part in (
            pairs[start : start + MAX_PAIRS32] for start in range(0, len(pairs), MAX_PAIRS32)
        )
    ]


def _checked(values: ArrayLike, bits: int) -> NDArray[np.int64]:
    array = np.atleast_1d(np.asarray(values))
    if array.size == 0:
        return np.empty(0, np.int64)
    if array.dtype.kind not in "iu" or array.ndim != 1:
        raise ValueError(f"keys must be a list of whole numbers, not {array.ndim}-d {array.dtype}")
    low, high = int(array.min()), int(array.max())
    if low < 0 or high >= 1 << bits:
        culprit = low if low < 0 else high
        raise ValueError(f"key {culprit} does not fit {bits} bits: 0 to {(1 << bits) - 1}")
    return array.astype(np.int64)


def _packets(values: NDArray[np.int64], dtype: str, form: int, limit: int) -> Iterable[bytes]:
    for start in range(0, len(values), limit):
        part = values[start : start + limit]
        yield bytes((len(part), form)) + part.astype(dtype).tobytes()
