"""The stream protocol's codec: golden vectors, the reference msgpack library, hostile input."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spinnlive import wire
from spinnlive.wire import stream
from spinnlive.wire import stream_messages as messages

VECTORS = json.loads(
    (Path(__file__).parents[2] / "protocols" / "vectors" / "stream.json").read_text()
)["vectors"]
GOOD = [each for each in VECTORS if "message" in each]
BAD = [each for each in VECTORS if each.get("malformed")]


def plain(value: Any) -> Any:
    """The message of a vector as Python sees it: binary as bytes."""
    if isinstance(value, dict):
        if set(value) == {"hex"}:
            return bytes.fromhex(value["hex"])
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value


def decode(vector: dict[str, Any]) -> Any:
    payload = bytes.fromhex(vector["hex"])
    if vector["from"] == "client":
        return stream.decode_client_message(payload)
    return stream.decode_server_message(payload)


by_name = pytest.mark.parametrize("vector", GOOD, ids=lambda vector: vector["name"])


@by_name
def test_vectors_are_what_the_reference_library_makes_of_them(vector: dict[str, Any]) -> None:
    payload = bytes.fromhex(vector["hex"])
    assert msgpack.unpackb(payload) == plain(vector["message"])
    assert msgpack.packb(plain(vector["message"])) == payload


@by_name
def test_vectors_decode_and_encode(vector: dict[str, Any]) -> None:
    message = decode(vector)
    held = stream.to_map(message)
    expected = plain(vector["message"])
    known = {"type", *(name for name in expected if hasattr(message, name))}
    assert held == {name: expected[name] for name in known}
    again = stream.encode_message(message)
    if vector["name"] not in ("unknown_key", "step_whole_number"):
        assert again == bytes.fromhex(vector["hex"])
        assert list(held) == list(expected)


def test_every_type_of_message_has_a_vector() -> None:
    for side, types in (("client", stream.CLIENT_TYPES), ("server", stream.SERVER_TYPES)):
        assert {v["message"]["type"] for v in GOOD if v["from"] == side} == set(types)


@pytest.mark.parametrize("vector", BAD, ids=lambda vector: vector["name"])
def test_malformed_vectors_are_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(wire.MalformedPacket) as caught:
        decode(vector)
    assert len(str(caught.value)) > 10
    assert isinstance(caught.value, stream.UnknownType) == (vector["name"] == "bad_unknown_type")


def test_arrays_are_numpy_arrays_of_the_wire_type() -> None:
    spikes = stream.decode_server_message(
        bytes.fromhex(next(v["hex"] for v in GOOD if v["name"] == "spikes"))
    )
    assert isinstance(spikes, messages.Spikes)
    assert spikes.ids.dtype == np.dtype("<u4") and spikes.ids.tolist() == [0, 4, 4]


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint16, ">u4"])
def test_ids_of_any_integer_type_are_encoded_alike(dtype: Any) -> None:
    ids = np.arange(10, dtype=dtype)[::2]
    packed = stream.encode_message(messages.Inject("touch", ids))
    assert msgpack.unpackb(packed)["ids"] == struct.pack("<5I", 0, 2, 4, 6, 8)


TCP = b"".join(stream.frame(bytes.fromhex(vector["hex"])) for vector in GOOD)


@pytest.mark.parametrize("step", [1, 2, 3, 5, 7, 64, 1000, len(TCP)])
def test_frames_are_found_however_they_are_cut(step: int) -> None:
    decoder = stream.StreamDecoder(stream.MAX_CLIENT_BYTES)
    found = [
        payload for at in range(0, len(TCP), step) for payload in decoder.feed(TCP[at : at + step])
    ]
    assert found == [bytes.fromhex(vector["hex"]) for vector in GOOD]
    assert decoder.held == 0


def test_the_start_of_the_next_message_is_kept() -> None:
    decoder = stream.StreamDecoder(100)
    assert list(decoder.feed(stream.frame(b"abc") + b"\x02\0")) == [b"abc"]
    assert decoder.held == 2
    assert list(decoder.feed(b"\0\0xy" + stream.frame(b"z"))) == [b"xy", b"z"]


@pytest.mark.parametrize("size", [0, 101, 0xFFFFFFFF])
def test_a_length_out_of_range_is_refused_at_once_after_what_came_before(size: int) -> None:
    decoder = stream.StreamDecoder(100)
    found = []
    with pytest.raises(wire.MalformedPacket, match=f"message of {size} bytes"):
        for payload in decoder.feed(stream.frame(b"abc") + struct.pack("<I", size)):
            found.append(payload)
    assert found == [b"abc"]


def test_a_http_request_is_never_a_length() -> None:
    for word in (b"GET ", b"POST", b"HEAD", b"PUT ", b"OPTI"):
        assert stream.PREFIX.unpack(word)[0] > stream.MAX_SERVER_BYTES


def value_or_malformed(payload: bytes) -> None:
    for decode_side in (stream.decode_client_message, stream.decode_server_message):
        try:
            message = decode_side(payload)
        except wire.MalformedPacket as error:
            assert str(error)
        else:
            assert decode_side(stream.encode_message(message)) is not None  # type: ignore[arg-type]


def test_vectors_cut_at_every_length_and_with_trailing_data() -> None:
    for vector in VECTORS:
        payload = bytes.fromhex(vector["hex"])
        for length in range(len(payload) + 1):
            value_or_malformed(payload[:length])
        for tail in (b"\0", b"\xc1", b"\xff" * 9):
            with pytest.raises(wire.MalformedPacket):
                decode({**vector, "hex": (payload + tail).hex()})


@settings(deadline=None)
@given(payload=st.binary(max_size=300))
def test_random_bytes(payload: bytes) -> None:
    value_or_malformed(payload)


@settings(deadline=None)
@given(
    payload=st.sampled_from([bytes.fromhex(vector["hex"]) for vector in VECTORS if vector["hex"]]),
    place=st.integers(0, 2000),
    value=st.integers(0, 255),
)
def test_one_byte_wrong(payload: bytes, place: int, value: int) -> None:
    broken = bytearray(payload)
    broken[place % len(broken)] = value
    value_or_malformed(bytes(broken))


PLAIN = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text()


@settings(deadline=None)
@given(
    kind=st.sampled_from([*stream.CLIENT_TYPES, *stream.SERVER_TYPES]),
    keys=st.dictionaries(
        st.sampled_from(["request", "channel", "ids", "rates", "what", "ms", "tick", "values"]),
        PLAIN | st.binary(max_size=20) | st.lists(PLAIN, max_size=3),
    ),
)
def test_maps_with_any_values(kind: str, keys: dict[str, Any]) -> None:
    value_or_malformed(msgpack.packb({"type": kind, **keys}))


def test_a_hostile_header_makes_no_room_for_what_it_announces() -> None:
    nested = b"\xdd\x00\x10\x00\x00" * 200  # arrays of a million items inside each other
    with pytest.raises(wire.MalformedPacket):
        stream.decode_client_message(nested + bytes(1 << 20))
