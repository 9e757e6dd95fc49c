"""The demo from start to end: build the network, balance the pole live, sum up, draw the
picture."""

from __future__ import annotations

import math
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import trio

import spinnlive
from spinnlive.demo.loop import CONTROL_TICKS, close_the_loop
from spinnlive.demo.network import TIMESTEP_MS, DemoNetwork, NetworkSpec, build
from spinnlive.demo.summary import DemoSummary, Spikes, summarise
from spinnlive.errors import UsageError

ENVIRONMENT = "CartPole-v1"
"""Gymnasium's name of the environment; an episode of it has at most 500 steps, 10 s."""

DEFAULT_SECONDS = 20.0
"""How long the pole is to stand: two full episodes (s of biological time)."""


async def run_demo(
    *,
    seconds: float = DEFAULT_SECONDS,
    board: Any = None,
    picture: Path | None = None,
    seed: int = 1,
    progress: bool = True,
) -> DemoSummary:
    """Balance Gymnasium's CartPole by a spiking network on a board, and say how it went.

    ``seconds``: for how long, in biological time; falls are counted, and the demo goes on.
    ``board``: as for `open_live`, an emulated board by default. ``picture``: where to write the
    figure (PNG), if anywhere. ``seed``: of the environment, the sensors and the first weights.
    ``progress``: show how far it is on the terminal.

    Raises `UsageError` for a duration under one step of 20 ms or without end, a negative seed, a
    picture in no folder, or when the demo's packages are missing, and what `open_live` raises.
    Cancelling it stops the network and the board it started.
    """
    if not math.isfinite(seconds):
        raise UsageError(f"seconds is {seconds}; the demo needs an end, such as 20")
    steps = round(seconds * 1000.0 / (CONTROL_TICKS * TIMESTEP_MS))
    if steps < 1:
        raise UsageError(f"seconds is {seconds}; the demo takes at least one step of 0.02 s")
    if seed < 0:
        raise UsageError(f"seed is {seed}; it must be 0 or more")
    _check_folder(picture)
    gymnasium, figure, display = _extras()
    sim = _simulator()
    sim.setup(timestep=TIMESTEP_MS)
    try:
        network = build(sim, NetworkSpec(), seed)
        environment = gymnasium.make(ENVIRONMENT)
        async with spinnlive.open_live(sim, board=board, progress=progress) as live:
            with display.progress_line(steps, shown=progress) as show:
                trace = await close_the_loop(
                    live, network, environment, steps=steps, seed=seed, progress=show
                )
        environment.close()
        recorded = await trio.to_thread.run_sync(_recorded, network)
    finally:
        await trio.to_thread.run_sync(sim.end)
    summary = summarise(
        trace,
        network.spec,
        recorded,
        environment=ENVIRONMENT,
        sensors=network.sensors.label,
        picture=picture,
    )
    if picture is not None:
        await trio.to_thread.run_sync(figure.draw, trace, network.spec, summary, picture)
    return summary


def _check_folder(picture: Path | None) -> None:
    """Raise `UsageError` now rather than after the run when the picture cannot be written."""
    if picture is not None and not picture.absolute().parent.is_dir():
        raise UsageError(f"there is no folder {picture.absolute().parent} to write the picture to")


def _simulator() -> ModuleType:
    # here and not above: importing sPyNNaker takes seconds, which a missing extra should not cost
    return import_module("pyNN.spiNNaker")


def _extras() -> tuple[ModuleType, ModuleType, ModuleType]:
    """Import what only the demo needs; raises `UsageError` naming what to install."""
    try:
        import gymnasium

        from spinnlive.demo import display, figure
    except ImportError as error:
        raise UsageError(
            f"the demo needs the package {error.name!r}: pip install 'spinnlive[demo]'"
        ) from error
    return gymnasium, figure, display


def _recorded(network: DemoNetwork) -> dict[str, Spikes]:
    """Read the board's own recordings, as (tick, ids) of every tick with a spike."""
    populations = (*network.watched, network.sensors)
    return {population.label: _spikes(population) for population in populations}


def _spikes(population: Any) -> Spikes:
    trains = population.get_data("spikes").segments[0].spiketrains
    ticks = [np.rint(np.asarray(train.rescale("ms")) / TIMESTEP_MS).astype(int) for train in trains]
    by_tick: dict[int, list[int]] = {}
    for neuron, fired in enumerate(ticks):
        for tick in fired:
            by_tick.setdefault(int(tick), []).append(neuron)
    return [(tick, np.array(ids)) for tick, ids in sorted(by_tick.items())]
