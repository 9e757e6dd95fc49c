"""Event cameras: what comes over UDP is injected, what fires goes out; with the real AEStream too."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trio
from numpy.typing import ArrayLike

from spinnlive.errors import AddressInUse, RunStateError, UsageError
from spinnlive.live import spif
from spinnlive.live.spif import Polarity, spif_input, spif_output
from spinnlive.live.spikes import SpikeBatch
from spinnlive.live.streams import Stream
from spinnlive.wire.spif import decode_spif, encode_spif

HOST = "127.28.7.1"


class Injector:
    label = "retina"

    def __init__(self, size: int) -> None:
        self.size = size
        self.sent: list[int] = []
        self.open = trio.Event()
        self.open.set()
        self.something = trio.Event()
        self.closed = False

    async def send(self, neuron_ids: ArrayLike) -> None:
        await self.open.wait()
        if self.closed:
            raise RunStateError("the live run is closed")
        self.sent += np.asarray(neuron_ids).tolist()
        self.something.set()
        self.something = trio.Event()

    async def until(self, number: int) -> None:
        while len(self.sent) < number:
            await self.something.wait()


def send(port: int, *datagrams: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for datagram in datagrams:
            sock.sendto(datagram, (HOST, port))


EVENTS = ([1, 0, 3], [0, 2, 1], [1, 0, 1])


@pytest.mark.parametrize("times", [None, [10, 20, 30]])
@pytest.mark.parametrize(
    ("polarity", "expected"),
    [
        ("drop", [1, 8, 7]),
        ("on", [1, 7]),
        ("off", [8]),
        ("both", [1, 12 + 8, 7]),
    ],
)
async def test_pixels_become_neurons(
    polarity: Polarity, expected: list[int], times: list[int] | None
) -> None:
    injector = Injector(24)
    async with spif_input(injector, HOST, 0, 4, 3, polarity) as camera:
        send(camera.port, *encode_spif(*EVENTS, times))
        await injector.until(len(expected))
        assert injector.sent == expected
        seen = camera.statistics()
        assert (seen.datagrams, seen.events, seen.injected) == (1, 3, len(expected))
        assert seen.filtered == 3 - len(expected)


async def test_what_makes_no_sense_is_counted_and_the_rest_goes_on() -> None:
    injector = Injector(12)
    async with spif_input(injector, HOST, 0, 4, 3, "drop") as camera:
        far = encode_spif([4, 0, 0x7FFF, 2], [0, 3, 0, 2], [0, 0, 0, 0])
        send(camera.port, b"abc", *far, b"", bytes(4))
        await injector.until(1)
        assert injector.sent == [10]
        seen = camera.statistics()
        assert (seen.malformed, seen.outside) == (2, 3)


async def test_a_camera_faster_than_the_board_drops_the_oldest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spif, "WAITING", 256)
    injector = Injector(1000)
    injector.open = trio.Event()
    async with spif_input(injector, HOST, 0, 1000, 1, "drop") as camera:
        for number in range(10):
            camera.take(encode_spif([number] * 100, [0] * 100, [0] * 100)[0], ("a", 1))
        assert camera.statistics().dropped == 800
        injector.open.set()
        await injector.until(200)
        assert sorted(set(injector.sent)) == [8, 9]


async def test_the_end_of_the_live_run_ends_the_injecting() -> None:
    injector = Injector(10)
    injector.closed = True
    async with spif_input(injector, HOST, 0, 10, 1, "drop") as camera:
        camera.take(encode_spif([1], [0], [0])[0], ("a", 1))
        await trio.testing.wait_all_tasks_blocked()
        assert camera.statistics().injected == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"width": 0}, "width is 0"),
        ({"height": 1.5}, "height is 1.5"),
        ({"polarity": "up"}, "polarity is 'up'"),
        ({"width": 5}, "needs 15"),
        ({"polarity": "both"}, "needs 24"),
    ],
)
async def test_what_cannot_be_is_refused(settings: dict[str, Any], message: str) -> None:
    given = {"width": 4, "height": 3, "polarity": "drop", **settings}
    with pytest.raises(UsageError, match=message):
        async with spif_input(Injector(12), HOST, 0, **given):
            pass


async def test_a_port_that_is_taken() -> None:
    async with spif_input(Injector(12), HOST, 0, 4, 3, "drop") as camera:
        with pytest.raises(AddressInUse, match=str(camera.port)):
            async with spif_input(Injector(12), HOST, camera.port, 4, 3, "drop"):
                pass


async def test_live_spikes_go_out_as_spif_words() -> None:
    stream: Stream[SpikeBatch] = Stream("drop_oldest", 10, lambda _: None)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((HOST, 0))
        for ids in (np.arange(300), np.array([7, 9])):
            stream.put(SpikeBatch("p", 1, 1.0, ids.astype(np.int32), 0.0))
        stream.end()
        await spif_output(stream, HOST, sock.getsockname()[1], 8)
        datagrams = [sock.recv(2048) for _ in range(4)]
    assert [len(each) // 4 for each in datagrams] == [128, 128, 44, 2]
    events = decode_spif(b"".join(datagrams))
    assert (events.y.astype(int) * 8 + events.x).tolist() == [*range(300), 7, 9]
    assert events.polarity.all() and events.times is None


@pytest.mark.parametrize("timed", [False, True])
async def test_aestream_as_the_camera(tmp_path: Path, timed: bool) -> None:
    program = shutil.which("aestream", path=f"{Path(sys.executable).parent}:{_path()}")
    if program is None:
        pytest.skip("aestream is not installed: no real camera stream to test with")
    file = tmp_path / "events.csv"
    events = [
        (number * 7 % 20, number * 3 % 10, number % 2, 1000 + number) for number in range(200)
    ]
    file.write_text("".join(",".join(map(str, event)) + "\n" for event in events))
    injector = Injector(200)
    async with spif_input(injector, HOST, 0, 20, 10, "drop") as camera:
        words = ["input", "file", str(file), "output", "udp", HOST, str(camera.port)]
        words += ["--include-timestamp", "true"] if timed else []
        await trio.run_process([program, *words], stdout=subprocess.DEVNULL)
        await injector.until(len(events))
        await trio.testing.wait_all_tasks_blocked()
        assert injector.sent == [y * 20 + x for x, y, _, _ in events]
        assert camera.statistics().stale == (200 % 32 if timed else 0)


def _path() -> str:
    import os

    return os.environ.get("PATH", "")
