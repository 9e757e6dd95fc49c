"""The demo's picture: the pole, the spikes that hold it, and the weights that learn from them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from numpy.typing import NDArray

from spinnlive.demo.coding import VARIABLES
from spinnlive.demo.loop import CONTROL_TICKS, Trace
from spinnlive.demo.network import SIDES, TIMESTEP_MS, NetworkSpec
from spinnlive.demo.summary import DemoSummary

SIZE_PIXELS = (1600, 1200)
"""Width and height of the picture."""

DOTS_PER_INCH = 100

ZOOM_S = 2.0
"""Length of the stretch whose spikes are shown one by one (s)."""

MINUS = "\N{MINUS SIGN}"

INK, SOFT, FAINT = "#22262b", "#6b737c", "#dfe3e6"
LEFT_COLOUR, RIGHT_COLOUR = "#2a6ca8", "#d0602a"
SIDE_COLOURS = (LEFT_COLOUR, RIGHT_COLOUR)
SIDE_MAP = LinearSegmentedColormap.from_list("side", [LEFT_COLOUR, "#f7f7f5", RIGHT_COLOUR])

STYLE: Any = {
    "font.size": 11.5,
    "font.family": "DejaVu Sans",
    "text.color": INK,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
}


def draw(trace: Trace, spec: NetworkSpec, summary: DemoSummary, path: Path) -> None:
    """Draw the picture and write it as PNG to ``path``."""
    from matplotlib import rc_context

    with rc_context(STYLE):
        width, height = (pixels / DOTS_PER_INCH for pixels in SIZE_PIXELS)
        figure = Figure(figsize=(width, height), dpi=DOTS_PER_INCH, facecolor="white")
        FigureCanvasAgg(figure)
        grid = GridSpec(
            3,
            2,
            figure,
            height_ratios=(1.8, 3.1, 2.3),
            width_ratios=(1.75, 1.0),
            left=0.105,
            right=0.965,
            top=0.875,
            bottom=0.06,
            hspace=0.34,
            wspace=0.17,
        )
        upper = grid[0, :].subgridspec(2, 1, height_ratios=(1.6, 1.0), hspace=0.34)
        _headline(figure, summary)
        zoom = _zoom(trace)
        angle = figure.add_subplot(upper[0])
        _state(angle, trace, 2, 180.0 / np.pi, "pole angle (°)", zoom, "falls at ±12°")
        _episode_names(angle, trace)
        position = figure.add_subplot(upper[1], sharex=angle)
        _state(position, trace, 0, 1.0, "cart (m)", zoom, "track ends at ±2.4 m")
        angle.tick_params(labelbottom=False)
        position.set_xlabel("biological time (s)")
        _raster(figure.add_subplot(grid[1, :]), trace, spec, zoom)
        _learned_map(figure, figure.add_subplot(grid[2, 0]), trace, spec)
        _weights(figure.add_subplot(grid[2, 1]), trace, spec)
        figure.savefig(path, format="png")


def _headline(figure: Figure, summary: DemoSummary) -> None:
    figure.text(
        0.035,
        0.955,
        "A spiking network on SpiNNaker balances a pole",
        fontsize=22,
        fontweight="bold",
    )
    facts = (
        f"{summary.balanced_s:.1f} s without a fall",
        f"loop latency {summary.latency_p50_ms:.1f} ms (p99 {summary.latency_p99_ms:.1f} ms)",
        f"board at {summary.board_speed_mean:.2f} of real time",
        f"{summary.spikes_out.seen:,} live spikes, {summary.spikes_out.lost:,} lost",
    )
    figure.text(0.035, 0.922, "   ·   ".join(facts), fontsize=13, color=SOFT)


def _seconds(ticks: NDArray[Any] | Sequence[int]) -> NDArray[np.float64]:
    return np.asarray(ticks, float) * TIMESTEP_MS / 1000.0


def _zoom(trace: Trace) -> tuple[float, float]:
    """Choose the last stretch of the run, so that the plastic pathway has learned."""
    end = float(_seconds([trace.states[-1][0]])[0])
    return max(0.0, end - ZOOM_S), end


def _state(
    axes: Axes,
    trace: Trace,
    variable: int,
    scale: float,
    label: str,
    zoom: tuple[float, float],
    limit: str,
) -> None:
    """Draw one state variable over the run, with the ends of episodes and the stretch below."""
    times = _seconds([tick for tick, _ in trace.states])
    values = np.array([state[variable] for _, state in trace.states]) * scale
    start = 0
    for end in _episode_ends(trace):
        # the first state of an episode is that of its reset: no line from the one before
        axes.plot(times[start:end], values[start:end], color=INK, linewidth=1.2)
        start = end
        if end < len(times) - 1:
            axes.axvline(times[end], color=SOFT, linewidth=0.9, linestyle=(0, (4, 3)))
    axes.axhline(0.0, color=FAINT, linewidth=1.0, zorder=0)
    axes.axvspan(*zoom, color=FAINT, alpha=0.6, linewidth=0, zorder=0)
    reach = 1.15 * max(float(np.abs(values).max()), 1e-3)
    axes.set_ylim(-reach, reach)
    axes.set_xlim(0.0, times[-1])
    axes.locator_params(axis="x", nbins=11, steps=[1, 2, 5, 10])
    axes.set_ylabel(label, labelpad=8)
    axes.yaxis.set_label_coords(-0.055, 0.5)
    axes.text(1.0, 1.04, limit, transform=axes.transAxes, ha="right", fontsize=10, color=SOFT)


def _episode_ends(trace: Trace) -> list[int]:
    """Give, for each episode, the place in ``trace.states`` just behind its last state.

    That is where the next one begins; after the last episode, if it was not cut short, the next
    one's first state is left over.
    """
    ends = np.cumsum([episode.steps for episode in trace.episodes])
    if trace.episodes[-1].ending == "stopped":
        ends[-1] = len(trace.states)
    return [int(end) for end in ends]


def _episode_names(axes: Axes, trace: Trace) -> None:
    times = _seconds([tick for tick, _ in trace.states])
    starts = [0, *_episode_ends(trace)[:-1]]
    for number, (start, episode) in enumerate(zip(starts, trace.episodes, strict=True), 1):
        what = {"fell": "fell", "whole": "stood to its end", "stopped": "still standing"}
        seconds = episode.steps * CONTROL_TICKS * TIMESTEP_MS / 1000.0
        axes.annotate(
            f"episode {number}: {seconds:.1f} s, {what[episode.ending]}",
            (times[start], 1.0),
            (5, 4),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            color=SOFT,
            fontsize=10.5,
            annotation_clip=False,
        )


def _raster(axes: Axes, trace: Trace, spec: NetworkSpec, zoom: tuple[float, float]) -> None:
    """Draw each spike of the stretch: sensors as sent, motors as received."""
    bank = spec.bank
    row = 0
    marks: list[tuple[float, str]] = []
    for side in (1, 0):
        ticks, ids = _events(trace.received[SIDES[side]], zoom)
        axes.scatter(
            _seconds(ticks), row + ids, s=16, marker="|", linewidths=1.5, color=SIDE_COLOURS[side]
        )
        marks.append((row + (spec.motor_neurons - 1) / 2, f"{SIDES[side]} motor"))
        row += spec.motor_neurons + 1
    ticks, ids = _events(trace.sent, zoom)
    for variable in reversed(range(len(VARIABLES))):
        first = variable * bank.neurons
        own = (ids >= first) & (ids < first + bank.neurons)
        axes.scatter(
            _seconds(ticks[own]),
            row + ids[own] - first,
            s=15,
            marker="|",
            linewidths=1.0,
            color=INK,
        )
        marks += _variable_marks(variable, row, bank.neurons)
        row += bank.neurons + 2
    places, names = zip(*marks, strict=True)
    axes.set_yticks(places, names)
    axes.tick_params(axis="y", length=0)
    for label, colour in zip(axes.get_yticklabels(), reversed(SIDE_COLOURS), strict=False):
        label.set_color(colour)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(-1.5, row)
    axes.set_xlim(*zoom)
    axes.set_xlabel("biological time (s): the shaded stretch above")
    axes.set_title(
        "Spikes: what the sensors tell, and what the motors answer",
        loc="left",
        fontsize=13,
        fontweight="bold",
    )


def _events(
    batches: Sequence[tuple[int, NDArray[np.int64]]], zoom: tuple[float, float]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give ticks and ids of the spikes within the stretch (s), one entry each."""
    first, last = (1000.0 * end / TIMESTEP_MS for end in zoom)
    kept = [(tick, ids) for tick, ids in batches if first <= tick <= last]
    if not kept:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    ticks = np.concatenate([np.full(len(ids), tick) for tick, ids in kept])
    return ticks, np.concatenate([ids for _, ids in kept])


