"""The bench's picture: how fast each network goes, and how the rates have changed from run to run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from spinnlive.bench.results import Results, rate

INK, SOFT = "#22262b", "#6b737c"
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
            axes.text(speed, place, f" {speed:.2f}", va="center", fontsize=9, color=SOFT)
    axes.axvline(1.0, color=INK, linewidth=1, linestyle=":")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.margins(x=0.15)
    axes.set_yticks(range(len(measured)), [each.network.title for each in measured])
    axes.invert_yaxis()
    axes.set_xlabel("emulated time / host time (1 is real time)")
    axes.set_title("How fast each network goes", loc="left", color=INK)
    axes.legend(loc="upper center", bbox_to_anchor=(0.4, -0.12), frameon=False, fontsize=9)


def _draw_history(axes: Axes, results: Results, history: Sequence[dict[str, Any]]) -> None:
    unicorn = results.unicorn is not None
    for each in results.measured:
        rates = [rate(line, each.network.name, unicorn) for line in history]
        known = [(number, value) for number, value in enumerate(rates, 1) if value is not None]
        axes.plot(*zip(*known, strict=True), marker="o", markersize=4, label=each.network.name)
    axes.set_ylim(bottom=0)
    axes.set_xlim(0.5, len(history) + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set_xlabel("run in the history")
    axes.set_ylabel("fast engine's MIPS" + (" / unicorn's" if unicorn else ""))
    axes.set_title("From run to run", loc="left", color=INK)
    axes.legend(frameon=False, fontsize=9)
