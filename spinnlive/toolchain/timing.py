"""The time step and timeScaleFactor of a network: what was asked for, where, and what is used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from spinnlive.toolchain import defaults, private

MACHINE = "Machine"

_forced: int | None = None
_asked: TimeScale | None = None


@dataclass(frozen=True, slots=True)
class TimeScale:
    """A timeScaleFactor that was asked for, and where: "the command line", "setup()", "the cfg"."""

    factor: float
    where: str


def force_time_scale_factor(factor: int) -> None:
    """Use this timeScaleFactor in every network from now on, whatever cfg and script say."""
    global _forced
    _forced = factor
    defaults.override(MACHINE, "time_scale_factor", str(factor))


def setup(sim_setup: Callable[..., Any], *args: Any, **keywords: Any) -> int:
    """Call ``sim.setup()`` with the forced timeScaleFactor, if there is one, and note what was
    asked for."""
    global _asked
    given = keywords.get("time_scale_factor")
    if _forced is not None:
        keywords["time_scale_factor"] = _forced
    rank = sim_setup(*args, **keywords)
    if _forced is not None:
        _asked = TimeScale(_forced, "the command line")
    elif given is not None:
        _asked = TimeScale(given, "setup()")
    else:
        _asked = _from_cfg()
    return int(rank)


def asked() -> TimeScale | None:
    """Give the timeScaleFactor that was asked for; None when sPyNNaker chose it."""
    return _asked


def timestep_ms() -> float:
    """Give the time step of the network."""
    from spynnaker.pyNN.data import SpynnakerDataView

    return float(SpynnakerDataView.get_simulation_time_step_ms())


def tick_ms() -> float:
    """Give how long the board takes for a time step: times the timeScaleFactor."""
    from spynnaker.pyNN.data import SpynnakerDataView

    return float(SpynnakerDataView.get_hardware_time_step_ms())


def min_delay_ms() -> float:
    """Give the smallest delay of the network; sPyNNaker's own get_min_delay() fails."""
    from spynnaker.pyNN.data import SpynnakerDataView

    return float(SpynnakerDataView.get_min_delay())


def use_time_scale_factor(factor: int) -> None:
    """Use this timeScaleFactor in the network that is set up, which must not have run."""
    private.set_time_scale_factor(factor)


def configured_timestep_ms() -> float | None:
    """Give the ``machineTimeStep`` (µs) of the user's cfg, in ms; None when there is none."""
    step_us = defaults.user_setting(MACHINE, "machine_time_step")
    return None if step_us is None else float(step_us) / 1000


def _from_cfg() -> TimeScale | None:
    from spinn_utilities.config_holder import get_config_float_or_none

    factor = get_config_float_or_none(MACHINE, "time_scale_factor")
    return None if factor is None else TimeScale(factor, "the cfg")
