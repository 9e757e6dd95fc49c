"""Every golden vector that names something we encode or decode, held to our codecs."""

import json
from pathlib import Path
from typing import Any

import pytest

from spinnlive import wire
from spinnlive.wire import sdp

VECTORS = Path(__file__).parents[2] / "protocols" / "vectors"


def load(name: str) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in json.loads((VECTORS / name).read_text())["vectors"]}


EIEIO = load("eieio.json")
SCP = load("scp.json")


def raw(vectors: dict[str, dict[str, Any]], name: str) -> bytes:
    return bytes.fromhex(vectors[name]["hex"])


@pytest.mark.parametrize("name", [n for n, v in EIEIO.items() if v["kind"] == "data"])
def test_event_packets_decode(name: str) -> None:
    vector = EIEIO[name]
    packet = wire.decode_events(raw(EIEIO, name))
    assert packet.keys.tolist() == [key for key, _ in vector["events"]]
    expected = [payload for _, payload in vector["events"]]
    if packet.tick is not None:
        assert vector["time"] and set(expected) == {packet.tick}
        assert packet.payloads is None
    elif packet.payloads is not None:
        assert packet.payloads.tolist() == expected
        assert packet.payloads_are_ticks == vector["time"]
    else:
        assert expected == [None] * len(expected)


@pytest.mark.parametrize("name", [n for n, v in EIEIO.items() if v["kind"] == "command"])
def test_command_packets_are_no_events(name: str) -> None:
    with pytest.raises(wire.MalformedPacket):
        wire.decode_events(raw(EIEIO, name))


def test_ids_encode_as_the_official_client_does() -> None:
    assert wire.encode_ids16([5]) == [raw(EIEIO, "key16_one")]
    assert wire.encode_ids16([1, 2, 0x1234]) == [raw(EIEIO, "key16_three")]
    assert wire.encode_ids16(range(127)) == [raw(EIEIO, "key16_full_127")]
    assert wire.encode_keys32([0x70000, 0x70001]) == [raw(EIEIO, "key32_two")]
    assert wire.encode_keys32([0x70000 + i for i in range(63)]) == [raw(EIEIO, "key32_full_63")]
    pairs = wire.encode_pairs32([0x70001, 0x70002], [0x8000, 0x12345678])
    assert pairs == [raw(EIEIO, "keypayload32")]
    assert [len(packet) for packet in wire.encode_pairs32(range(63), range(63))] == [250, 250, 10]


def test_an_injection_is_sdp_to_port_1() -> None:
    header = wire.SdpHeader(dest_x=0, dest_y=1, dest_cpu=4, dest_port=sdp.PORT_INPUT)
    assert header.encode() + wire.encode_ids16([5])[0] == raw(EIEIO, "udp_inject_key16")
    assert header.encode() + wire.encode_keys32([0x70005])[0] == raw(EIEIO, "udp_inject_key32")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cmd_database_confirm", wire.DatabaseReady(None)),
        ("cmd_database_path", wire.DatabaseReady("/tmp/db.sqlite3")),
        ("cmd_start_resume", wire.StartResume()),
        ("cmd_stop_pause", wire.StopPause()),
    ],
)
def test_notifications(name: str, message: wire.Notification) -> None:
    assert wire.decode_notification(raw(EIEIO, name)) == message
    assert wire.encode_notification(message) == raw(EIEIO, name)


def test_the_confirmation_is_an_empty_database_message() -> None:
    assert raw(EIEIO, "cmd_database_confirm") == wire.CONFIRMATION


