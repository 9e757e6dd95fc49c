"""Cores keep their ticks, and miss them, where published figures and instruction counts say they do (docs/timing.md).

Synaptic events a millisecond. Static, on cores of their own: sPyNNaker 7.4.1's inner loop takes 30 cycles by the ARM's
published cycle counts, so 6,500; the 13,000 by which sPyNNaker spreads synapses over cores (Knight and Furber 2016)
are of a loop of 15. Plastic: the same source's 1,400. Static, with the neurons on the core: Rhodes et al. 2018 reach
"within a factor of 2" of 10,000, with the faster loop.
"""

from __future__ import annotations

import json

import pytest
import trio
from plain_scripts import SCRIPTS, run_script

from spinnlive.boards.emulated import EmulatedBoard

FITS = {
    "split:static:20:250": 5_000,
    "combined:static:16:250": 4_000,
    "split:plastic:5:250": 0.9 * 1_400,
}
"""Cases for scripts/overload.py, and how many events a millisecond they are."""
DOES_NOT_FIT = {
    "split:static:30:250": 7_500,
    "combined:static:40:250": 10_000,
    "split:plastic:7:250": 1.25 * 1_400,
}


def events_a_ms(case: str) -> int:
    sources, targets = map(int, case.split(":")[2:])
    return sources * targets


@pytest.fixture(scope="module")
def counts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, int]]:
    """What the cores counted; one board serves all cases."""
    folder = tmp_path_factory.mktemp("overload")

    async def run() -> None:
        async with EmulatedBoard() as board:
            cases = [*FITS, *DOES_NOT_FIT]
            await run_script(SCRIPTS / "overload.py", folder, board, "counts.json", *cases)

    trio.run(run)
    return dict(json.loads((folder / "counts.json").read_text()))


@pytest.mark.board
@pytest.mark.parametrize("case", FITS)
def test_a_load_that_fits_is_processed_in_time(
    case: str, counts: dict[str, dict[str, int]]
) -> None:
    assert events_a_ms(case) == pytest.approx(FITS[case], rel=0.02)
    counted = counts[case]
    assert counted["Total_pre_synaptic_events"] == 40 * events_a_ms(case)
    assert counted["Number_of_late_spikes"] == 0
    assert counted["Times_the_input_buffer_lost_packets"] == 0


@pytest.mark.board
@pytest.mark.parametrize("case", DOES_NOT_FIT)
def test_a_load_that_does_not_fit_makes_spikes_late(
    case: str, counts: dict[str, dict[str, int]]
) -> None:
    assert events_a_ms(case) == pytest.approx(DOES_NOT_FIT[case], rel=0.02)
    assert counts[case]["Number_of_late_spikes"] > 0
