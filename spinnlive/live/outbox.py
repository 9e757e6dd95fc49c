"""What is injected while the network stands, kept on the host until it goes on.

A standing core of an injector keeps four datagrams for the moment when it goes on, and drops every
further one without a word. So spikes wait here, are put together, and leave as few datagrams just
before the signal that lets the network go on.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinnlive import wire
from spinnlive.errors import UsageError
from spinnlive.live.database import SourceCore
from spinnlive.wire.eieio import MAX_IDS16, MAX_PAIRS32
from spinnlive.wire.sdp import SDP_HEADER_SIZE

DATAGRAMS = 4
"""Messages that a standing core has room for (seen on the genuine binary: a fifth is lost)."""

SPIKES = DATAGRAMS * MAX_IDS16
"""Most spikes into one core between two steps."""


PAIRS = DATAGRAMS * MAX_PAIRS32
"""Most keys with payloads into one core between two steps."""


class Outbox:
    """Datagrams of 16-bit ids (`wire.encode_ids16` behind an SDP header), by the core they go to;
    and keys with payloads, of which the latest payload of each key counts."""

    def __init__(self) -> None:
        self._held: dict[SourceCore, tuple[bytes, list[bytes]]] = {}
        self._pairs: dict[SourceCore, tuple[bytes, dict[int, int]]] = {}

    def hold(self, datagram: bytes, core: SourceCore) -> None:
        """Keep a datagram for a core. Raises `UsageError` when the core could not take it all."""
        header, packet = datagram[:SDP_HEADER_SIZE], datagram[SDP_HEADER_SIZE:]
        _, packets = self._held.setdefault(core, (header, []))
        waiting, more = sum(each[0] for each in packets), packet[0]
        if waiting + more > SPIKES:
            raise UsageError(
                f"a standing injector takes {SPIKES} spikes into one core between two steps: core "
                f"{core.p} of chip {core.x}, {core.y} has {waiting} waiting and was to get {more} "
                "more. Take shorter steps, or put fewer neurons on a core with "
                "set_number_of_neurons_per_core()"
            )
        packets.append(packet)

    def hold_pairs(
        self,
        header: bytes,
        core: SourceCore,
        keys: NDArray[np.int64],
        payloads: NDArray[np.int64],
    ) -> None:
        """Keep a payload for each key. Raises `UsageError` when the core could not take them all."""
        waiting = self._pairs.get(core, (header, {}))[1]
        pairs = {**waiting, **dict(zip(keys.tolist(), payloads.tolist(), strict=True))}
        if len(pairs) > PAIRS:
            raise UsageError(
                f"between two steps the rates of {PAIRS} neurons can be set: {len(waiting)} are, and "
                f"{len(pairs) - len(waiting)} more were to be. Set some of them in the next step"
            )
        self._pairs[core] = header, pairs

    def take(self) -> list[tuple[bytes, SourceCore]]:
        """Give what was kept, in as few datagrams as it takes, and keep it no more."""
        held, self._held = self._held, {}
        datagrams = []
        for core, (header, packets) in held.items():
            ids = np.concatenate([wire.decode_events(packet).keys for packet in packets])
            datagrams += [(header + packet, core) for packet in wire.encode_ids16(ids)]
        changes, self._pairs = self._pairs, {}
        for core, (header, pairs) in changes.items():
            packets = wire.encode_pairs32(np.array([*pairs]), np.array([*pairs.values()]))
            datagrams += [(header + packet, core) for packet in packets]
        return datagrams