REQUESTS = {
    "ver": wire.version_request(),
    "info": wire.chip_info_request(0, 0),
    "read_sysvar_dims": wire.read_request(255, 255, 0xF5007F02, 2),
    "read_p2p_column_0": wire.read_request(0, 0, 0xE1010000, 4),
    "read_vcpu_1": wire.read_request(0, 0, 0xE5007080, 128),
    "read_256": wire.read_request(0, 0, 0x60000000, 256),
    "write_4": wire.write_request(0, 0, 0x60000000, bytes([1, 2, 3, 4])),
    "write_5": wire.write_request(0, 0, 0x60000001, b"hello"),
    "write_256": wire.write_request(1, 0, 0x67800000, bytes(range(256))),
    "iptag_set_use_sender": wire.iptag_to_sender_request(0, 0, 1),
    "iptag_get": wire.iptag_get_request(255, 255, 1),
    "iptag_clear": wire.iptag_clear_request(255, 255, 1),
    "signal_start": wire.signal_request(17, wire.Signal.START),
    "signal_sync0": wire.signal_request(17, wire.Signal.SYNC0),
    "signal_sync1": wire.signal_request(17, wire.Signal.SYNC1),
    "signal_pause": wire.signal_request(17, wire.Signal.PAUSE),
    "signal_continue": wire.signal_request(17, wire.Signal.CONTINUE),
    "signal_exit": wire.signal_request(17, wire.Signal.EXIT),
    "signal_stop": wire.signal_request(17, wire.Signal.STOP),
    "app_stop": wire.stop_application_request(17),
    "count_state": wire.count_request(0, 0, 17, wire.CpuState.SYNC0),
    "app_get_time": wire.get_time_request(0, 1, 4),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_requests_encode_as_spinnman_does(name: str) -> None:
    vector = SCP[name]
    assert wire.encode_request(REQUESTS[name], vector["fields"]["seq"]) == raw(SCP, name)


@pytest.mark.parametrize("name", [n for n, v in SCP.items() if "fields" in v])
def test_every_request_has_the_fields_noted(name: str) -> None:
    fields = SCP[name]["fields"]
    request = wire.ScpRequest(
        x=fields["dest_x"],
        y=fields["dest_y"],
        cpu=fields["dest_cpu"],
        port=fields["dest_port"],
        command=fields["cmd"],
        arg1=fields["arg1"],
        arg2=fields["arg2"],
        arg3=fields["arg3"],
        data=bytes.fromhex(fields["data"]),
        src_x=fields["src_x"],
        src_y=fields["src_y"],
    )
    assert wire.encode_request(request, fields["seq"]) == raw(SCP, name)
    header, data = wire.decode_sdp(raw(SCP, name))
    assert (header.flags, header.tag) == (fields["flags"], fields["tag"])
    assert (header.dest_x, header.dest_y) == (fields["dest_x"], fields["dest_y"])
    assert (header.dest_port, header.dest_cpu) == (fields["dest_port"], fields["dest_cpu"])
    assert (header.src_x, header.src_y) == (fields["src_x"], fields["src_y"])
    assert (header.src_port, header.src_cpu) == (fields["src_port"], fields["src_cpu"])
    assert header.encode() + bytes(data) == raw(SCP, name)


def reply(name: str) -> wire.ScpReply:
    return wire.decode_reply(raw(SCP, name))


def test_version_replies() -> None:
    version = wire.parse_version(reply("ver_reply_4_0_0").data)
    assert (version.name, version.hardware, version.version) == ("SC&MP", "SpiNNaker", (4, 0, 0))
    assert (version.x, version.y, version.virtual_cpu, version.booting) == (0, 0, 0, False)
    assert (version.buffer_size, version.build_time) == (256, 0x66000000)
    assert wire.parse_version(reply("ver_reply_3_4_2").data).version == (3, 4, 2)
    assert wire.parse_version(reply("ver_reply_old_style_133").data).version == (1, 33, 0)
    assert wire.parse_version(reply("ver_reply_not_ready").data).booting
    with pytest.raises(wire.MalformedPacket, match=r"x\.y"):
        wire.parse_version(reply("ver_reply_bad_string").data)


@pytest.mark.parametrize("name", ["info_reply_eth_chip", "info_reply_other_chip"])
def test_chip_info_replies(name: str) -> None:
    parsed = SCP[name]["parsed"]
    answer = reply(name)
    info = wire.parse_chip_info(answer.data)
    assert (answer.x, answer.y) == (parsed["x"], parsed["y"])
    assert info.cores == parsed["n_cores"]
    assert list(info.links_up) == parsed["working_links"]
    assert info.free_router_entries == parsed["n_free_multicast_routing_entries"]
    assert info.ethernet_up == parsed["is_ethernet_available"]
    assert info.free_sdram == parsed["largest_free_sdram_block"]
    assert info.nearest_ethernet_x == parsed["nearest_ethernet_x"]
    assert info.nearest_ethernet_y == parsed["nearest_ethernet_y"]
    assert info.ip_address == parsed["ethernet_ip_address"]
    assert info.parent_link == parsed["parent_link"]
    assert [state.name for state in info.core_states] == parsed["core_states"]


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("alloc_sdram_reply", 0x60240018),
        ("alloc_sdram_reply_null", 0),
        ("alloc_router_reply", 1),
        ("iptag_set_reply", 1),
        ("iptag_tto_reply", 0x08082009),
        ("count_state_reply", 5),
        ("app_get_time_reply", 1000),
        ("cpp_client_iptag_set_reply", 1),
    ],
)
def test_replies_of_one_word(name: str, word: int) -> None:
    answer = reply(name)
    assert answer.code == wire.ResultCode.OK
    assert answer.word() == word


def test_other_replies() -> None:
    assert reply("write_reply").data == b""
    assert reply("read_sysvar_dims_reply").data == bytes([8, 8])
    tag = wire.parse_ip_tag(reply("iptag_get_reply").data)
    assert tag == wire.IpTag("10.0.0.5", 17895, sent=0, valid=True)
    assert reply("err_route").code == wire.ResultCode.ROUTE
    answer = reply("app_get_time_reply")
    assert (answer.x, answer.y, answer.cpu, answer.port) == (0, 1, 4, 3)


def test_result_codes_speak() -> None:
    assert "no route" in wire.result_sentence(0x87)
    assert "RC_ROUTE" in wire.result_sentence(0x87)
    assert "0x55" in wire.result_sentence(0x55)
    assert all(code.sentence for code in wire.ResultCode)
