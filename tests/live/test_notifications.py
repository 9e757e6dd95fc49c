"""The handshake: DATABASE is confirmed once everything is ready, START and STOP are passed on."""

from __future__ import annotations

from pathlib import Path

import trio
import trio.testing

from spinnlive import wire
from spinnlive.live.notifications import LOOPBACK, Notifications


async def test_a_whole_run_with_nonsense_in_between(nursery: trio.Nursery) -> None:
    seen: list[object] = []
    ready, heard = trio.Event(), trio.Event()

    async def database(path: Path) -> None:
        seen.append(path)
        await ready.wait()

    def stop() -> None:
        seen.append("stop")
        heard.set()

    notifications = await Notifications.listen()
    nursery.start_soon(notifications.serve, database, lambda: seen.append("start"), stop)
    with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as tools:
        await tools.connect((LOOPBACK, notifications.port))
        await tools.send(b"\xff\xff nonsense")
        await tools.send(wire.encode_notification(wire.DatabaseReady("/tmp/the.sqlite3")))
        await trio.testing.wait_all_tasks_blocked()
        with trio.move_on_after(0) as early:
            await tools.recv(100)
        assert early.cancelled_caught, "confirmed before it was ready"
        ready.set()
        assert await tools.recv(100) == wire.CONFIRMATION
        await tools.send(wire.encode_notification(wire.StartResume()))
        await tools.send(wire.encode_notification(wire.StopPause()))
        await heard.wait()
    assert seen == [Path("/tmp/the.sqlite3"), "start", "stop"]
    assert notifications.malformed == 1
    nursery.cancel_scope.cancel()


async def test_a_database_message_without_a_path_is_confirmed(nursery: trio.Nursery) -> None:
    async def database(path: Path) -> None:
        raise AssertionError("there is none")

    notifications = await Notifications.listen()
    nursery.start_soon(notifications.serve, database, lambda: None, lambda: None)
    with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as tools:
        await tools.connect((LOOPBACK, notifications.port))
        await tools.send(wire.encode_notification(wire.DatabaseReady(None)))
        assert await tools.recv(100) == wire.CONFIRMATION
    nursery.cancel_scope.cancel()
