"""The bench's picture: how fast each network goes, and how the rates have changed from run to run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from spinnlive.bench.results import Results, rate

INK, SOFT = "#22262b", "#6b737c"
REAL_TIME = 1.0
TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)
"""Of the speeds' axis; those out of sight stay there."""

TITLE_COLUMNS = 28
"""Width of a network's title (characters)."""

MOST_RUNS_NAMED = 12
"""So many of the history's runs have their number on the axis."""

PLAIN, FAST, THREADED = "#b9c1c9", "#2a6ca8", "#d0602a"
STYLE: Any = {
    "font.size": 10.5,
    "font.family": "DejaVu Sans",
    "text.color": INK,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": SOFT,
    "ytick.color": INK,
}


def draw(results: Results, history: Sequence[dict[str, Any]], file: Path) -> None:
    """Draw the picture and write it as PNG. ``history`` ends with this run's line."""
    with rc_context(STYLE):
        figure = Figure(figsize=(12, 6), dpi=110, facecolor="white", layout="constrained")
        FigureCanvasAgg(figure)
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        _draw_speeds(left, results)
        _draw_history(right, results, history)
        figure.savefig(file)


def _draw_speeds(axes: Axes, results: Results) -> None:
    measured = results.measured
    for shift, colour, label, speeds in (
        (-0.27, PLAIN, "plain engine, one host core", [each.plain.core_speed for each in measured]),
        (0.0, FAST, "fast engine, one host core", [each.fast.core_speed for each in measured]),
        (
            0.27,
            THREADED,
            "fast engine, all host cores, by the clock",
            [each.threaded.wall_speed for each in measured],
        ),
    ):
        places = [place + shift for place in range(len(measured))]
        axes.barh(places, speeds, height=0.25, color=colour, label=label)
        for place, speed in zip(places, speeds, strict=True):
            axes.annotate(
                f"{speed:.2f}",
                (speed, place),
                (5, 0),
                textcoords="offset points",
                va="center",
                fontsize=9,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
            )
    axes.axvline(REAL_TIME, color=INK, linewidth=1, linestyle=":", zorder=0)
    axes.set_xscale("log")
    axes.set_xticks(TICKS, [f"{tick:g}" for tick in TICKS])
    axes.minorticks_off()
    axes.margins(x=0.15)
    titles = [fill(each.network.title, TITLE_COLUMNS) for each in measured]
    axes.set_yticks(range(len(measured)), titles)
    axes.invert_yaxis()
    axes.set_xlabel("emulated time / host time (1 is real time)")
    axes.set_title("How fast each network goes", loc="left", color=INK)
    axes.legend(loc="upper left", bbox_to_anchor=(-0.02, -0.12), frameon=False, fontsize=9)


def _draw_history(axes: Axes, results: Results, history: Sequence[dict[str, Any]]) -> None:
    unicorn = results.unicorn is not None
    for each in results.measured:
        rates = [rate(line, each.network.name, unicorn) for line in history]
        known = [(number, value) for number, value in enumerate(rates, 1) if value is not None]
        axes.plot(*zip(*known, strict=True), marker="o", markersize=4, label=each.network.name)
    axes.set_ylim(bottom=0)
    axes.set_xlim(0.5, len(history) + 0.5)
    step = 1 + len(history) // MOST_RUNS_NAMED
    runs = range(len(history), 0, -step)
    axes.set_xticks(runs, [str(run) for run in runs])
    axes.set_xlabel("run in the history, the last one being this")
    axes.set_ylabel("fast engine's MIPS" + (" / unicorn's" if unicorn else ""))
    axes.set_title("From run to run", loc="left", color=INK)
    axes.legend(loc="upper left", bbox_to_anchor=(-0.02, -0.12), frameon=False, fontsize=9, ncols=3)
