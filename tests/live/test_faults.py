"""What can go wrong on the way and with the board, on an emulated one; the rest goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fonts import fonts

MARGIN = 40

NETWORK = Path(__file__).parent / "networks" / "faults.py"


def play(request: pytest.FixtureRequest, folder: Path, what: str) -> dict[str, Any]:
    if request.config.getoption("--board"):
        pytest.skip("only an emulated board has faults on demand")
    done = subprocess.run(
        [sys.executable, NETWORK, what, folder],
        env={**os.environ, "HOME": str(folder), "MPLCONFIGDIR": fonts()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


@pytest.mark.board
def test_a_board_that_freezes_for_ever_is_lost(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    assert play(request, tmp_path, "frozen")["frozen for ever"] > 0


@pytest.mark.board
def test_a_live_run_survives_what_passes_and_names_what_does_not(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    seen = play(request, tmp_path, "passing")
    received = {
        label: [(tick, neuron) for tick, neuron in spikes]
        for label, spikes in seen["received"].items()
    }

    def window(phase: str) -> tuple[int, int]:
        """The ticks of a phase, without those that may have been on their way when it changed: the
        host knows the board's tick to some ticks only when it is busy."""
        first, last, _ = seen[phase]
        return first + MARGIN, max(last - MARGIN, first + MARGIN)

    def live(phase: str) -> list[tuple[int, int]]:
        first, last = window(phase)
        return [spike for spike in received["busy"] if first <= spike[0] < last]

    def sent(phase: str) -> set[tuple[int, int]]:
        """What the board sent: "busy" fires in every tick."""
        first, last = window(phase)
        return {(tick, neuron) for tick in range(first, last) for neuron in range(8)}

    for phase in ("well", "well again"):
        assert sorted(live(phase)) == sorted(sent(phase))
    for phase in ("1 % lost", "20 % lost", "everything"):
        assert set(live(phase)) <= sent(phase)
    assert seen["20 % lost"][2] > 0
    assert len(set(live("20 % lost"))) < len(sent("20 % lost"))
    assert set(live("doubled")) == sent("doubled")
    assert set(live("out of order")) == sent("out of order")
    assert seen["frozen for 2 s"] >= 100
    first, last = seen["after the flood"]
    # the reflex's own membrane may need longer to recover from the flood
    assert any(first <= tick < last for tick, _ in received["busy"])
    peak, dropped = seen["never read"]
    assert peak == 16 and dropped > 0
    assert "is dead: it takes no messages" in seen["dead core"]
    assert seen["recorded ending"] == "DeadCore"
    assert seen["recording whole"] and seen["recording has what was received"]