def _variable_marks(variable: int, row: int, size: int) -> list[tuple[float, str]]:
    """Name the rows of a variable's sensors: lowest, all, highest preferred value."""
    return [(row, MINUS), (row + (size - 1) / 2, VARIABLES[variable]), (row + size - 1, "+")]


def _learned_map(figure: Figure, axes: Axes, trace: Trace, spec: NetworkSpec) -> None:
    """Draw over time which motor each sensor neuron's plastic synapses have come to favour."""
    left, right = trace.weights
    count = min(len(left), len(right))
    push = np.array(
        [right[place][1].mean(axis=1) - left[place][1].mean(axis=1) for place in range(count)]
    )
    times = _seconds([tick for tick, _ in left[:count]])
    size = spec.bank.neurons
    gap = 1
    rows = np.full((len(VARIABLES) * (size + gap) - gap, count), np.nan)
    marks: list[tuple[float, str]] = []
    for variable in range(len(VARIABLES)):
        start = (len(VARIABLES) - 1 - variable) * (size + gap)
        rows[start : start + size] = 1000.0 * push[:, variable * size : (variable + 1) * size].T
        marks += _variable_marks(variable, start, size)
    limit = 1000.0 * spec.plastic_max
    edges = np.append(times, times[-1] + (times[-1] - times[-2] if count > 1 else 0.2))
    mesh = axes.pcolormesh(
        edges,
        np.arange(len(rows) + 1) - 0.5,
        rows,
        cmap=SIDE_MAP,
        vmin=-limit,
        vmax=limit,
        rasterized=True,
    )
    places, names = zip(*marks, strict=True)
    axes.set_yticks(places, names)
    axes.tick_params(axis="y", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_xlabel("biological time (s)")
    axes.set_title(
        "Learned by STDP: which way each sensor pushes", loc="left", fontsize=13, fontweight="bold"
    )
    bar = figure.colorbar(mesh, ax=axes, pad=0.015, fraction=0.035, ticks=[-limit, 0, limit])
    bar.ax.set_yticklabels([f"left\n{limit:.0f} pA", "0", f"right\n{limit:.0f} pA"], fontsize=10)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0)


