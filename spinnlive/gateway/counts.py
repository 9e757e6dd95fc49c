"""What a server has done so far, counted in one place by all its parts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class GatewayStatistics:
    """Counts of a server so far.

    ``clients`` are connected now, ``accepted`` were ever. ``encoded`` batches became
    ``messages_out``, one for each client that wanted them. ``peak_backlog`` is the most bytes that
    ever waited for one client. ``batches_lost`` of the live run found the server itself too slow.
    ``dropped``: how many clients were sent away, by the code of their goodbye.
    """

    clients: int
    accepted: int
    messages_in: int
    messages_out: int
    bytes_out: int
    encoded: int
    peak_backlog: int
    batches_lost: int
    dropped: dict[str, int]


@dataclass(slots=True)
class Counts:
    """The same, growing."""

    clients: int = 0
    accepted: int = 0
    messages_in: int = 0
    messages_out: int = 0
    bytes_out: int = 0
    encoded: int = 0
    peak_backlog: int = 0
    batches_lost: int = 0
    dropped: Counter[str] = field(default_factory=Counter)

    def statistics(self) -> GatewayStatistics:
        """Give them as they are now."""
        return GatewayStatistics(
            self.clients,
            self.accepted,
            self.messages_in,
            self.messages_out,
            self.bytes_out,
            self.encoded,
            self.peak_backlog,
            self.batches_lost,
            dict(self.dropped),
        )

    def numbers(self) -> dict[str, float]:
        """Give them for telemetry."""
        return {
            "clients": float(self.clients),
            "clients_dropped": float(self.dropped.total()),
            "messages_out": float(self.messages_out),
            "bytes_out": float(self.bytes_out),
            "batches_lost": float(self.batches_lost),
        }
