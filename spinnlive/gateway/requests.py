"""What a client's messages make happen, and how what cannot be is told to it."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
import trio

from spinnlive import errors
from spinnlive.gateway.channels import Channels
from spinnlive.gateway.outgoing import Outgoing
from spinnlive.gateway.peer import Peer
from spinnlive.gateway.settings import Limits, Right
from spinnlive.gateway.sources import Unsupported, capabilities, takes_tick
from spinnlive.wire import MalformedPacket
from spinnlive.wire import stream_messages as messages
from spinnlive.wire.stream_messages import ClientMessage

STANDING_S = 0.5
"""How long a client's spikes wait for a network that stands (seconds)."""

NEEDS: dict[type[ClientMessage], Right] = {
    messages.List: "read",
    messages.Subscribe: "read",
    messages.Unsubscribe: "read",
    messages.Inject: "inject",
    messages.SetRates: "inject",
    messages.Step: "control",
}
"""The right that each message needs; the others need none."""

CODES: tuple[tuple[type[Exception], str], ...] = (
    (Unsupported, "unsupported"),
    (errors.UnknownPopulation, "unknown_population"),
    (errors.UnknownProjection, "unknown_projection"),
    (errors.NoLiveOutput, "no_live_output"),
    (errors.NoInjector, "no_injector"),
    (errors.NoRateControl, "no_rate_control"),
    (errors.NeuronIdError, "neuron_id"),
    (errors.RunStateError, "run_state"),
    (errors.UsageError, "bad_value"),
    (errors.SpinnliveError, "failed"),
    (MalformedPacket, "failed"),
)
"""The code of each error, the most particular first."""


class Refused(Exception):
    """A request that is not carried out, with its code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Requests:
    """Carries out the requests of one client, one after the other."""

    def __init__(
        self, live: Any, channels: Channels, limits: Limits, peer: Peer, rights: tuple[Right, ...]
    ) -> None:
        self._live = live
        self._channels = channels
        self._limits = limits
        self._peer = peer
        self._rights = rights
        self._subscribed: set[int] = set()

    async def handle(self, message: ClientMessage) -> None:
        """Carry out one message and answer it; an error of the live run is an answer too."""
        request = getattr(message, "request", None)
        try:
            self._allow(message)
            await self._carry_out(message)
        except Refused as refused:
            self.refuse(refused.code, str(refused), request)
        except (errors.SpinnliveError, MalformedPacket) as error:
            code = next(code for kind, code in CODES if isinstance(error, kind))
            self.refuse(code, str(error), request)

    def refuse(self, code: str, message: str, request: int | None = None) -> None:
        """Tell the client that something is not done."""
        self._peer.send(Outgoing(messages.Error(code, message, request)))

    def _allow(self, message: ClientMessage) -> None:
        needed = NEEDS.get(type(message))
        if needed is not None and needed not in self._rights:
            raise Refused(
                "forbidden",
                f"this needs the right to {needed}; you have: {', '.join(self._rights) or 'none'}",
            )

    async def _carry_out(self, message: ClientMessage) -> None:
        match message:
            case messages.List():
                self._list(message)
            case messages.Subscribe():
                self._subscribe(message)
            case messages.Unsubscribe():
                self._unsubscribe(message)
            case messages.Inject():
                await self._inject(message)
            case messages.SetRates():
                await self._set_rates(message)
            case messages.Step():
                await self._step(message)
            case _:
                raise Refused("bad_value", "hello has been said already")

    def _list(self, message: messages.List) -> None:
        live = self._live
        populations = tuple(
            messages.Population(each.label, each.size, each.live, each.injector, each.rates)
            for each in live.populations
        )
        projections = tuple(
            messages.Projection(each.label, each.pre, each.post, each.pre_size, each.post_size)
            for each in live.projections
        )
        self._peer.send(Outgoing(messages.Network(message.request, populations, projections)))

    def _subscribe(self, message: messages.Subscribe) -> None:
        if len(self._subscribed) >= self._limits.subscriptions:
            raise Refused(
                "too_many_subscriptions",
                f"a client has at most {self._limits.subscriptions} subscriptions",
            )
        channel = self._channels.subscribe(self._peer, message)
        self._subscribed.add(channel.number)
        self._peer.send(Outgoing(messages.Subscribed(message.request, channel.number)))
        self._channels.begin(channel)

    def _unsubscribe(self, message: messages.Unsubscribe) -> None:
        self._subscribed.discard(message.channel)
        if not self._channels.unsubscribe(self._peer, message.channel):
            raise Refused("no_subscription", f"you are not subscribed to {message.channel}")
        self._done(message.request)

    async def _inject(self, message: messages.Inject) -> None:
        injector = self._live.injector(message.population)
        ids = message.ids.astype(np.int64)
        if message.tick is not None:
            if not takes_tick(self._live):
                raise Refused("unsupported", "this live run cannot inject at a tick to come")
            await injector.send(ids, at=message.tick)
        else:
            await self._while_running(injector.send, ids)
        self._done(message.request)

    async def _set_rates(self, message: messages.SetRates) -> None:
        self._need("set_rates")
        rates = self._live.rates(message.population)
        ids = None if message.ids is None else message.ids.astype(np.int64)
        await self._while_running(rates.set, message.rates, ids)
        self._done(message.request)

    async def _step(self, message: messages.Step) -> None:
        self._need("step")
        await self._live.step(message.ms)
        self._done(message.request, self._live.clock.tick)

    async def _while_running(self, call: Callable[..., Awaitable[None]], *given: Any) -> None:
        """Await what waits until the network runs; but not for long, because the client's next
        requests wait as well, and one of them may be what lets it run."""
        patience = math.inf if self._live.clock.running else STANDING_S
        with trio.move_on_after(patience) as scope:
            await call(*given)
        if scope.cancelled_caught:
            raise Refused("not_running", "the network is not running: nothing goes in now")

    def _need(self, capability: str) -> None:
        if capability not in capabilities(self._live):
            raise Refused("unsupported", f"this live run cannot do {capability}")

    def _done(self, request: int | None, tick: int | None = None) -> None:
        if request is not None:
            self._peer.send(Outgoing(messages.Done(request, tick)))
