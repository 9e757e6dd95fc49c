"""The live record of a run beside what the board counted and recorded: what was delivered, what was
lost, and where."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from spinnlive.boards.scp_calls import ScpCalls
from spinnlive.errors import BoardUnreachable, RemoteError
from spinnlive.live.client import Connection
from spinnlive.live.database import LiveTag
from spinnlive.live.delivery import PopulationReport
from spinnlive.live.loss import Beats, GathererReport
from spinnlive.live.receiver import Receiver
from spinnlive.live.vcpu import (
    REGION_ENTRY,
    REGION_TABLE_HEADER,
    VCPU_BASE,
    VCPU_SIZE,
    VCPU_USER0,
)
from spinnlive.toolchain.values import RecordedSpikes

PROVENANCE_REGION = 2
"""The gatherer's region of counters (SpiNNFrontEndCommon ``live_packet_gather.c``), written
whenever the network stops."""

_WORD = struct.Struct("<I")
# six counters that every core has; then events without and with payload that found the queue full,
# events gathered, messages sent (``lpg_provenance_data_t``)
_PROVENANCE = struct.Struct("<24xIIII")


@dataclass(frozen=True, slots=True)
class GathererCounters:
    """What a gatherer itself counted since it was loaded: spikes that found its queue full, and
    datagrams that it made."""

    overflows: int
    messages: int


@dataclass(frozen=True, slots=True)
class LiveReport:
    """What became of the live spikes, up to where the network stands.

    ``tick`` is the end of what it covers. Print it for a table.
    """

    tick: int
    populations: tuple[PopulationReport, ...]
    gatherers: tuple[GathererReport, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing is known to be lost."""
        return not any(each.lost for each in self.populations) and not any(
            each.lost_in_gatherer
            or each.lost_before_monitor
            or each.lost_in_network
            or each.lost_in_kernel
            or each.missed_ticks
            or each.taken_by
            for each in self.gatherers
        )

    def __str__(self) -> str:
        head = f"{'population':<24}{'delivered':>10}{'late':>7}{'recorded':>10}{'lost':>7}"
        return "\n".join(
            [head, *map(_population_line, self.populations), *map(_gatherer_lines, self.gatherers)]
        )


def _population_line(each: PopulationReport) -> str:
    line = f"{each.label[:23]:<24}{each.delivered:>10}{each.late:>7}"
    if each.recorded is None:
        return line + "  not recorded: nobody knows what was lost"
    line += f"{each.recorded:>10}"
    if each.lost is None:
        return line + "  recorded in some ticks only: nobody knows what was lost"
    line += f"{each.lost:>7}"
    if each.extra:
        line += f"  {each.extra} came twice"
    elif not each.lost and each.same_ticks is False:
        line += "  some in another tick than recorded"
    return line


def _gatherer_lines(each: GathererReport) -> str:
    lost = [
        f"{number} {what}"
        for number, what in (
            (each.lost_in_gatherer, "spikes in its queue"),
            (each.lost_before_monitor, "packets on the way to the monitor core"),
            (each.lost_in_network, "packets in the network"),
            (each.lost_in_kernel, "packets in the host's kernel"),
        )
        if number
    ]
    line = (
        f"gatherer {each.x}, {each.y}, {each.p} of {each.board}: {each.packets_received} of "
        f"{each.packets_sent} packets came; lost: {', '.join(lost) or 'nothing'}"
    )
    if each.duplicates:
        line += f"; {each.duplicates} packets came twice"
    if each.missed_ticks:
        line += f"; {each.missed_ticks} ticks without heartbeat"
    if each.taken_by is not None:
        line += f"; its tag was taken from us and sends to {each.taken_by}"
    return line


async def read_counters(scp: ScpCalls, tag: LiveTag) -> GathererCounters:
    """Read what a gatherer counted up to where the network stopped last.

    Raises `BoardLost` and `ScpError`.
    """
    user0 = await _word(scp, tag, VCPU_BASE + VCPU_SIZE * tag.p + VCPU_USER0)
    entry = user0 + REGION_TABLE_HEADER + REGION_ENTRY * PROVENANCE_REGION
    region = await scp.read(tag.x, tag.y, await _word(scp, tag, entry), _PROVENANCE.size)
    without_payload, with_payload, _, messages = _PROVENANCE.unpack(region)
    return GathererCounters(without_payload + with_payload, messages)


async def stopped(connection: Connection, tick: int, *, whole: bool) -> None:
    """The network has stopped at this tick: take in what is still on its way, and move the
    watermark. ``whole``: it stopped by itself.

    A board that does not answer any more leaves the counts as they are.
    """
    with contextlib.suppress(BoardUnreachable):
        await connection.barrier()
    connection.settle()
    connection.router.stand(tick, whole=whole)


async def make_report(
    connection: Connection,
    scp: ScpCalls,
    recorded: Callable[[str], Awaitable[RecordedSpikes | None]],
) -> LiveReport:
    """Put together what is known while the network stands; ``recorded`` is asked for what the board
    recorded of each live population."""
    network = connection.network
    gatherers = []
    for receiver, beats in zip(connection.receivers, connection.watermark.beats, strict=False):
        try:
            counters = await read_counters(scp, receiver.tag)
        except RemoteError:
            counters = None
        connection.settle()
        gatherers.append(_gatherer(receiver, beats, counters))
    populations = []
    for label in sorted(network.live):
        told = await recorded(label)
        connection.settle()
        populations.append(connection.router.delivery.report(label, told))
    return LiveReport(connection.watermark.tick, tuple(populations), tuple(gatherers))


def _gatherer(
    receiver: Receiver, beats: Beats | None, counters: GathererCounters | None
) -> GathererReport:
    tag, account = receiver.tag, receiver.account
    before_monitor = None
    if counters is not None and account.taken_by is None:
        before_monitor = max(0, counters.messages - account.known_sent)
    return GathererReport(
        board=tag.board,
        x=tag.x,
        y=tag.y,
        p=tag.p,
        packets_sent=account.known_sent,
        packets_received=account.received,
        lost_in_gatherer=None if counters is None else counters.overflows,
        lost_before_monitor=before_monitor,
        lost_in_network=account.network_drops,
        lost_in_kernel=account.kernel_drops,
        duplicates=account.duplicates,
        missed_ticks=None if beats is None else beats.missed,
        taken_by=account.taken_by,
    )


async def _word(scp: ScpCalls, tag: LiveTag, address: int) -> int:
    value: int = _WORD.unpack(await scp.read(tag.x, tag.y, address, _WORD.size))[0]
    return value
