"""What the long runs keep of packets that made no sense."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from strange import kept

from spinnlive import wire
from spinnlive.live.database import LiveTag
from spinnlive.live.datagrams import Datagrams, sender_word
from spinnlive.live.receiver import Receiver

BOARD, STRANGER = "127.11.9.1", "127.11.9.2"
SENSE = bytes((1, 0x38, 7, 0, 0, 0, 9, 0, 0, 0))
"""A live packet: one key, 9, in tick 7."""


def read_of(*datagrams: tuple[str, bytes]) -> Datagrams:
    slots = np.zeros((len(datagrams), wire.LEAD + 62), np.uint8)
    for slot, (_, content) in zip(slots, datagrams, strict=True):
        slot[wire.LEAD : wire.LEAD + len(content)] = np.frombuffer(content, np.uint8)
    return Datagrams(
        slots,
        np.array([len(content) for _, content in datagrams]),
        np.array([sender_word(sender, wire.SCP_UDP_PORT) for sender, _ in datagrams], np.uint64),
        np.zeros(len(datagrams), np.int64),
    )


async def test_it_keeps_bytes_and_sender_of_what_made_no_sense_and_nothing_else(
    tmp_path: Path,
) -> None:
    output = tmp_path / "strange.jsonl"
    tag = LiveTag(BOARD, 6, 0, 0, 1, heartbeat=True)
    receiver = Receiver(tag, lambda events, received: None)
    try:
        with kept(output):
            receiver._take(read_of((BOARD, SENSE)), 0.0)
            assert not output.exists()
            receiver._take(read_of((BOARD, SENSE), (STRANGER, b"who?"), (BOARD, b"\x05")), 0.0)
    finally:
        receiver.close()
    (told,) = map(json.loads, output.read_text(encoding="utf-8").splitlines())
    assert told["strange"] == {"malformed": 1, "strangers": 1}
    assert told["datagrams"][1] == {
        "sender": f"{STRANGER}:{wire.SCP_UDP_PORT}",
        "bytes": b"who?".hex(),
    }
    assert told["datagrams"][2]["bytes"] == "05"
