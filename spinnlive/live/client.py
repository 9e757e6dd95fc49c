"""Our place among the tool chain's live clients: what it tells us, and what we make of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import trio

from spinnlive import wire
from spinnlive.boards.link import UDP, Link
from spinnlive.errors import SpinnliveError
from spinnlive.live.clock import Clock
from spinnlive.live.database import NetworkMap, read_database
from spinnlive.live.handed import Handed, Heard
from spinnlive.live.receiver import Receiver
from spinnlive.live.spikes import AHEAD, SpikeRouter
from spinnlive.live.tap import Tap
from spinnlive.live.watermark import Watermark


class Connection:
    """What is known and open once the tool chain has described the network.

    There is one receiver for each gatherer, in the order of ``network.tags``. ``proxy`` is the way
    to the boards, if that is not UDP.
    """

    def __init__(self, network: NetworkMap, proxy: Link | None = None) -> None:
        self.network = network
        self.link: Link = proxy or UDP
        self.tap = Tap()
        self.clock = Clock(network.timestep_us, network.time_scale_factor, tap=self.tap)
        self.watermark = Watermark(
            [tag.heartbeat for tag in network.tags], network.keys.heartbeat_spikes
        )
        self.router = SpikeRouter(network.keys, self.clock.timestep_ms, self.tap, self.watermark)
        self.receivers = tuple(
            Receiver(
                tag,
                partial(self._deliver, number),
                self.router,
                proxy,
                deliver_one=partial(self._deliver_one, number),
            )
            for number, tag in enumerate(network.tags)
        )

    def start(self, nursery: trio.Nursery) -> None:
        """Read what comes, in tasks of ``nursery``."""
        for receiver in self.receivers:
            nursery.start_soon(receiver.pump)
            nursery.start_soon(receiver.watch, lambda: self.clock.running)

    async def claim(self) -> None:
        """Turn the tag of every gatherer to us. Raises `BoardUnreachable`."""
        for receiver in self.receivers:
            await receiver.claim()

    async def barrier(self) -> None:
        """Return when everything that the boards sent before this call has been delivered, and it
        is known how much that was. Raises `BoardUnreachable` when a board does not answer."""
        for receiver in self.receivers:
            await receiver.barrier()

    async def stand(self, tick: int, whole: bool) -> None:
        """Every core stands at this tick: return when what was sent before has been delivered, as the
        watermark then says; ``whole`` as in `Watermark.stand`. Raises `BoardUnreachable`."""
        await self.barrier()
        self.settle()
        self.router.stand(tick, whole=whole)

    def settle(self) -> None:
        """Count what has been delivered and not been counted; for those who read counts at any time."""
        for receiver in self.receivers:
            receiver.settle()

    def close(self) -> None:
        """Close the sockets."""
        for receiver in self.receivers:
            receiver.close()

    def _deliver(self, gatherer: int, events: wire.BulkEvents, received: float) -> None:
        full = int(events.counts[-1]) >= wire.FULL_PACKET
        now = self._observe(int(events.ticks[-1]), received, complete=not full)
        if self.router.deliver(events, received, gatherer, now):
            self.receivers[gatherer].hurry()

    def _deliver_one(
        self, gatherer: int, tick: int, keys: tuple[int, ...], received: float
    ) -> Handed:
        now = self._observe(tick, received, complete=len(keys) < wire.FULL_PACKET)
        handed = self.router.deliver_one(tick, keys, received, gatherer, now)
        return Handed(handed.has_spikes, partial(self._settle_one, handed))

    def _settle_one(self, handed: Handed) -> Heard:
        self.clock.settle()
        return handed.settle()

    def _observe(self, tick: int, received: float, *, complete: bool) -> float:
        """Let the clock hear of a packet's tick if that can be; give the tick that it is now, at least."""
        now: float = self.watermark.tick
        if tick > now + AHEAD:
            now = self.clock.position
        if tick <= now + AHEAD:
            self.clock.observe_packet(tick, received, complete)
        return now


class LiveClient:
    """Takes the notifications of every run. ``connection`` is there after the first DATABASE.

    An error on the way is kept in ``error``: the tool chain must get its confirmation all the same.
    """

    def __init__(self, nursery: trio.Nursery) -> None:
        self.connection: Connection | None = None
        self.error: SpinnliveError | None = None
        self.on_start: Callable[[], None] = _nothing
        self.on_stop: Callable[[], None] = _nothing
        self.before_start: Callable[[], Awaitable[None]] = at_once
        self._nursery = nursery

    async def database(self, path: Path) -> None:
        """The network is described at ``path``: read it the first time, turn the tags to us every
        time.

        Another client may have turned them since the last run. The board is not started before this
        returns, and so not before ``before_start`` does.
        """
        try:
            if self.connection is None:
                network = await trio.to_thread.run_sync(read_database, path)
                self.connection = Connection(network, await self._proxy(network))
                self.connection.start(self._nursery)
            await self.connection.claim()
            await self.before_start()
        except SpinnliveError as error:
            self.error = error

    async def _proxy(self, network: NetworkMap) -> Link | None:
        """Connect to the proxy that the network's database names, if it names one."""
        if network.proxy is None:
            return None
        from spinnlive.boards.proxy import open_proxy  # by those who need it

        chips = {network.ethernet[chip]: chip for chip in network.ethernet_chips}
        return await open_proxy(network.proxy, chips, self._nursery)

    def start(self) -> None:
        """The board runs."""
        self.on_start()

    def stop(self) -> None:
        """The board has stopped."""
        self.on_stop()

    def close(self) -> None:
        """Close the sockets of the live spikes."""
        if self.connection is not None:
            self.connection.close()


async def at_once() -> None:
    """Let the tool chain start the board."""


def _nothing() -> None:
    """Wait for somebody to care."""
