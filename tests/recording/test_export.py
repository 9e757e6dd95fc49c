"""What is exported reads back as what was recorded."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import neo
import numpy as np
import pytest
import trio
from click.testing import CliRunner
from made import TICK_S, Story

from spinnlive.cli import main
from spinnlive.errors import UsageError
from spinnlive.recording.arrays import read_recording
from spinnlive.recording.export import export

EXPECTED = {
    (neuron): [float(tick) for tick in range(20) if tick % 3 == neuron] for neuron in range(3)
}


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """20 ticks; an injection of neurons 2 and 4 in the middle of tick 5; two snapshots."""
    trio.run(record, tmp_path / "run.mcap")
    return tmp_path / "run.mcap"


async def record(path: Path) -> None:
    story = Story(path)
    story.weights(0, 1.0)
    story.run(0, 5)
    story.wait(1.0)
    story.run(5, 20)
    story.now_s -= 15 * TICK_S - 0.5 * TICK_S
    story.inject(2, 4)
    story.weights(20, 2.5)
    await story.end(20)


def test_as_arrays(recorded: Path) -> None:
    run = read_recording(recorded)
    assert run.whole and run.end_ms == 20.0
    for neuron, times in EXPECTED.items():
        assert run.spikes["b"].times_ms[run.spikes["b"].neurons == neuron].tolist() == times
    assert run.injected["a"].neurons.tolist() == [2, 4]
    assert run.injected["a"].times_ms == pytest.approx([5.5, 5.5], abs=0.51)
    assert [each.tick for each in run.weights["a → b"]] == [0, 20]


def check_neo(block: Any) -> None:
    trains = {
        (t.annotations["direction"], t.annotations["population"], t.annotations["neuron"]): t
        for t in block.segments[0].spiketrains
    }
    for neuron, times in EXPECTED.items():
        assert trains["live", "b", neuron].rescale("ms").magnitude.tolist() == times
    assert len(trains["injected", "a", 2]) == 1
    assert len(trains["injected", "a", 0]) == 0
    [signal] = block.segments[0].irregularlysampledsignals
    assert signal.times.rescale("ms").magnitude.tolist() == [0.0, 20.0]
    assert signal.rescale("nA").magnitude.ravel().tolist() == [1.0, 2.5]
    assert list(np.ravel(signal.annotations["pre"])) == [0]


def test_neo_pickled(recorded: Path, tmp_path: Path) -> None:
    export(recorded, tmp_path / "run.pkl")
    check_neo(pickle.loads((tmp_path / "run.pkl").read_bytes()))


def test_neo_as_nix(recorded: Path, tmp_path: Path) -> None:
    pytest.importorskip("nixio")
    export(recorded, tmp_path / "run.nix")
    reader = neo.io.NixIO(str(tmp_path / "run.nix"), mode="ro")
    try:
        check_neo(reader.read_block())
    finally:
        reader.close()


def test_nwb(recorded: Path, tmp_path: Path) -> None:
    pynwb = pytest.importorskip("pynwb")
    export(recorded, tmp_path / "run.nwb")
    with pynwb.NWBHDF5IO(str(tmp_path / "run.nwb"), "r") as reader:
        file = reader.read()
        units = file.units.to_dataframe()
        for neuron, times in EXPECTED.items():
            row = units[(units.population == "b") & (units.neuron == neuron)].iloc[0]
            assert row.spike_times * 1000 == pytest.approx(times)
            assert row.direction == "live"
        [weights] = file.acquisition.values()
        assert weights.data[:].ravel() == pytest.approx([1e-9, 2.5e-9])
        assert weights.timestamps[:] == pytest.approx([0.0, 0.02])
        assert weights.unit == "A"


def test_arrays_of_numpy_by_the_command(recorded: Path, tmp_path: Path) -> None:
    target = tmp_path / "run.npz"
    result = CliRunner().invoke(main, ["export", str(recorded), str(target)])
    assert result.exit_code == 0, result.output
    with np.load(target) as arrays:
        assert arrays["b/live"].shape == (20, 2)
        assert arrays["a → b/weights"].tolist() == [[1.0], [2.5]]
    assert CliRunner().invoke(main, ["export", str(recorded), str(target)]).exit_code == 2


def test_an_unknown_format(recorded: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.nix, \.pkl, \.nwb, \.npz files, not to 'run\.txt'"):
        export(recorded, tmp_path / "run.txt")
