"""Many EIEIO packets at once: the same outcome as the plain decoder, packet by packet."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spinnlive import wire

VECTORS = Path(__file__).parents[2] / "protocols" / "vectors"
GOLDEN = sorted(
    {
        bytes.fromhex(vector["hex"])
        for vector in json.loads((VECTORS / "eieio.json").read_text())["vectors"]
    }
)
ROOM = 1030
"""Bytes of a datagram that fit a slot: the longest packet with 32-bit keys has 1026."""


def slots_of(datagrams: list[bytes], room: int = ROOM) -> tuple[np.ndarray, np.ndarray]:
    """Put the datagrams into slots that hold rubbish everywhere else."""
    slots = np.full((len(datagrams), wire.LEAD + room), 0xA5, np.uint8)
    for slot, datagram in zip(slots, datagrams, strict=True):
        slot[wire.LEAD : wire.LEAD + len(datagram)] = np.frombuffer(datagram, np.uint8)
    return slots, np.array([len(datagram) for datagram in datagrams], np.int64)


def one_by_one(datagrams: list[bytes]) -> tuple[list[tuple[int, list[int]]], int, int]:
    """What the plain decoder makes of them."""
    packets, malformed, untimed = [], 0, 0
    for datagram in datagrams:
        try:
            packet = wire.decode_events(datagram)
        except wire.MalformedPacket:
            malformed += 1
            continue
        if packet.tick is None:
            untimed += 1
        else:
            packets.append((packet.tick, packet.keys.tolist()))
    return packets, malformed, untimed


def together(datagrams: list[bytes]) -> tuple[list[tuple[int, list[int]]], int, int]:
    events = wire.decode_bulk(*slots_of(datagrams))
    assert events.keys.dtype == np.uint32
    parts = np.split(events.keys, np.cumsum(events.counts)[:-1]) if len(events.counts) else []
    packets = [
        (tick, part.tolist()) for tick, part in zip(events.ticks.tolist(), parts, strict=True)
    ]
    return packets, events.malformed, events.untimed


usual = st.builds(
    lambda tick, keys: struct.pack(f"<BBI{len(keys)}I", len(keys), 0x38, tick, *keys),
    st.integers(0, 0xFFFFFFFF),
    st.lists(st.integers(0, 0xFFFFFFFF), max_size=255),
)


@st.composite
def nearly_right(draw: st.DrawFn) -> bytes:
    """A packet of the usual form with one byte wrong, cut off, or with something behind it."""
    datagram = bytearray(draw(usual))
    datagram[draw(st.integers(0, 5))] = draw(st.integers(0, 255))
    return bytes(datagram[: draw(st.integers(0, len(datagram)))]) + draw(st.binary(max_size=4))


@settings(deadline=None)
@given(st.lists(st.one_of(usual, st.sampled_from(GOLDEN), nearly_right(), st.binary(max_size=300))))
def test_it_is_the_plain_decoder_many_times(datagrams: list[bytes]) -> None:
    assert together(datagrams) == one_by_one(datagrams)


@settings(deadline=None)
@given(st.lists(usual, min_size=1))
def test_packets_of_the_board_alone(datagrams: list[bytes]) -> None:
    assert together(datagrams) == one_by_one(datagrams)


@settings(deadline=None)
@given(st.one_of(usual, st.sampled_from(GOLDEN), nearly_right(), st.binary(max_size=300)))
def test_a_default_packet_by_itself(datagram: bytes) -> None:
    """It is what the plain decoder makes of it; and every packet of that form is taken."""
    found = wire.decode_default(datagram)
    if found is not None:
        tick, keys = found
        assert [(tick, list(keys))] == one_by_one([datagram])[0]
    elif datagram[1:2] == b"\x38":
        assert one_by_one([datagram]) == ([], 1, 0)


def test_golden_datagrams_cut_at_every_length_and_with_trailing_data() -> None:
    datagrams = [golden[:length] for golden in GOLDEN for length in range(len(golden) + 1)]
    datagrams += [golden + tail for golden in GOLDEN for tail in (b"\0", b"\xff", b"\0" * 8)]
    assert together(datagrams) == one_by_one(datagrams)


def test_the_result_is_the_readers_own() -> None:
    slots, lengths = slots_of([struct.pack("<BBI2I", 2, 0x38, 7, 1, 2)] * 3)
    events = wire.decode_bulk(slots, lengths)
    slots[:] = 0
    assert (events.ticks.tolist(), events.keys.tolist()) == ([7] * 3, [1, 2] * 3)


def test_slots_and_lengths_that_do_not_fit_are_refused() -> None:
    slots, lengths = slots_of([b"\0\x38", b""])
    with pytest.raises(ValueError, match="whole words"):
        wire.decode_bulk(np.ascontiguousarray(slots[:, :-1]), lengths)
    for wrong in ([2], [2, -1], [2, ROOM + 1]):
        with pytest.raises(ValueError, match="do not fit"):
            wire.decode_bulk(slots, np.array(wrong))


def test_replies_are_told_from_events_whatever_is_in_the_padding() -> None:
    reply = bytes.fromhex("00000708ff0000000000800003007f000001")
    events = struct.pack("<BBI3I", 3, 0x38, 0xFF0807, 1, 2, 3)
    datagrams = [
        reply,
        b"\x40\x00" + reply[2:],
        b"\x02\x38" + reply[2:],
        events,
        reply[:13],
        b"",
        reply[:2] + b"\x87" + reply[3:],
    ]
    found = wire.maybe_replies(*slots_of(datagrams))
    assert found.tolist() == [True, True, True, False, False, False, False]
