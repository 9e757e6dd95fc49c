"""What made no sense: the datagrams of every read in which a live run counted something strange, kept with their
senders, so that it can be found out where they came from.

A live run counts such packets and drops them. Here its receivers are watched from outside, by way of names that are
private to `spinnlive.live`; nothing of what they do is changed.
"""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from spinnlive import wire
from spinnlive.live.receiver import Receiver
from spinnlive.live.spikes import SpikeRouter

KINDS = ("malformed", "untimed", "strangers")
"""What a `Receiver` counts that should not come."""

ROUTER_KINDS = ("unknown_keys", "from_the_future")
"""The same of a `SpikeRouter`."""


@contextmanager
def kept(output: Path) -> Iterator[None]:
    """While it is open, append a line of JSON to ``output`` for each such read."""
    take, deliver = Receiver._take, SpikeRouter.deliver
    strange: dict[str, int] = {}

    def counting(owner: Any, kinds: tuple[str, ...], call: Any) -> Any:
        before = [getattr(owner, kind) for kind in kinds]
        result = call()
        for kind, count in zip(kinds, before, strict=True):
            if getattr(owner, kind) != count:
                strange[kind] = getattr(owner, kind) - count
        return result

    def watched_deliver(router: SpikeRouter, *arguments: Any, **named: Any) -> Any:
        return counting(router, ROUTER_KINDS, lambda: deliver(router, *arguments, **named))

    def watched_take(receiver: Receiver, read: Any, received: float) -> None:
        strange.clear()
        counting(receiver, KINDS, lambda: take(receiver, read, received))
        if strange:
            with output.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(_told(receiver, read, dict(strange))) + "\n")

    Receiver._take, SpikeRouter.deliver = watched_take, watched_deliver  # type: ignore[method-assign]
    try:
        yield
    finally:
        Receiver._take, SpikeRouter.deliver = take, deliver  # type: ignore[method-assign]


def _told(receiver: Receiver, read: Any, strange: dict[str, int]) -> dict[str, Any]:
    return {
        "monotonic_s": time.monotonic(),
        "tag": receiver.tag.tag,
        "board": receiver.tag.board,
        "strange": strange,
        "datagrams": [
            {
                "sender": _sender(int(sender)),
                "bytes": bytes(slot[wire.LEAD : wire.LEAD + length]).hex(),
            }
            for slot, length, sender in zip(read.slots, read.lengths, read.senders, strict=False)
        ],
    }


def _sender(word: int) -> str:
    """Address and port out of the word that `spinnlive.live.datagrams.sender_word` gives."""
    _, port, address = struct.unpack("!2sH4s", struct.pack("=Q", word))
    return f"{socket.inet_ntoa(address)}:{port}"
