"""The frames of spalloc's proxy, held to golden vectors made with SpiNNMan's own structures."""

import json
from pathlib import Path

import pytest

from spinnlive.wire import MalformedPacket, proxy

VECTORS = Path(__file__).parents[2] / "protocols" / "vectors" / "proxy.json"
GOLDEN = {one["name"]: one for one in json.loads(VECTORS.read_text())["vectors"]}


def raw(name: str) -> bytes:
    return bytes.fromhex(GOLDEN[name]["hex"])


def test_requests_are_the_official_clients() -> None:
    opening = GOLDEN["open"]
    asked = [opening[name] for name in ("correlation", "x", "y", "port")]
    assert proxy.encode_open(*asked) == raw("open")
    closing = GOLDEN["close"]
    assert proxy.encode_close(closing["correlation"], closing["channel"]) == raw("close")
    sending = GOLDEN["message_out"]
    datagram = bytes.fromhex(sending["datagram"])
    assert proxy.encode_message(sending["channel"], datagram) == raw("message_out")


def test_answers_are_read_as_the_official_client_reads_them() -> None:
    assert proxy.decode_frame(raw("opened")) == proxy.ChannelOpened(7, 31)
    assert proxy.decode_frame(raw("closed")) == proxy.ChannelClosed(8)
    assert proxy.decode_frame(raw("closed_before")) == proxy.ChannelClosed(9)
    assert proxy.decode_frame(raw("refused")) == proxy.ChannelRefused(
        10, "unrecognised ethernet chip"
    )
    message = GOLDEN["message_in"]
    assert proxy.decode_frame(raw("message_in")) == proxy.ChannelMessage(
        31, bytes.fromhex(message["datagram"])
    )


def test_an_empty_datagram_and_a_text_that_is_none_are_frames_all_the_same() -> None:
    assert proxy.decode_frame(bytes.fromhex("020000001f000000")) == proxy.ChannelMessage(31, b"")
    refused = proxy.decode_frame(bytes.fromhex("050000000a000000ff"))
    assert refused == proxy.ChannelRefused(10, "\ufffd")


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "00000000070000",
        "0000000007000000",
        "00000000070000001f00000000",
        "0300000007000000",
        "0400000007000000",
        "0600000007000000",
        "ffffffffffffffff",
        "01000000080000001f0000",
    ],
)
def test_what_is_no_frame_is_refused(frame: str) -> None:
    with pytest.raises(MalformedPacket):
        proxy.decode_frame(bytes.fromhex(frame))
