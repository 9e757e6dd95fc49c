"""For users' own tests: a live run that a script plays, and emulated boards with faults.

* `scripted`: `open_scripted`, the public interface of a live run without board and toolchain, on
  trio's clock (with its mock clock, hours pass at once)
* `weights`: the weights that a script gives
* `boards`: faults for a while
* `plugin`: fixtures for pytest: ``pytest_plugins = ["spinnlive.testing.plugin"]`` in a conftest.py

See docs/testing.md.
"""

from spinnlive.boards.emulated import EmulatedBoard
from spinnlive.testing.boards import suffering
from spinnlive.testing.scripted import Network, ScriptedRun, open_scripted
from spinnlive.testing.weights import Weights

__all__ = ["EmulatedBoard", "Network", "ScriptedRun", "Weights", "open_scripted", "suffering"]
