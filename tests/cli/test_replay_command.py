"""`spinnlive replay` tells what was recorded, and runs scripts on it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import trio
from click.testing import CliRunner

from spinnlive.cli import main

sys.path.insert(0, str(Path(__file__).parents[1] / "recording"))

from made import Story

SCRIPT = """
import sys, trio, spinnlive

async def run():
    async with spinnlive.open_live(None, board="nowhere") as live, trio.open_nursery() as nursery:
        stream = live.spikes("b")
        nursery.start_soon(live.run, 3.0)
        async for batch in stream:
            print("tick", batch.tick, sys.argv[1:])
            if batch.tick == 2:
                break

trio.run(run)
sys.exit(7)
"""


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    async def make() -> None:
        story = Story(tmp_path / "run.mcap")
        story.run(0, 3)
        await story.end(3, "CoreFailure", "core 3 stopped")

    trio.run(make)
    return tmp_path / "run.mcap"


def test_without_a_script_it_gives_figures(recorded: Path) -> None:
    result = CliRunner().invoke(main, ["replay", "--speed", "0", str(recorded)])
    assert result.exit_code == 0, result.output
    assert "timeScaleFactor 2" in result.output
    assert "b: 3 neurons live" in result.output
    assert "3 ms  stopped" in result.output
    assert "CoreFailure: core 3 stopped" in result.output


def test_a_script_runs_on_the_recording(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "robot.py"
    script.write_text(SCRIPT)
    arguments = ["replay", "--speed", "0", str(recorded), str(script), "--fast"]
    with pytest.raises(SystemExit) as ended:
        main.main(arguments, standalone_mode=False)
    assert ended.value.code == 7
    assert capsys.readouterr().out.splitlines() == [f"tick {tick} ['--fast']" for tick in range(3)]


def test_what_is_no_recording_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "other"
    path.write_text("something")
    result = CliRunner().invoke(main, ["replay", str(path)])
    assert result.exit_code == 2
    assert "no recording" in result.output
