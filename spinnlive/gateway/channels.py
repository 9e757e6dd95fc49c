"""Streams that clients share: each is read once, its batches are encoded once, for all who want
them."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

import trio

from spinnlive.errors import SpinnliveError
from spinnlive.gateway.counts import Counts
from spinnlive.gateway.outgoing import Outgoing
from spinnlive.gateway.peer import Peer
from spinnlive.gateway.settings import Limits
from spinnlive.gateway.sources import Source, open_source
from spinnlive.wire import MalformedPacket
from spinnlive.wire.stream_messages import End, Subscribe

log = logging.getLogger("spinnlive.gateway")

Key = tuple[str, str | None, float | None]


@dataclass(eq=False)
class Channel:
    """A stream under its number, and who gets it."""

    number: int
    key: Key
    source: Source
    peers: list[Peer] = field(default_factory=list)
    scope: trio.CancelScope = field(default_factory=trio.CancelScope)
    begun: bool = False


class Channels:
    """All streams that anybody has asked for. ``nursery`` runs what reads them."""

    def __init__(self, live: Any, limits: Limits, nursery: trio.Nursery, counts: Counts) -> None:
        self._live = live
        self._limits = limits
        self._nursery = nursery
        self._counts = counts
        self._by_key: dict[Key, Channel] = {}
        self._by_number: dict[int, Channel] = {}
        self._number = 0

    def subscribe(self, peer: Peer, asked: Subscribe) -> Channel:
        """Let a client take part from the next batch on; opens the stream if it is the first.

        Raises what `open_source` raises.
        """
        key = (asked.what, asked.target, asked.every_ms)
        channel = self._by_key.get(key)
        if channel is None:
            number = self._number + 1
            source = open_source(self._live, number, asked, self._limits, self._counts)
            self._number = number
            channel = Channel(number, key, source)
            self._by_key[key] = self._by_number[number] = channel
        if peer not in channel.peers:
            channel.peers.append(peer)
        return channel

    def begin(self, channel: Channel) -> None:
        """Read the stream from now on, if nobody does yet; call it when the first client knows the
        channel's number."""
        if not channel.begun:
            channel.begun = True
            self._nursery.start_soon(self._read, channel)

    def unsubscribe(self, peer: Peer, number: int) -> bool:
        """Take a client off; the stream is closed with the last. False if it was not on it."""
        channel = self._by_number.get(number)
        if channel is None or peer not in channel.peers:
            return False
        channel.peers.remove(peer)
        if not channel.peers:
            self._forget(channel)
            channel.scope.cancel()
        return True

    def leave(self, peer: Peer) -> None:
        """Take a client off everything."""
        for number in list(self._by_number):
            self.unsubscribe(peer, number)

    async def _read(self, channel: Channel) -> None:
        message = None
        with channel.scope:
            try:
                async for one in channel.source:
                    self._counts.encoded += 1
                    outgoing = Outgoing(one)
                    for peer in channel.peers:
                        peer.send(outgoing)
            except (SpinnliveError, MalformedPacket) as error:
                message = str(error)
            except Exception:  # a fault of ours must not end the live run
                log.exception("the stream %s failed", channel.key)
                message = "a fault of the server; its log says more"
        if not channel.scope.cancelled_caught:
            self._forget(channel)
            end = Outgoing(End(channel.number, message))
            for peer in channel.peers:
                peer.send(end)

    def _forget(self, channel: Channel) -> None:
        self._by_key.pop(channel.key, None)
        self._by_number.pop(channel.number, None)
