"""``sim.setup()`` without a cfg file works, writes nothing, says nothing; a user's cfg still wins.

Each test has a process of its own, because sPyNNaker keeps its settings for ever.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fonts import fonts

LOOK = """
sim.setup(timestep=1.0)
pop = sim.Population(3, sim.IF_curr_exp(), label="pop")
from spinn_utilities.config_holder import get_config_str_or_none as option
import json
print(json.dumps({
    "machine": option("Machine", "machine_name"),
    "version": option("Machine", "version"),
    "monitors": option("Machine", "enable_advanced_monitor_support"),
    "scale": option("Machine", "time_scale_factor"),
}))
"""


def run(folder: Path, imports: str, code: str = LOOK) -> tuple[dict[str, Any], str]:
    """Run a script with its own HOME and working directory; give what it printed and said."""
    home, here = folder / "home", folder / "here"
    home.mkdir(exist_ok=True)
    here.mkdir(exist_ok=True)
    environment = {
        **os.environ,
        "HOME": str(home),
        "MPLCONFIGDIR": fonts(),
    }
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", imports + code],
        cwd=here,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


@pytest.mark.parametrize(
    "imports",
    [
        "import spinnlive\nimport pyNN.spiNNaker as sim\n",
        "import pyNN.spiNNaker as sim\nimport spinnlive\n",
    ],
    ids=["spinnlive first", "sPyNNaker first"],
)
def test_an_empty_home_is_enough_and_stays_empty(tmp_path: Path, imports: str) -> None:
    values, said = run(tmp_path, imports)
    assert values == {"machine": None, "version": None, "monitors": "False", "scale": None}
    assert said == ""
    assert list((tmp_path / "home").iterdir()) == []
    assert list((tmp_path / "here").iterdir()) == []


def test_a_users_cfg_wins_over_ours_and_the_working_directory_over_home(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "here").mkdir()
    (tmp_path / "home" / ".spynnaker.cfg").write_text(
        "[Machine]\nmachineName = 10.1.1.1\nversion = 5\nenable_advanced_monitor_support = True\n"
    )
    (tmp_path / "here" / "spynnaker.cfg").write_text("[Machine]\nmachineName = 10.1.1.2\n")
    values, _ = run(tmp_path, "import spinnlive\nimport pyNN.spiNNaker as sim\n")
    assert values == {"machine": "10.1.1.2", "version": "5", "monitors": "True", "scale": None}


def test_a_hidden_cfg_in_the_working_directory_stands_between_them(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "here").mkdir()
    (tmp_path / "home" / ".spynnaker.cfg").write_text(
        "[Machine]\nmachine_name = 10.1.1.1\nversion = 5\ntimeScaleFactor = 4\n"
    )
    (tmp_path / "here" / ".spynnaker.cfg").write_text(
        "[Machine]\nmachineName = 10.1.1.2\ntime_scale_factor = 3\n"
    )
    (tmp_path / "here" / "spynnaker.cfg").write_text("[Machine]\nmachine_name = 10.1.1.3\n")
    values, _ = run(tmp_path, "import spinnlive\nimport pyNN.spiNNaker as sim\n")
    assert values == {"machine": "10.1.1.3", "version": "5", "monitors": "False", "scale": "3"}


def test_importing_spinnlive_does_not_import_spynnaker(tmp_path: Path) -> None:
    code = """
import json, sys
print(json.dumps({"heavy": [m for m in ("spynnaker", "pyNN", "scipy") if m in sys.modules]}))
"""
    values, _ = run(tmp_path, "import spinnlive\n", code)
    assert values == {"heavy": []}
