"""The bench's arithmetic, table, history and picture; and that it measures the machine that it says it does."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from spinnlive.bench.figure import draw
from spinnlive.bench.idle import Idle
from spinnlive.bench.pole import Pole
from spinnlive.bench.results import (
    PROOF_OF_CONCEPT_OF_UNICORN,
    Measured,
    Results,
    Trial,
    append_history,
    largest_in_real_time,
    lines,
    over_proof_of_concept,
    read_history,
    record,
    slower,
)
from spinnlive.bench.targets import verdicts
from spinnlive.bench.workload import Network, Speed, measure
from spinnlive.boards.emulated import EmulatedBoard
from spinnlive.errors import BoardFailed

PNG = b"\x89PNG\r\n\x1a\n"


def results(fast_cpu_s: float, unicorn: float | None = 152.0) -> Results:
    """A run in which 100 M instructions were executed in a second of emulated time."""
    plain = Speed("plain", 1, 1.0, 2.5, 2.0, 100_000_000, "a")
    fast = Speed("fast", 1, 1.0, fast_cpu_s, fast_cpu_s, 100_000_000, "a")
    threaded = Speed("fast", 2, 1.0, fast_cpu_s / 2, fast_cpu_s, 100_000_000, "a")
    measured = Measured(Network("ring", "a ring"), plain, fast, threaded)
    idle = Idle(4, 0.25, 0.02, 0.4, 0.7, 0.006, 12.0)
    trials = (Trial(2000, 1.2), Trial(2400, 1.01), Trial(2500, 0.97))
    return Results((measured,), (idle,), unicorn, 0.1, trials, Pole(0.2, 0.3, 1.0, 0.995))


def test_rates_and_speeds() -> None:
    (measured,) = results(0.2).measured
    assert measured.fast.mips == pytest.approx(500)
    assert measured.fast.core_speed == pytest.approx(5)
    assert measured.threaded.wall_speed == pytest.approx(10)


def test_the_proof_of_concept_is_put_on_this_machines_scale() -> None:
    fast = results(0.2).measured[0].fast
    times = over_proof_of_concept(fast, 152.0)
    assert times == pytest.approx(500 / (PROOF_OF_CONCEPT_OF_UNICORN * 152))
    assert over_proof_of_concept(fast, 76.0) == pytest.approx(2 * times)
    assert over_proof_of_concept(fast, None) is None


def test_the_largest_network_is_the_largest_that_keeps_real_time() -> None:
    assert largest_in_real_time(results(0.2).trials) == Trial(2400, 1.01)
    assert largest_in_real_time([Trial(2000, 0.9)]) is None


def test_every_target_gets_a_verdict() -> None:
    networks = {"synfire": 0.1, "balanced": 0.9, "lif2000": 1.5}
    measured = tuple(
        replace(results(cpu_s).measured[0], network=Network(name, name))
        for name, cpu_s in networks.items()
    )
    found = verdicts(replace(results(0.2), measured=measured))
    assert [each.target[0] for each in found] == ["1", "2", "3", "4", "5", "5", "6", "6"]
    assert [each.met for each in found] == [True, True, True, True, True, None, False, None]
    assert found[-2].line.startswith("MISSED")
    late = verdicts(replace(results(0.2), pole=Pole(0.2, 1.2, 1.0, 1.0), measured=measured[:2]))
    assert [each.met for each in late[:4]] == [True, True, None, False]
    nothing = verdicts(Results((), (), None, 0.1))
    assert all(each.met is None and each.line.startswith("not measured") for each in nothing)


def test_the_table_has_what_was_measured() -> None:
    table = "\n".join(lines(results(0.2)))
    assert "| a ring | 100 | 50 | 500 | 10.0 | 5.00 | 10.00 | 2 |" in table
    assert "| 4 chips | 0.25 | 0.02 | 0.40 | 0.70 | 0.6 | 12 |" in table
    assert "in real time on one host core: 2,400" in table
    assert "unicorn" not in "\n".join(lines(results(0.2, None)))


def test_a_regression_shows_also_on_a_slower_machine(tmp_path: Path) -> None:
    file = tmp_path / "board.jsonl"
    assert read_history(file) == []
    append_history(file, record(results(0.2)))
    file.write_text(file.read_text() + "no line of ours\n{}\n")
    history = read_history(file)
    assert len(history) == 1
    assert slower(history, record(results(0.22))) == []
    assert "ring" in slower(history, record(results(0.4)))[0]
    assert slower(history, record(results(0.4, 76.0))) == [], "unicorn is half as fast as well"
    elsewhere = [{**history[0], "host": "another"}]
    assert slower(elsewhere, record(results(0.4))) == []


def test_the_picture_is_drawn(tmp_path: Path) -> None:
    now = results(0.2)
    line = json.loads(json.dumps(record(now)))
    draw(now, [line, line], tmp_path / "board.png")
    assert (tmp_path / "board.png").read_bytes().startswith(PNG)


async def test_a_snapshot_goes_on_alike_on_every_engine(tmp_path: Path) -> None:
    file = tmp_path / "booted.snapshot"
    async with EmulatedBoard() as board:
        await board.snapshot(file)
    plain = await measure(file, milliseconds=100, engine="plain")
    threaded = await measure(file, milliseconds=100, threads=2)
    assert plain.engine == "plain"
    assert plain.state == threaded.state
    assert plain.instructions == threaded.instructions > 0
    assert plain.emulated_s == pytest.approx(0.1)
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(BoardFailed, match="damaged"):
        await measure(file, milliseconds=100)
