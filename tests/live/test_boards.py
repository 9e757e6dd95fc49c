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
from spalloc_v2 import spalloc_v2

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
    home.mkdir()
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


async def test_three_boards_of_an_old_spalloc_server_are_one_machine(tmp_path: Path) -> None:
    faults = [f"kill chip {x},{y}" for x, y in DEAD]
    async with EmulatedBoard(chips=144, faults=faults) as machine:
        connections = dict(zip(ETHERNETS, machine.addresses, strict=True))
        async with spalloc_v1(connections, 12, 12) as service:
            seen = await play(
                tmp_path,
                "boards.py",
                "[Machine]\nspalloc_server = 127.0.0.1\nspalloc_user = somebody\n"
                f"spalloc_port = {service.port}\n",
            )
    [(_, arguments, options)] = [call for call in service.calls if call[0] == "create_job"]
    assert (arguments, options["owner"]) == ([3], "somebody")
    assert service.state == DESTROYED

    assert seen["weights"] == [80.0] * 10
    merged = seen["merged"]
    # both fire in the same tick: the injector's spike comes to both within it
    assert [each[1:] for each in merged] == [
        [label, [number % 10]] for number in range(20) for label in ("near", "far")
    ]
    ticks = [tick for tick, _, _ in merged]
    assert ticks == sorted(ticks)
    assert ticks[::2] == ticks[1::2]
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
            with authority.cert_pem.tempfile() as trusted:
                seen = await play(
                    tmp_path,
                    "proxied.py",
                    f"[Machine]\nspalloc_server = {service.url}\n",
                    REQUESTS_CA_BUNDLE=trusted,
                    WEBSOCKET_CLIENT_CA_BUNDLE=trusted,
                )
    assert service.asked_for["num-boards"] == 1
    assert service.state == "DESTROYED"
    assert seen == {
        "board": machine.address,
        "weights": [80.0] * 10,
        "answers": [[number] for number in range(10)],
        "step": [[1, [0, 2]]],
        "complete": True,
        "delivered": 12,
        "recorded": 12,
    }
