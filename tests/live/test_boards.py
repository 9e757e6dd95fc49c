"""Live runs on machines that a service allocates: several boards, old spalloc, and the proxy of the
new one. Each is in a process of its own, which knows of the service by its cfg alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import trio
from fonts import fonts
from spalloc_v1 import DESTROYED, spalloc_v1
from spalloc_v2 import SpallocV2, spalloc_v2
from trustme import CA

from spinnlive.boards.emulated import EmulatedBoard

NETWORKS = Path(__file__).parent / "networks"

PATIENCE_S = 180.0

ETHERNETS = (0, 0), (4, 8), (8, 4)
"""Ethernet chips of a triad of SpiNN-5, 12 by 12 chips."""

DEAD = [
    ((x + dx) % 12, (y + dy) % 12)
    for x, y in ETHERNETS
    for dx, lowest in ((3, 6), (4, 5), (5, 4), (6, 3), (7, 3))
    for dy in range(lowest, min(dx + 3, 7) + 1)
]
"""The far corner of each board: dead chips, which spares seconds of booting and loading."""


@pytest.fixture(autouse=True)
def own_machine(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--board"):
        pytest.skip("makes its own machine")


async def play(folder: Path, name: str, cfg: str, **environment: str) -> dict[str, Any]:
    """Run a network with this cfg and an empty HOME; give what it printed."""
    home, here = folder / "home", folder / "here"
    home.mkdir(parents=True)
    here.mkdir()
    (here / "spynnaker.cfg").write_text(cfg)
    with trio.fail_after(PATIENCE_S):
        done = await trio.run_process(
            [sys.executable, NETWORKS / name],
            cwd=here,
            env={
                **os.environ,
                "HOME": str(home),
                "MPLCONFIGDIR": fonts(),
                **environment,
            },
            capture_stdout=True,
            stderr=subprocess.STDOUT,
            check=False,
        )
    printed = done.stdout.decode().strip()
    assert done.returncode == 0, printed
    assert "\n" not in printed, printed
    seen: dict[str, Any] = json.loads(printed)
    return seen


async def play_behind_proxy(
    folder: Path, name: str, service: SpallocV2, authority: CA
) -> dict[str, Any]:
    """Run a network on the machine of a service that this authority vouches for."""
    with authority.cert_pem.tempfile() as trusted:
        return await play(
            folder,
            name,
            f"[Machine]\nspalloc_server = {service.url}\n",
            REQUESTS_CA_BUNDLE=trusted,
            WEBSOCKET_CLIENT_CA_BUNDLE=trusted,
        )


async def test_three_boards_of_either_spalloc_are_one_machine(tmp_path: Path) -> None:
    """On the old server's the boards are reached by UDP, on the new service's through its proxy."""
    faults = [f"kill chip {x},{y}" for x, y in DEAD]
    async with EmulatedBoard(chips=144, faults=faults) as machine:
        connections = dict(zip(ETHERNETS, machine.addresses, strict=True))
        async with spalloc_v1(connections, 12, 12) as old:
            seen = await play(
                tmp_path / "old",
                "boards.py",
                "[Machine]\nspalloc_server = 127.0.0.1\nspalloc_user = somebody\n"
                f"spalloc_port = {old.port}\n",
            )
        [(_, arguments, options)] = [call for call in old.calls if call[0] == "create_job"]
        assert (arguments, options["owner"]) == ([3], "somebody")
        assert old.state == DESTROYED
        check_three_boards(seen, connections)

        async with spalloc_v2(connections, triad(connections), (12, 12)) as (new, authority):
            seen = await play_behind_proxy(tmp_path / "new", "boards.py", new, authority)
        assert new.asked_for["num-boards"] == 3
        assert {(x, y) for x, y, _ in new.channels} == set(ETHERNETS)
        assert new.state == "DESTROYED"
        check_three_boards(seen, connections)


def triad(connections: dict[tuple[int, int], str]) -> dict[tuple[int, int], str]:
    """Give the address of the board of every chip of three boards."""
    board = [
        (x, y) for x in range(8) for y in range(8) if -4 < x - y < 5
    ]  # the hexagon of 48 chips, from its Ethernet chip
    return {
        ((left + x) % 12, (low + y) % 12): address
        for (left, low), address in connections.items()
        for x, y in board
    }


def check_three_boards(seen: dict[str, Any], connections: dict[tuple[int, int], str]) -> None:
    """Compare with what the network in boards.py must have seen."""
    assert seen["weights"] == [80.0] * 10
    merged = seen["merged"]
    ticks = [tick for tick, _, _ in merged]
    assert ticks == sorted(ticks)
    for number, (one, other) in enumerate(zip(merged[::2], merged[1::2], strict=True)):
        assert sorted([one[1], other[1]]) == ["far", "near"]
        assert one[2] == other[2] == [number % 10]
        # a spike that is injected where a tick ends can come to one before and to the other behind it
        assert other[0] - one[0] <= 1
    assert seen["stands at its watermark"]
    assert seen["weights set"] == seen["weights of sPyNNaker"] == [80.0] * 4 + [0.0] * 6
    assert seen["steps"] == [[1, "near", [3, 4]], [1, "far", [3]], [6, "near", [5]]]
    assert seen["gatherers"] == [[*chip, connections[chip]] for chip in ETHERNETS[:2]]
    assert seen["missed"] == [0, 0]
    assert seen["complete"]
    assert seen["delivered"] == {"near": [23, 0, 23, 0], "far": [21, 0, 21, 0]}


async def test_a_live_run_behind_the_proxy_of_a_new_spalloc_service(tmp_path: Path) -> None:
    async with EmulatedBoard(chips=48) as machine:
        chips = {(x, y): machine.address for x in range(8) for y in range(8)}
        async with spalloc_v2({(0, 0): machine.address}, chips, (8, 8)) as (service, authority):
            seen = await play_behind_proxy(tmp_path / "run", "proxied.py", service, authority)
            assert service.asked_for["num-boards"] == 1
            assert service.state == "DESTROYED"
            lost = await lose_the_proxy(tmp_path / "lost", service, authority)
    assert seen == {
        "board": machine.address,
        "weights": [80.0] * 10,
        "answers": [[number] for number in range(10)],
        "step": [[1, [0, 2]]],
        "complete": True,
        "delivered": 12,
        "recorded": 12,
    }
    assert lost["spikes"] == [0]
    [error] = lost["lost"]
    assert machine.address in error
    assert "proxy" in error


async def lose_the_proxy(folder: Path, service: SpallocV2, authority: CA) -> dict[str, Any]:
    """Hang up when the network in proxy_lost.py asks for it; give what it printed."""
    asked = trio.Path(folder / "here" / "hang-up")
    async with trio.open_nursery() as nursery:

        async def hang_up() -> None:
            while not await asked.exists():  # noqa: ASYNC110 - another process makes it
                await trio.sleep(0.02)
            service.hang_up()

        nursery.start_soon(hang_up)
        seen = await play_behind_proxy(folder, "proxy_lost.py", service, authority)
        nursery.cancel_scope.cancel()
    return seen
