"""Every decoder fed what a hostile or broken peer may send: a value or MalformedPacket, nothing
else."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spinnlive import wire
from spinnlive.wire import proxy

VECTORS = Path(__file__).parents[2] / "protocols" / "vectors"
GOLDEN = sorted(
    {
        bytes.fromhex(vector["hex"])
        for name in ("eieio.json", "scp.json", "proxy.json")
        for vector in json.loads((VECTORS / name).read_text())["vectors"]
        if "hex" in vector
    }
)


def whole_version(datagram: bytes) -> wire.Version:
    return wire.parse_version(wire.decode_reply(datagram).data)


def whole_chip_info(datagram: bytes) -> wire.ChipInfo:
    return wire.parse_chip_info(wire.decode_reply(datagram).data)


def whole_ip_tag(datagram: bytes) -> wire.IpTag:
    return wire.parse_ip_tag(wire.decode_reply(datagram).data)


def whole_word(datagram: bytes) -> int:
    return wire.decode_reply(datagram).word()


DECODERS: list[Callable[[bytes], object]] = [
    wire.decode_sdp,
    wire.decode_reply,
    wire.decode_events,
    wire.decode_notification,
    wire.parse_version,
    wire.parse_chip_info,
    whole_version,
    whole_chip_info,
    whole_ip_tag,
    whole_word,
    wire.parse_ip_tag,
    proxy.decode_frame,
]
every_decoder = pytest.mark.parametrize("decode", DECODERS, ids=lambda f: f.__name__)


def value_or_malformed(decode: Callable[[bytes], object], datagram: bytes) -> None:
    try:
        value = decode(datagram)
    except wire.MalformedPacket as error:
        assert str(error)
    else:
        assert value is not None


@every_decoder
def test_golden_datagrams_cut_at_every_length(decode: Callable[[bytes], object]) -> None:
    for datagram in GOLDEN:
        for length in range(len(datagram) + 1):
            value_or_malformed(decode, datagram[:length])


@every_decoder
def test_golden_datagrams_with_trailing_data(decode: Callable[[bytes], object]) -> None:
    for datagram in GOLDEN:
        for tail in (b"\0", b"\xff", b"\0" * 8, bytes(range(255))):
            value_or_malformed(decode, datagram + tail)


@every_decoder
@settings(deadline=None)
@given(datagram=st.binary(max_size=600))
def test_random_bytes(decode: Callable[[bytes], object], datagram: bytes) -> None:
    value_or_malformed(decode, datagram)


@every_decoder
@settings(deadline=None)
@given(datagram=st.sampled_from(GOLDEN), place=st.integers(0, 400), value=st.integers(0, 255))
def test_golden_datagrams_with_one_byte_wrong(
    decode: Callable[[bytes], object], datagram: bytes, place: int, value: int
) -> None:
    broken = bytearray(datagram)
    broken[place % len(broken)] = value
    value_or_malformed(decode, bytes(broken))


@settings(deadline=None)
@given(st.lists(st.integers(0, 0xFFFF), max_size=400))
def test_ids_survive_the_way_there_and_back(ids: list[int]) -> None:
    packets = wire.encode_ids16(ids)
    assert all(len(packet) <= 256 for packet in packets)
    assert [key for packet in packets for key in wire.decode_events(packet).keys] == ids


@settings(deadline=None)
@given(st.lists(st.integers(0, 0xFFFFFFFF), max_size=200))
def test_keys_survive_the_way_there_and_back(keys: list[int]) -> None:
    packets = wire.encode_keys32(keys)
    assert all(len(packet) <= 254 for packet in packets)
    assert [key for packet in packets for key in wire.decode_events(packet).keys] == keys


@pytest.mark.parametrize("ids", [[-1], [0x10000], [3, 70000], [1.5], [[1, 2]], ["a"]])
def test_ids_that_do_not_fit_are_refused(ids: list[int]) -> None:
    with pytest.raises(ValueError, match="key"):
        wire.encode_ids16(ids)


def test_keys_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="4294967296"):
        wire.encode_keys32([1 << 32])


def test_a_live_packet_is_decoded_from_any_buffer() -> None:
    datagram = bytes.fromhex("0238d20400000008000010080000")
    for buffer in (datagram, bytearray(datagram), memoryview(datagram)):
        packet = wire.decode_events(buffer)
        assert (packet.tick, packet.keys.tolist()) == (1234, [0x800, 0x810])


@pytest.mark.parametrize("form", [0x10, 0x18, 0x34, 0x3C])
def test_a_time_carried_nowhere_or_twice_is_malformed(form: int) -> None:
    with pytest.raises(wire.MalformedPacket, match="time"):
        wire.decode_events(bytes((0, form)) + bytes(4))


def test_a_request_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="dest_x is 256"):
        wire.encode_request(wire.version_request(256, 0), 0)
    with pytest.raises(ValueError, match="out of range"):
        wire.encode_request(wire.ScpRequest(0, 0, wire.Command.VER, arg1=1 << 32), 0)
    with pytest.raises(ValueError, match="257"):
        wire.encode_request(wire.ScpRequest(0, 0, wire.Command.WRITE, data=bytes(257)), 0)
    with pytest.raises(ValueError, match="256 bytes, not 0"):
        wire.read_request(0, 0, 0, 0)
    with pytest.raises(ValueError, match="IP tag is 16"):
        wire.iptag_to_sender_request(0, 0, 16)


def test_a_path_that_official_clients_would_cut_is_refused() -> None:
    with pytest.raises(ValueError, match="299"):
        wire.encode_notification(wire.DatabaseReady("/" * 299))
