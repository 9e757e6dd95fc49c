"""Where the board program keeps what SCAMP's boot image has become, so that a board starts booted at once.

The files are the program's alone (c_realtime/host/bootcache.c): it takes one only if it was written by the very same
build, from the same image, for the same boards and addresses, and in a folder that nobody else can write to. A machine
that comes out of one is bit for bit the one that boots now would be. Deleting them costs nothing but time.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

CACHE_VARIABLE = "SPINNLIVE_BOOT_CACHE"
"""Environment variable that names another folder for booted machines; empty for none."""


def boot_cache() -> Path | None:
    """The folder, made if need be: ``spinnlive/booted`` in the user's cache folder. None if there is none to be had."""
    named = os.environ.get(CACHE_VARIABLE)
    if named == "":
        return None
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    folder = Path(named) if named else Path(caches).expanduser() / "spinnlive" / "booted"
    with suppress(OSError, RuntimeError):  # a read-only home, or none
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder
    return None
