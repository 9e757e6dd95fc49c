"""SPIF words: the bytes that AEStream was seen to send, and whatever else may come."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spinnlive import wire
from spinnlive.wire.spif import SpifDecoder, SpifEvents, decode_spif, encode_spif

VECTORS = json.loads(
    (Path(__file__).parents[2] / "protocols" / "vectors" / "spif.json").read_text()
)["vectors"]


def plain(events: SpifEvents) -> list[list[Any]]:
    times = [None] * len(events.x) if events.times is None else events.times.tolist()
    return [
        list(each)
        for each in zip(
            events.x.tolist(), events.y.tolist(), map(int, events.polarity), times, strict=True
        )
    ]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_vectors(vector: dict[str, Any]) -> None:
    datagrams = [bytes.fromhex(each) for each in vector["hex"]]
    if "malformed" in vector:
        with pytest.raises(wire.MalformedPacket):
            decode_spif(datagrams[0])
        return
    decoder = SpifDecoder()
    decoded = [decoder.decode(each) for each in datagrams]
    assert [event for each in decoded for event in plain(each)] == vector["events"]
    assert sum(each.stale for each in decoded) == vector.get("stale", 0)
    if vector.get("stale", 0) == 0:
        x, y, polarity, times = zip(*vector["events"], strict=True)
        assert encode_spif(x, y, polarity, None if times[0] is None else times) == datagrams


COORDINATE = st.integers(0, 0x7FFF)
EVENTS = st.lists(st.tuples(COORDINATE, COORDINATE, st.booleans()), max_size=300)


@settings(deadline=None)
@given(EVENTS, st.booleans())
def test_events_survive_the_way_there_and_back(
    events: list[tuple[int, int, bool]], timed: bool
) -> None:
    x, y, polarity = (list(column) for column in zip(*events, strict=True)) if events else ([],) * 3
    times = list(range(len(events))) if timed else None
    datagrams = encode_spif(x, y, polarity, times)
    assert all(len(each) <= (256 if timed else 512) for each in datagrams)
    back = [event for each in datagrams for event in plain(decode_spif(each))]
    assert back == [
        [*event[:2], int(event[2]), number if timed else None]
        for number, event in enumerate(events)
    ]


@settings(deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=4))
def test_random_bytes(datagrams: list[bytes]) -> None:
    decoder = SpifDecoder()
    for datagram in datagrams:
        try:
            events = decoder.decode(datagram)
        except wire.MalformedPacket as error:
            assert str(error)
        else:
            assert len(events.x) == len(events.y) == len(events.polarity)


def test_a_short_datagram_whose_second_half_is_new_is_whole() -> None:
    decoder = SpifDecoder()
    first, second = encode_spif([1, 2], [3, 4], [0, 1], [10, 20]), encode_spif([5], [6], [1], [30])
    assert decoder.decode(first[0]).stale == 0
    assert len(decoder.decode(second[0]).x) == 1


@pytest.mark.parametrize("wrong", [-1, 0x8000])
def test_coordinates_that_do_not_fit_are_refused(wrong: int) -> None:
    with pytest.raises(ValueError, match="32767"):
        encode_spif([wrong], [0], [0])
    with pytest.raises(ValueError, match="32767"):
        encode_spif([0], [wrong], [0])


def test_arrays_of_any_integer_type() -> None:
    x = np.arange(130, dtype=np.int32)
    datagrams = encode_spif(x, x[::-1], x % 2 == 0)
    assert [len(each) for each in datagrams] == [512, 8]
