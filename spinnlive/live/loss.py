"""What was lost between the board and us, counted by where it was lost.

The way of a live spike: its core → the gatherer's queue → a datagram to SCAMP, the monitor core →
the network → the kernel's buffer → us. Each station counts what it had, so that what is missing at
the next one was lost between the two.
"""

from __future__ import annotations

from dataclasses import dataclass

from spinnlive import wire

MANY = 4096
"""How many missing ticks are remembered, to take back those that come late; more are only
counted."""

APART = 2
"""By how many ticks the ends of cores may differ that were stopped from outside, as in `Watermark`."""

_WORD = 1 << 32


class PacketAccount:
    """The datagrams of one gatherer: how many SCAMP sent, and what became of them.

    SCAMP's count is learnt now and then, in line with the datagrams; it begins anew whenever the
    tag is set. ``known_sent`` is as of the latest answer, everything else up to now.
    """

    def __init__(self) -> None:
        self.received = 0
        self.kernel_drops = 0
        self.network_drops = 0
        self.duplicates = 0
        self.known_sent = 0
        self.taken_by: str | None = None
        self._owner: tuple[str, int] | None = None
        self._earlier = (0, 0, 0)  # network drops, duplicates, sent: before the tag was set
        self._start = (0, 0)  # received and dropped by the kernel: when the tag was set

    def came(self, packets: int, kernel_drops: int) -> None:
        """So many came from the board; the kernel has dropped that many in all."""
        self.received += packets
        self.kernel_drops = kernel_drops

    def tag_set(self) -> None:
        """The tag sends to us from now on, and SCAMP counts from 0."""
        self._earlier = (self.network_drops, self.duplicates, self.known_sent)
        self._start = (self.received, self.kernel_drops)
        self._owner = self.taken_by = None

    def tag_read(self, tag: wire.IpTag) -> None:
        """Everything that SCAMP had sent when it answered has come by now, or never will.

        Where the tag sends to somebody else by now, its count says nothing of us.
        """
        owner = (tag.address, tag.port)
        if self._owner is None:
            self._owner = owner
        if owner != self._owner or not tag.valid:
            self.taken_by = f"{tag.address}:{tag.port}"
            return
        self.taken_by = None
        received, dropped = self._start
        came = self.received - received + self.kernel_drops - dropped
        network, duplicates, sent = self._earlier
        # as a signed number: the count is modulo 2³², and datagrams can be doubled on the way
        missing = (tag.sent - came + _WORD // 2) % _WORD - _WORD // 2
        self.network_drops = network + max(0, missing)
        self.duplicates = duplicates + max(0, -missing)
        self.known_sent = sent + came + missing


class Beats:
    """The heartbeat of one gatherer: ``spikes`` of them in every tick, so a tick without them lost something.

    ``missed`` is the number of ticks without the first of them.
    """

    def __init__(self, spikes: int = 1) -> None:
        self.missed = 0
        self.seen = 0
        self._next = 0
        self._missing: set[int] = set()
        self._spikes = self._came = spikes
        self._tick = -1

    def beat(self, tick: int) -> bool:
        """The first spike of this tick has come; say whether one before it is missing."""
        if tick < self._next:
            if tick in self._missing:
                self._missing.discard(tick)
                self.missed -= 1
                self.seen += 1
            return False
        gap = tick - self._next
        self._miss(self._next, gap)
        self._next = tick + 1
        self.seen += 1
        return gap > 0

    def count(self, tick: int, spikes: int) -> bool:
        """A datagram of this tick has so many of its spikes, some at least; say whether one of the tick before
        seems to be missing.

        It may only be on its way still, so this is a reason to ask, and no loss yet.
        """
        if tick <= self._tick:
            self._came += spikes if tick == self._tick else 0
            return False
        short = self._came < self._spikes
        self._tick, self._came = tick, spikes
        return short

    def uncounted(self) -> None:
        """Datagrams have come whose spikes nobody has counted."""
        self._came = self._spikes

    def end(self, tick: int, *, whole: bool) -> None:
        """The network has stopped, and this will be its next tick.

        Where it was stopped from outside, not ``whole``, the heartbeat's core and the gatherer may have
        stopped a tick apart, and what the one sends then has the other's tick: what is missing at the
        end is no loss.
        """
        if whole and tick > self._next:
            self._miss(self._next, tick - self._next)
        if not whole:
            apart = {each for each in self._missing if each >= tick - APART}
            self._missing -= apart
            self.missed -= len(apart)
        self._next = max(self._next, tick)

    def _miss(self, first: int, number: int) -> None:
        self.missed += number
        if len(self._missing) + number <= MANY:
            self._missing.update(range(first, first + number))


@dataclass(frozen=True, slots=True)
class GathererReport:
    """What one gatherer, core ``p`` of Ethernet chip ``x, y``, took, and how far it came.

    ``packets_sent`` is SCAMP's count, ``packets_received`` ours. ``lost_in_gatherer`` are spikes
    that found its queue full, ``lost_before_monitor`` datagrams that it made and SCAMP never had;
    both are None where the gatherer's own counters could not be read. ``lost_in_network`` and
    ``lost_in_kernel`` are datagrams; ``duplicates`` came twice. ``missed_ticks`` are ticks without
    the heartbeat, None if it has none. ``taken_by`` is who else the tag sends to, if it was taken
    from us: what went there is not counted.
    """

    board: str
    x: int
    y: int
    p: int
    packets_sent: int
    packets_received: int
    lost_in_gatherer: int | None
    lost_before_monitor: int | None
    lost_in_network: int
    lost_in_kernel: int
    duplicates: int
    missed_ticks: int | None
    taken_by: str | None
