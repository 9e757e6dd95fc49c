"""``spinnlive run``: arguments, exit codes, figures, settings and limits, as the script's author sees
them."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

SHARED = Path(__file__).parents[3] / "shared" / "acceptance"

NETWORK = """
import pyNN.spiNNaker as p
p.setup(timestep={timestep})
source = p.Population(2, p.SpikeSourceArray, {{"spike_times": [[1.0], [3.0]]}}, label="in")
cells = p.Population(2, p.IF_curr_exp, {{}}, label="out")
p.Projection(source, cells, p.OneToOneConnector(weights=5.0, delays=1.0))
cells.record()
cells.record_v()
p.run(20)
print(cells.getSpikes().tolist())
"""


@pytest.fixture
def script(tmp_path: Path) -> Any:
    def write(text: str, name: str = "script.py") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def test_a_script_is_run_as_python_runs_it(run: Any, script: Any) -> None:
    script("value = 42\n", "beside.py")
    path = script(
        "import sys, beside\n"
        "print(__name__, sys.argv[1:], beside.value, 'spynnaker' in sys.modules)\n"
    )
    done = run(path, "--own", "-v", "x")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "__main__ ['--own', '-v', 'x'] 42 False\n"


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("import sys; sys.exit(7)", 7, ""),
        ("import sys; sys.exit()", 0, ""),
        ("import sys; sys.exit('no luck')", 1, "no luck\n"),
    ],
)
def test_the_exit_code_is_the_scripts(
    run: Any, script: Any, text: str, code: int, said: str
) -> None:
    done = run(script(text))
    assert (done.returncode, done.stderr) == (code, said)


def test_an_exception_shows_the_scripts_own_lines(run: Any, script: Any) -> None:
    path = script("def f():\n    raise KeyError('gone')\n\nf()\n")
    done = run(path)
    assert done.returncode == 1
    assert f'File "{path}", line 4' in done.stderr
    assert "KeyError: 'gone'" in done.stderr
    assert "runpy" not in done.stderr
    assert "spinnlive" not in done.stderr


def test_figures_are_saved_as_they_are_shown(run: Any, script: Any, tmp_path: Path) -> None:
    path = script(
        "import pylab\n"
        "pylab.plot([1, 2]); pylab.show()\n"
        "print(pylab.get_fignums())\n"
        "pylab.figure(); pylab.figure(); pylab.show(block=True)\n",
        "drawing.py",
    )
    done = run("--plot", tmp_path / "new" / "figures", path)
    assert (done.returncode, done.stdout) == (0, "[]\n")
    saved = sorted((tmp_path / "new" / "figures").iterdir())
    assert [each.name for each in saved] == ["drawing-1.png", "drawing-2.png", "drawing-3.png"]
    assert all(each.read_bytes().startswith(b"\x89PNG") for each in saved)
    done = run(path)
    assert (done.returncode, done.stderr) == (0, "")
    done = run("--plot", "show", path)
    assert done.returncode == 2
    assert "no display" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--record", "data.txt"], ".npz and .pkl"),
        (["--record", "nowhere/data.npz"], "no folder nowhere"),
        (["--time-scale-factor", "0"], "0 is not in the range"),
    ],
)
def test_options_that_cannot_be(
    run: Any, script: Any, arguments: list[str], complaint: str
) -> None:
    done = run(*arguments, script("print('not reached')"))
    assert done.returncode == 2
    assert complaint in done.stderr
    assert done.stdout == ""


@pytest.mark.board
def test_a_network_its_data_and_its_pace(run: Any, script: Any, tmp_path: Path) -> None:
    path = script(NETWORK.format(timestep=0.1))
    done = run("--record", tmp_path / "data.npz", path)
    assert done.returncode == 0, done.stderr
    assert "20 ms of biological time" in done.stderr
    assert "timeScaleFactor 10 (not set)" in done.stderr
    assert "warning" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
    data = np.load(tmp_path / "data.npz")
    assert sorted(data) == ["out/spikes", "out/v"]
    assert data["out/spikes"].tolist() == eval(done.stdout)
    assert data["out/v"].shape == (2 * 200, 3)
    np.testing.assert_allclose(data["out/v"][:200, 1], np.arange(200) * 0.1)
    assert list(tmp_path.glob("home/*")) == list(tmp_path.glob("here/*")) == []


@pytest.mark.board
def test_neo_blocks_and_a_forced_factor(run: Any, script: Any, tmp_path: Path) -> None:
    (tmp_path / "here" / "spynnaker.cfg").write_text(
        "[Machine]\nmachineName = None\nversion = 3\nmachineTimeStep = 1000\ntimeScaleFactor = 2\n"
    )
    path = script(NETWORK.format(timestep="None"))
    done = run("--record", tmp_path / "data.pkl", path)
    assert done.returncode == 0, done.stderr
    assert "timeScaleFactor 2 (set to 2 by the cfg)" in done.stderr
    blocks = pickle.loads((tmp_path / "data.pkl").read_bytes())
    assert [block.name for block in blocks] == ["out"]
    signal = blocks[0].segments[0].filter(name="v")[0]
    assert signal.shape == (20, 2)  # a millisecond, from the cfg
    done = run("--time-scale-factor", "3", path)
    assert "timeScaleFactor 3 (set to 3 by the command line)" in done.stderr


@pytest.mark.board
def test_too_big_a_network_says_what_would_do(run: Any, script: Any) -> None:
    path = script(
        "import pyNN.spiNNaker as p\n"
        "p.setup(timestep=1.0)\n"
        "p.set_number_of_neurons_per_core(p.IF_curr_exp, 10)\n"
        "p.Population(900, p.IF_curr_exp, {}, label='many')\n"
        "p.run(1)\n"
    )
    done = run(path)
    assert done.returncode == 1
    assert done.stderr == (
        f"spinnlive: {path}, line 5: the network needs 90 cores, the machine has 68 (on 4 chips). "
        "A SpiNN-5 has 816 (on 48 chips): `spinnlive run --chips 48` emulates one; or put more "
        "neurons on a core with set_number_of_neurons_per_core(), up to 256\n"
    )


@pytest.mark.board
def test_too_many_neurons_on_a_core_are_named(run: Any, script: Any) -> None:
    path = script(
        "import pyNN.spiNNaker as p\n"
        "p.setup(timestep=1.0)\n"
        "p.set_number_of_neurons_per_core(p.IF_curr_exp, 300)\n"
        "p.set_number_of_neurons_per_core('SpikeSourcePoisson', 501)\n"
    )
    done = run(path)
    assert done.returncode == 1
    assert "too many neurons on a core: 300 of IFCurrExpBase were asked for, 256" in done.stderr
    assert (
        "line 4: 501 neurons of SpikeSourcePoisson on a core: a core holds 1 to 500" in done.stderr
    )


def shared(name: str) -> Path:
    path = SHARED / name
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    return path


@pytest.mark.board
def test_the_first_script_of_the_workshop(run: Any, tmp_path: Path) -> None:
    folder = tmp_path / "figures"
    done = run("--plot", folder, "--record", tmp_path / "data.npz", shared("1_simple_network.py"))
    assert done.returncode == 0, done.stderr
    assert len(list(folder.iterdir())) == 2
    data = np.load(tmp_path / "data.npz")
    spikes, v = data["pop_1/spikes"], data["pop_1/v"]
    assert spikes.tolist() in ([[0.0, 7.0]], [[0.0, 8.0]])
    assert v[:, 1].tolist() == list(range(10))
    # 5 nA that decay with 5 ms drive a membrane of 20 ms and 1 nF, from -65 mV
    since = v[:, 1] - 1.0
    rise = 5.0 * 20.0 * 5.0 / (20.0 - 5.0) * (np.exp(-since / 20.0) - np.exp(-since / 5.0))
    below = slice(1, 8)
    np.testing.assert_allclose(v[below, 2], -65.0 + rise[below], atol=0.02)


@pytest.mark.board
def test_the_last_script_of_the_workshop(run: Any, tmp_path: Path) -> None:
    done = run("--plot", tmp_path, shared("3_stdp.py"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "3_stdp-1.png").is_file()
    weights = np.asarray([float(each) for each in done.stdout.strip(" []\n").split()])
    assert len(weights) == 100
    assert weights.min() >= 0.0 and weights.max() == 5.0
    np.testing.assert_allclose(weights * 2048, np.round(weights * 2048), atol=1e-4)
    # single runs gave 27 to 36 at the maximum, and a mean of 4.05 to 4.29
    assert np.count_nonzero(weights == 5.0) >= 12
    assert weights.mean() > 3.5


@pytest.mark.board
def test_a_script_of_the_workshop_without_a_run(run: Any) -> None:
    done = run(shared("1b_neurons_per_core.py"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
