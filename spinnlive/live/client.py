"""Our place among the tool chain's live clients: what it tells us, and what we make of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import trio

from spinnlive import wire
from spinnlive.errors import SpinnliveError
from spinnlive.live.clock import Clock
from spinnlive.live.database import NetworkMap, read_database
from spinnlive.live.receiver import Receiver, local_address_towards
from spinnlive.live.spikes import SpikeRouter
from spinnlive.live.tap import Tap


class Connection:
    """What is known and open once the tool chain has described the network."""

    def __init__(self, network: NetworkMap) -> None:
        self.network = network
        self.tap = Tap()
        self.clock = Clock(network.timestep_us, network.time_scale_factor, tap=self.tap)
        self.router = SpikeRouter(network.keys, self.clock.timestep_ms, self.tap)
        self.receiver = Receiver(local_address_towards(network.root), self._deliver)

    def _deliver(self, packets: Sequence[wire.EventPacket], received: float) -> None:
        tick = packets[-1].tick
        if tick is not None:
            self.clock.observe_packet(tick, received)
        self.router.deliver(packets, received)


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
                self.connection = Connection(network)
                self._nursery.start_soon(self.connection.receiver.pump)
            await self.connection.receiver.claim(self.connection.network.tags)
            await self.before_start()
        except SpinnliveError as error:
            self.error = error

    def start(self) -> None:
        """The board runs."""
        self.on_start()

    def stop(self) -> None:
        """The board has stopped."""
        self.on_stop()

    def close(self) -> None:
        """Close the socket of the live spikes."""
        if self.connection is not None:
            self.connection.receiver.close()


async def at_once() -> None:
    """Let the tool chain start the board."""


def _nothing() -> None:
    """Wait for somebody to care."""
