"""What becomes of the figures that a script shows: a window, a PNG, or nothing."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spinnlive.errors import UsageError

BACKEND = "module://spinnlive.script.backend"

SHOW = "show"
"""The value of ``--plot`` that opens windows; any other is a folder."""


@dataclass(slots=True)
class Album:
    """Where figures are saved (None: nowhere), the start of their names, and those saved so far."""

    folder: Path | None = None
    stem: str = "figure"
    saved: list[Path] = field(default_factory=list)


_album = Album()


def arrange(plot: str | None, stem: str) -> Album:
    """Say what ``show()`` is to do, before the script imports matplotlib.

    ``plot``: ``"show"``, a folder, or None: windows where there is a display, otherwise nothing.
    A script that chooses a backend of its own keeps it. Raises UsageError when windows are asked
    for and there is no display.
    """
    global _album
    _album = Album(None if plot in (None, SHOW) else Path(str(plot)), stem)
    if plot == SHOW and not has_display():
        raise UsageError(
            "there is no display to show figures on: --plot FOLDER saves them as PNG instead"
        )
    if _album.folder is not None or (
        plot is None and not has_display() and "MPLBACKEND" not in os.environ
    ):
        os.environ["MPLBACKEND"] = BACKEND
    return _album


def has_display() -> bool:
    """Say whether a window could open."""
    if sys.platform in ("darwin", "win32"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def keep(figure: Any) -> None:
    """Save a shown figure as ``STEM-N.png``, N from 1 in the order of showing, if there is a
    folder."""
    if _album.folder is None:
        return
    _album.folder.mkdir(parents=True, exist_ok=True)
    path = _album.folder / f"{_album.stem}-{len(_album.saved) + 1}.png"
    figure.savefig(path)
    _album.saved.append(path)
