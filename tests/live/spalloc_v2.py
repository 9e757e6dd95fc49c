"""A stand-in for a new spalloc service: REST over HTTPS, and the WebSocket proxy to the boards.

It knows one user and hands out one machine, as one job. REST is what SpiNNMan's client asks for; the
proxy is held to SpiNNMan's own structures of frames. Memory that is read and written over REST goes
to the boards by SCP.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import trio
import trustme
from spinnman.spalloc import spalloc_client as official
from spinnman.spalloc.proxy_protocol import ProxyProtocol
from websockets.datastructures import Headers
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from spinnlive.boards.routes import open_routes
from spinnlive.boards.scp_calls import ScpCalls

USER, PASSWORD, SESSION, CSRF_HEADER, CSRF = (
    "somebody",
    "secret",
    "session-1",
    "X-CSRF-TOKEN",
    "token-1",
)
JOB = "/srv/spalloc/jobs/7/"
PROXY = "/system/proxy/7"
LOGIN_FORM = '<form><input type="hidden" name="_csrf" value="form-1" /></form>'

QUEUED, READY, DESTROYED = "QUEUED", "READY", "DESTROYED"


class SpallocV2:
    """``connections`` are the addresses of the machine's boards by their Ethernet chips."""

    def __init__(
        self, connections: Mapping[tuple[int, int], str], size: tuple[int, int], scp: ScpCalls
    ) -> None:
        self.calls: list[tuple[str, str]] = []
        self.asked_for: dict[str, Any] = {}
        self.state = DESTROYED
        self.channels: list[tuple[int, int, int]] = []
        self.frames = {"to boards": 0, "from boards": 0}
        self.port = 0
        self._connections = connections
        self._size = size
        self._scp = scp
        self._clients: set[trio.CancelScope] = set()
        self._ended = trio.Event()

    @property
    def url(self) -> str:
        """The service's address, with user and password."""
        return f"https://{USER}:{PASSWORD}@127.0.0.1:{self.port}/"

    async def serve(self, stream: trio.abc.Stream) -> None:
        """Answer one client until it is gone."""
        buffer = bytearray()
        try:
            while True:
                while b"\r\n\r\n" not in buffer:
                    data = await stream.receive_some()
                    if not data:
                        return
                    buffer += data
                head, _, rest = bytes(buffer).partition(b"\r\n\r\n")
                first, *lines = head.decode().split("\r\n")
                method, target, _ = first.split(" ")
                headers = Headers(line.split(": ", 1) for line in lines)
                length = int(headers.get("Content-Length", 0))
                buffer = bytearray(rest)
                while len(buffer) < length:
                    buffer += await stream.receive_some()
                body, buffer = bytes(buffer[:length]), buffer[length:]
                if target == PROXY:
                    await self._proxy(stream, head + b"\r\n\r\n")
                    return
                await stream.send_all(await self._answer(method, target, headers, body))
        except trio.BrokenResourceError:
            return

    async def _answer(self, method: str, target: str, headers: Headers, body: bytes) -> bytes:
        parts = urlsplit(target)
        query = {name: value for name, [value] in parse_qs(parts.query).items()}
        self.calls.append((method, parts.path))
        code, extra, content = await self._route(method, parts.path, query, headers, body)
        lines = [f"HTTP/1.1 {code} .", f"Content-Length: {len(content)}", *extra]
        return "\r\n".join([*lines, "", ""]).encode() + content

    async def _route(
        self, method: str, path: str, query: dict[str, str], headers: Headers, body: bytes
    ) -> tuple[int, list[str], bytes]:
        base = f"https://127.0.0.1:{self.port}"
        if path == "/system/login.html":
            return 200, ["Set-Cookie: JSESSIONID=before"], LOGIN_FORM.encode()
        if path == "/system/perform_login":
            form = parse_qs(body.decode())
            right = (form["username"], form["password"], form["_csrf"]) == (
                [USER],
                [PASSWORD],
                ["form-1"],
            )
            return (302, [f"Set-Cookie: JSESSIONID={SESSION}"], b"") if right else (403, [], b"{}")
        if not self._allowed(method, headers):
            return 403, [], b"no session"
        if path == "/srv/spalloc/":
            return _json(
                {
                    "version": {"major-version": 7, "minor-version": 0, "revision": 0},
                    "machines-ref": f"{base}/srv/spalloc/machines",
                    "jobs-ref": f"{base}/srv/spalloc/jobs",
                    "csrf-header": CSRF_HEADER,
                    "csrf-token": CSRF,
                }
            )
        if (method, path) == ("POST", "/srv/spalloc/jobs/"):
            self.asked_for, self.state = json.loads(body), READY
            return 201, [f"Location: {base}{JOB}"], b""
        if not path.startswith(JOB):
            return 404, [], b""
        return await self._job(method, path.removeprefix(JOB), query, body)

    def _allowed(self, method: str, headers: Headers) -> bool:
        cookies = headers.get("Cookie", "").replace(" ", "").split(";")
        return f"JSESSIONID={SESSION}" in cookies and (
            method == "GET" or headers.get(CSRF_HEADER) == CSRF
        )

    async def _job(
        self, method: str, what: str, query: dict[str, str], body: bytes
    ) -> tuple[int, list[str], bytes]:
        if what == "" and method == "DELETE":
            self.state = DESTROYED
            self._ended.set()
            self.hang_up()
            return 204, [], b""
        if what == "":
            if query.get("wait", "").lower() == "true" and self.state == READY:
                await self._ended.wait()
            proxy = f"wss://127.0.0.1:{self.port}{PROXY}"
            return _json({"state": self.state, "proxy-ref": proxy})
        if what == "machine":
            boards = [[list(chip), address] for chip, address in self._connections.items()]
            return _json({"width": self._size[0], "height": self._size[1], "connections": boards})
        if what == "memory":
            x, y, address = (int(query[name]) for name in ("x", "y", "address"))
            if method == "GET":
                return 200, [], await self._scp.read(x, y, address, int(query["size"]))
            await self._scp.write(x, y, address, body)
        elif what == "chip":
            return _json({"physical-board-coordinates": [0, 0, 0]})
        return 204, [], b""  # keepalive; router, of machines that nobody has used before

    async def _proxy(self, stream: trio.abc.Stream, head: bytes) -> None:
        """Carry datagrams between the boards and one client."""
        protocol, sending = ServerProtocol(max_size=1 << 20), trio.Lock()
        protocol.receive_data(head)
        [request] = protocol.events_received()
        assert isinstance(request, Request)
        response = protocol.accept(request)
        if not self._allowed("POST", request.headers) or self.state != READY:
            response = protocol.reject(403, "no session")
        protocol.send_response(response)

        async def send(*frames: bytes) -> None:
            async with sending:
                for frame in frames:
                    protocol.send_binary(frame)
                await stream.send_all(b"".join(protocol.data_to_send()))

        await send()
        with trio.CancelScope() as scope:
            self._clients.add(scope)
            try:
                await self._carry(stream, protocol, send)
            except* trio.BrokenResourceError:
                pass  # the client is gone

    async def _carry(self, stream: trio.abc.Stream, protocol: ServerProtocol, send: Any) -> None:
        sockets: dict[int, trio.socket.SocketType] = {}
        async with trio.open_nursery() as nursery:
            while data := await stream.receive_some():
                protocol.receive_data(data)
                for event in protocol.events_received():
                    if isinstance(event, Frame) and event.opcode is Opcode.BINARY:
                        await self._take(event.data, sockets, send, nursery)
                await send()
            nursery.cancel_scope.cancel()

    async def _take(
        self, frame: bytes, sockets: dict[int, trio.socket.SocketType], send: Any, nursery: Any
    ) -> None:
        code, number = official._msg.unpack_from(frame)
        if code == ProxyProtocol.OPEN:
            _, _, x, y, port = official._open_req.unpack(frame)
            if (x, y) not in self._connections:
                reason = b"unrecognised ethernet chip"
                await send(official._msg.pack(ProxyProtocol.ERROR, number) + reason)
                return
            self.channels.append((x, y, port))
            channel = len(self.channels)
            sock = trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM)
            await sock.connect((self._connections[x, y], port))
            sockets[channel] = sock
            nursery.start_soon(self._hear, sock, channel, send)
            await send(official._open_close_res.pack(code, number, channel))
        elif code == ProxyProtocol.MSG:
            self.frames["to boards"] += 1
            await sockets[number].send(frame[official._msg.size :])
        elif code == ProxyProtocol.CLOSE:
            _, _, channel = official._close_req.unpack(frame)
            sockets.pop(channel).close()
            await send(official._open_close_res.pack(code, number, channel))

    async def _hear(self, sock: trio.socket.SocketType, channel: int, send: Any) -> None:
        head = official._msg.pack(ProxyProtocol.MSG, channel)
        with sock:
            while True:
                try:
                    datagram = await sock.recv(2048)
                except (ConnectionRefusedError, trio.ClosedResourceError):
                    return
                self.frames["from boards"] += 1
                await send(head + datagram)

    def hang_up(self) -> None:
        """Close every client's proxy."""
        for scope in self._clients:
            scope.cancel()


def _json(value: object) -> tuple[int, list[str], bytes]:
    return 200, ["Content-Type: application/json"], json.dumps(value).encode()


@asynccontextmanager
async def spalloc_v2(
    connections: Mapping[tuple[int, int], str],
    ethernet: Mapping[tuple[int, int], str],
    size: tuple[int, int],
) -> AsyncIterator[tuple[SpallocV2, trustme.CA]]:
    """Serve on a free port of 127.0.0.1 while the block lasts; also give whom to trust.

    ``ethernet`` has the board's address for every chip.
    """
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    async with open_routes(ethernet) as scp, trio.open_nursery() as nursery:
        service = SpallocV2(connections, size, scp)
        [listener] = await trio.open_ssl_over_tcp_listeners(
            0, context, host="127.0.0.1", https_compatible=True
        )
        service.port = listener.transport_listener.socket.getsockname()[1]
        nursery.start_soon(trio.serve_listeners, service.serve, [listener])
        yield service, authority
        nursery.cancel_scope.cancel()
