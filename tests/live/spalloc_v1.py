"""A stand-in for an old spalloc server: JSON lines over TCP, one machine to hand out, one job at a time.

A job goes from queued over power to ready, one on whenever its state is asked for. What was asked is in ``calls``.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import trio

QUEUED, POWER, READY, DESTROYED = 1, 2, 3, 4

KEEPALIVE_S = 60.0


class SpallocV1:
    """``connections`` are the addresses of the machine's boards by their Ethernet chips."""

    def __init__(self, connections: Mapping[tuple[int, int], str], width: int, height: int) -> None:
        self.calls: list[tuple[str, list[Any], dict[str, Any]]] = []
        self.state = QUEUED
        self.reason: str | None = None
        self.port = 0
        self._machine = {
            "width": width,
            "height": height,
            "connections": [[list(chip), address] for chip, address in connections.items()],
            "machine_name": "stand-in",
            "boards": [[0, 0, number] for number in range(len(connections))],
        }
        self._changed = trio.Event()

    async def serve(self, stream: trio.SocketStream) -> None:
        """Answer one client."""
        buffer, sending, notified = b"", trio.Lock(), False
        async with trio.open_nursery() as nursery, stream:
            try:
                async for data in stream:
                    *lines, buffer = (buffer + data).split(b"\n")
                    for line in lines:
                        request = json.loads(line)
                        if request["command"] == "notify_job" and not notified:
                            notified = True
                            nursery.start_soon(self._notify, stream, sending)
                        async with sending:
                            await stream.send_all(self._answer(request))
            except trio.BrokenResourceError:
                pass
            nursery.cancel_scope.cancel()

    def _answer(self, request: dict[str, Any]) -> bytes:
        command, arguments, options = request["command"], request["args"], request["kwargs"]
        self.calls.append((command, arguments, options))
        try:
            answer = {"return": getattr(self, f"_{command}")(*arguments, **options)}
        except Exception as error:
            answer = {"exception": repr(error)}
        return json.dumps(answer).encode() + b"\n"

    async def _notify(self, stream: trio.SocketStream, sending: trio.Lock) -> None:
        """Tell the client of every change from now on."""
        while True:
            await self._changed.wait()
            async with sending:
                try:
                    await stream.send_all(b'{"jobs_changed": [7]}\n')
                except trio.BrokenResourceError:
                    return

    def _go(self, state: int) -> None:
        self.state = state
        self._changed.set()
        self._changed = trio.Event()

    def _version(self) -> str:
        return "6.0.0"

    def _create_job(self, *boards: int, owner: str, **options: Any) -> int:
        if len(boards) == 1 and boards[0] > len(self._machine["boards"]):  # type: ignore[arg-type]
            raise ValueError("no machine is as large as that")
        return 7

    def _notify_job(self, job: int) -> None:
        pass

    def _no_notify_job(self, job: int) -> None:
        pass

    def _job_keepalive(self, job: int) -> None:
        pass

    def _get_job_state(self, job: int) -> dict[str, Any]:
        state = self.state
        if state < READY:
            self._go(state + 1)
        return {
            "state": state,
            "power": state in (POWER, READY),
            "keepalive": KEEPALIVE_S,
            "reason": self.reason,
            "start_time": 0,
        }

    def _get_job_machine_info(self, job: int) -> dict[str, Any]:
        return self._machine

    def _where_is(self, job_id: int, chip_x: int, chip_y: int) -> dict[str, Any]:
        return {"physical": [0, 0, 0]}

    def _destroy_job(self, job: int, reason: str | None = None) -> None:
        self.reason = reason
        self._go(DESTROYED)


@asynccontextmanager
async def spalloc_v1(
    connections: Mapping[tuple[int, int], str], width: int, height: int
) -> AsyncIterator[SpallocV1]:
    """Serve on a free port of 127.0.0.1 while the block lasts."""
    server = SpallocV1(connections, width, height)
    async with trio.open_nursery() as nursery:
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        server.port = listener.socket.getsockname()[1]
        nursery.start_soon(trio.serve_listeners, server.serve, [listener])
        yield server
        nursery.cancel_scope.cancel()
