"""One client from its first byte to its last: which protocol it speaks, who it is, what it wants.

Nothing that a client sends raises out of here: what makes no sense, comes too fast or too slowly
ends its connection with a reason.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import trio

from spinnlive.gateway.access import Access
from spinnlive.gateway.channels import Channels
from spinnlive.gateway.counts import Counts
from spinnlive.gateway.framing import Framing, TcpFraming, WebSocketFraming, server_protocol
from spinnlive.gateway.outgoing import Outgoing
from spinnlive.gateway.pages import HEADERS, Page, find_page
from spinnlive.gateway.peer import Peer
from spinnlive.gateway.requests import Requests
from spinnlive.gateway.settings import Limits
from spinnlive.gateway.sources import capabilities
from spinnlive.wire import MalformedPacket, stream
from spinnlive.wire.stream_messages import (
    VERSION,
    ClientMessage,
    Hello,
    Ping,
    Pong,
    Welcome,
)

if TYPE_CHECKING:
    from websockets.http11 import Request, Response
    from websockets.server import ServerProtocol

WAITING_REQUESTS = 16
"""Requests of one client that wait for the one under way; then it is not read from until there is
room."""

BREATH = 32
"""Messages of one client handled in a row before other tasks get their turn."""

HEARTBEAT_S = 1.0
"""How often a client hears from the server at least (seconds)."""

log = logging.getLogger("spinnlive.gateway")


@dataclass(frozen=True, slots=True)
class House:
    """What all connections of a server share."""

    live: Any
    server: str
    access: Access
    limits: Limits
    pages: Mapping[str, Page]
    channels: Channels
    counts: Counts


class _Dropped(Exception):
    """The client is to be sent away."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Connection:
    """A client that is connected; `run` is its whole life. ``welcomed`` once it said who it is."""

    def __init__(self, house: House, peer: Peer) -> None:
        self.peer = peer
        self.welcomed = False
        self._house = house
        self._framing: Framing = TcpFraming(house.limits.message_bytes)
        self._requests: Requests | None = None
        self._allowance = float(house.limits.burst)
        self._counted = time.monotonic()

    async def run(self) -> None:
        """Converse until one side ends it."""
        with self.peer.scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.peer.write)
                try:
                    await self._converse(nursery)
                except _Dropped as dropped:
                    self.peer.drop(dropped.code, str(dropped))
                except MalformedPacket as error:
                    self.peer.drop("malformed", str(error))
                except Exception:  # a fault of ours must not end the live run
                    log.exception("the connection from %s failed", self.peer.address)
                    self.peer.drop("failed", "a fault of the server; its log says more")
                else:
                    self.peer.finish()
                await self._until_gone()
                await self.peer.flushed.wait()
                nursery.cancel_scope.cancel()

    async def _converse(self, nursery: trio.Nursery) -> None:
        deadline = trio.current_time() + self._house.limits.hello_s
        with trio.CancelScope(deadline=deadline) as patience:
            data = await self._first_bytes()
            if data is not None and data[3]:  # no length that is allowed, so perhaps HTTP
                data = await self._upgrade(data)
        if patience.cancelled_caught:
            raise _Dropped("hello_due", f"no hello within {self._house.limits.hello_s:g} s")
        if data is not None:
            await self._messages(data, deadline, nursery)

    async def _messages(self, data: bytes, deadline: float, nursery: trio.Nursery) -> None:
        """Read messages until the client's end; ``data`` came before."""
        send, receive = trio.open_memory_channel[ClientMessage](WAITING_REQUESTS)
        with send:
            while self.peer.reason is None:
                for number, payload in enumerate(self._framing.feed(data), 1):
                    self._count()
                    if number % BREATH == 0:
                        await trio.lowlevel.checkpoint()
                    if payload is not None and self.peer.reason is None:
                        await self._take(payload, send, receive, nursery)
                self.peer.push(self._framing.pending())
                if self._framing.over:
                    return
                with trio.CancelScope(deadline=math.inf if self.welcomed else deadline) as patience:
                    data = await self.peer.receive()
                if patience.cancelled_caught:
                    raise _Dropped("hello_due", f"no hello in {self._house.limits.hello_s:g} s")
                if not data:
                    return

    async def _take(
        self,
        payload: bytes,
        send: trio.MemorySendChannel[ClientMessage],
        receive: trio.MemoryReceiveChannel[ClientMessage],
        nursery: trio.Nursery,
    ) -> None:
        try:
            message = stream.decode_client_message(payload)
        except stream.UnknownType as error:
            if self._requests is None:
                raise
            self._requests.refuse("malformed", str(error))
            return
        if self._requests is None:
            self._requests = self._welcome(message)
            nursery.start_soon(self._handle, self._requests, receive)
        elif isinstance(message, Ping):
            self.peer.send(Outgoing(Pong(message.sent, self._house.live.clock.now)))
        else:
            await send.send(message)

    async def _handle(
        self, requests: Requests, receive: trio.MemoryReceiveChannel[ClientMessage]
    ) -> None:
        try:
            async for message in receive:
                await requests.handle(message)
        except Exception:  # a fault of ours must not end the live run
            log.exception("a request from %s failed", self.peer.address)
            self.peer.drop("failed", "a fault of the server; its log says more")

    def _welcome(self, message: ClientMessage) -> Requests:
        if not isinstance(message, Hello):
            raise _Dropped("hello_due", "the first message is hello")
        if message.version != VERSION:
            raise _Dropped("version", f"version {message.version} asked for; this is {VERSION}")
        house = self._house
        rights = house.access.rights_of(message.token)
        if not rights:
            what = "a token is needed" if message.token is None else "no such token"
            raise _Dropped("unauthorised", what)
        self.welcomed = True
        self.peer.name = (message.name or "")[:80]
        clock = house.live.clock
        self.peer.send(
            Outgoing(
                Welcome(
                    version=VERSION,
                    server=house.server,
                    rights=rights,
                    capabilities=capabilities(house.live),
                    timestep_ms=clock.timestep_ms,
                    tick_s=clock.tick_s,
                    heartbeat_s=HEARTBEAT_S,
                    max_message_bytes=house.limits.message_bytes,
                    host_s=clock.now,
                )
            )
        )
        return Requests(house.live, house.channels, house.limits, self.peer, rights)

    def _count(self) -> None:
        """Count a message against the client's rate."""
        now = time.monotonic()
        limits = self._house.limits
        self._allowance = min(
            limits.burst, self._allowance + (now - self._counted) * limits.messages_per_s
        )
        self._counted = now
        if self._allowance < 1:
            raise _Dropped("too_fast", f"more than {limits.messages_per_s:g} messages a second")
        self._allowance -= 1
        self._house.counts.messages_in += 1

    async def _first_bytes(self) -> bytes | None:
        """Read enough to see which protocol this is; None if the client left before."""
        data = b""
        while len(data) < stream.PREFIX.size:
            more = await self.peer.receive()
            if not more:
                return None
            data += more
        return data

    async def _upgrade(self, data: bytes) -> bytes | None:
        """Answer an HTTP request; give what came behind it if it became a WebSocket."""
        if not data[:4].isascii() or not data[:3].isalpha():
            raise MalformedPacket(
                f"the connection begins with {data[:4].hex()}: neither a length nor HTTP"
            )
        protocol = server_protocol(self._house.limits.message_bytes)
        while True:
            protocol.receive_data(data)
            events = protocol.events_received()
            if events or protocol.handshake_exc is not None:
                break
            data = await self.peer.receive()
            if not data:
                return None
        if events:
            protocol.send_response(self._response(protocol, events[0]))
            answer = b"".join(protocol.data_to_send())
        else:
            answer = b"".join(protocol.data_to_send()) or _BAD_REQUEST
        self.peer.push(answer)
        if protocol.state.name != "OPEN":
            return None
        self._framing = WebSocketFraming(protocol, events[1:])
        self.peer.framing = "websocket"
        self.peer.close_with(_CLOSE)
        return b""

    def _response(self, protocol: ServerProtocol, request: Any) -> Response:
        asked: Request = request
        host = asked.headers.get("Host")
        if not self._house.access.host_allowed(host):
            return protocol.reject(
                HTTPStatus.MISDIRECTED_REQUEST, f"this server is not called {host!r}\n"
            )
        if getattr(asked, "method", "GET") != "GET":
            return protocol.reject(HTTPStatus.METHOD_NOT_ALLOWED, "GET alone is answered\n")
        if "Upgrade" in asked.headers:
            if not self._house.access.origin_allowed(asked.headers.get("Origin"), host):
                return protocol.reject(HTTPStatus.FORBIDDEN, "not from this page\n")
            return protocol.accept(asked)
        return _page(protocol, find_page(self._house.pages, asked.path))

    async def _until_gone(self) -> None:
        """Read and forget until the client has closed its side too, so that it gets all that was
        sent; `Peer.write` says how long that may take."""
        while await self.peer.receive():
            pass


def _page(protocol: ServerProtocol, page: Page | None) -> Response:
    from websockets.datastructures import Headers
    from websockets.http11 import Response

    if page is None:
        return protocol.reject(HTTPStatus.NOT_FOUND, "there is no such page\n")
    headers = Headers(
        {
            "Content-Type": page.kind,
            "Content-Length": str(len(page.content)),
            "Connection": "close",
            **HEADERS,
        }
    )
    return Response(HTTPStatus.OK.value, HTTPStatus.OK.phrase, headers, page.content)


_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

_CLOSE = b"\x88\x02\x03\xe8"
"""The WebSocket frame that closes in good order (RFC 6455: code 1000), after the goodbye."""
