"""Matplotlib's cache of fonts, made once: sPyNNaker imports matplotlib, and a process with an empty HOME would make the
cache anew, which takes seconds, and on a busy machine says so on stderr."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import tempfile
from pathlib import Path


@functools.cache
def fonts() -> str:
    """Give the folder for ``MPLCONFIGDIR``; it is kept from one session of tests to the next."""
    folder = Path(tempfile.gettempdir()) / f"spinnlive-tests-matplotlib-{os.getuid()}"
    if not any(folder.glob("fontlist*.json")):
        subprocess.run(
            [sys.executable, "-c", "import matplotlib.font_manager"],
            env={**os.environ, "MPLCONFIGDIR": str(folder)},
            capture_output=True,
            check=True,
            timeout=300,
        )
    return str(folder)
