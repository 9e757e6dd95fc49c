"""A matplotlib backend without a display, on which ``show()`` saves the figures or drops them.

Chosen by name, ``module://spinnlive.script.backend``; see `spinnlive.script.figures`.
"""

from __future__ import annotations

from typing import Any

from matplotlib._pylab_helpers import Gcf
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg

from spinnlive.script import figures


class FigureManager(FigureManagerBase):
    """Shows figures by saving them."""

    @classmethod
    def pyplot_show(cls, *, block: bool | None = None) -> None:
        """Save every open figure, then close it, as a reader closes its window."""
        for manager in Gcf.get_all_fig_managers():
            figures.keep(manager.canvas.figure)
        Gcf.destroy_all()


class FigureCanvas(FigureCanvasAgg):
    """Draws into memory."""

    manager_class: Any = FigureManager