def _weights(axes: Axes, trace: Trace, spec: NetworkSpec) -> None:
    """Draw every plastic weight over time as a thin line, and the mean."""
    means = []
    for snapshots, colour in zip(trace.weights, SIDE_COLOURS, strict=True):
        times = _seconds([tick for tick, _ in snapshots])
        weights = 1000.0 * np.array([matrix.ravel() for _, matrix in snapshots])
        axes.plot(times, weights, color=colour, linewidth=0.5, alpha=0.1)
        means.append((times, weights.mean(axis=1)))
    count = min(len(times) for times, _ in means)
    mean = np.mean([values[:count] for _, values in means], axis=0)
    axes.plot(means[0][0][:count], mean, color=INK, linewidth=2.2)
    axes.annotate(
        "mean",
        (means[0][0][count - 1], mean[-1]),
        (-4, 7),
        textcoords="offset points",
        ha="right",
        fontweight="bold",
    )
    for side, colour, height in zip(SIDES, SIDE_COLOURS, (0.93, 0.86), strict=True):
        axes.text(0.04, height, f"to the {side} motor", transform=axes.transAxes, color=colour)
    axes.set_xlim(0.0, means[0][0][count - 1])
    axes.set_ylim(0.0, 1000.0 * spec.plastic_max)
    axes.set_ylabel("weight (pA)")
    axes.set_xlabel("biological time (s)")
    axes.set_title("Every plastic synapse", loc="left", fontsize=13, fontweight="bold")
