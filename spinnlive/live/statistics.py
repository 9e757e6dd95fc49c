"""The counts of a live run while it runs."""

from __future__ import annotations

from dataclasses import dataclass

from spinnlive.live.client import Connection


@dataclass(frozen=True, slots=True)
class LiveStatistics:
    """Counts of a live run so far.

    ``kernel_drops`` are datagrams that the kernel dropped because nobody read them in time;
    ``network_drops`` those that the board sent and that never came; ``duplicates`` those that came
    twice; ``missed_ticks`` ticks in which the heartbeat of a gatherer is missing, seen at the next
    one; ``late_spikes`` came after the watermark had passed their tick. ``unknown_keys`` are spikes
    of no population of the network; ``malformed`` datagrams that made no sense; ``strangers``
    datagrams from anywhere but a board of the run.
    """

    packets_in: int
    spikes_in: int
    spikes_out: int
    kernel_drops: int
    unknown_keys: int
    malformed: int
    strangers: int
    network_drops: int = 0
    duplicates: int = 0
    missed_ticks: int = 0
    late_spikes: int = 0


def count(connection: Connection, spikes_out: int) -> LiveStatistics:
    """Add up what the parts of a live run counted."""
    connection.settle()
    receivers, router = connection.receivers, connection.router
    return LiveStatistics(
        packets_in=sum(each.packets for each in receivers),
        spikes_in=router.spikes,
        spikes_out=spikes_out,
        kernel_drops=sum(each.account.kernel_drops for each in receivers),
        unknown_keys=router.unknown_keys,
        malformed=router.from_the_future + sum(each.malformed + each.untimed for each in receivers),
        strangers=sum(each.strangers for each in receivers),
        network_drops=sum(each.account.network_drops for each in receivers),
        duplicates=sum(each.account.duplicates for each in receivers),
        missed_ticks=connection.watermark.missed_ticks,
        late_spikes=router.delivery.late,
    )
