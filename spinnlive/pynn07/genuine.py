"""Today's `pyNN.spiNNaker` as sPyNNaker ships it, on which the whole dialect stands.

Importing this module imports sPyNNaker, which takes seconds, and needs `install` not to have
replaced the module yet; `install` itself sees to that.
"""

from __future__ import annotations

import importlib
from typing import Any

sim: Any = importlib.import_module("pyNN.spiNNaker")
"""The genuine module: its public names only are used in this package."""
