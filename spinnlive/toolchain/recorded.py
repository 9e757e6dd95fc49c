"""What the network recorded, for all its populations at once."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinnlive.toolchain import private
from spinnlive.toolchain.values import RecordedSpikes


def has_run() -> bool:
    """Say whether there is a network that has run and was not ended: its data can be read."""
    if "spynnaker.pyNN.data" not in sys.modules:
        return False
    from spynnaker.pyNN.data import SpynnakerDataView

    return bool(
        SpynnakerDataView.is_setup()
        and not SpynnakerDataView.is_shutdown()
        and SpynnakerDataView.is_ran_ever()
    )


def ran_ever() -> bool:
    """Say whether the network has run since it was set up."""
    from spynnaker.pyNN.data import SpynnakerDataView

    return bool(SpynnakerDataView.is_ran_ever())


def any_data() -> bool:
    """Say whether the network has run since it was set up, or since its last reset."""
    from spynnaker.pyNN.data import SpynnakerDataView

    return bool(SpynnakerDataView.is_ran_ever() and not SpynnakerDataView.is_reset_last())


def blocks() -> dict[str, Any]:
    """Give the Neo Block of each population that recorded anything, by label."""
    from spinn_front_end_common.utilities.exceptions import ConfigurationException
    from spynnaker.pyNN.data import SpynnakerDataView

    found = {}
    for population in SpynnakerDataView.iterate_populations():
        try:
            found[population.label] = population.get_data()
        except ConfigurationException:  # it recorded nothing
            continue
    return found


def rows(block: Any) -> dict[str, NDArray[np.float64]]:
    """Give the latest segment of a Neo Block as arrays by variable: (neuron, time in ms) of spikes,
    (neuron, time in ms, value) of samples, by neuron, then by time."""
    segment = block.segments[-1]
    variables: dict[str, NDArray[np.float64]] = {}
    if segment.spiketrains:
        trains = [
            np.column_stack(
                [
                    np.full(len(train), train.annotations["source_index"]),
                    train.rescale("ms").magnitude,
                ]
            )
            for train in segment.spiketrains
        ]
        variables["spikes"] = np.concatenate(trains).astype(float).reshape(-1, 2)
    for signal in segment.analogsignals:
        ids = np.asarray(signal.annotations["channel_names"], dtype=float)
        times = signal.times.rescale("ms").magnitude
        variables[signal.name] = np.column_stack(
            [np.repeat(ids, len(times)), np.tile(times, len(ids)), signal.magnitude.T.ravel()]
        )
    return variables


def spikes(population: Any) -> RecordedSpikes | None:
    """Give what the board recorded of a population's spikes since it was last reset; None when it
    records none."""
    from spinn_front_end_common.utilities.exceptions import ConfigurationException
    from spynnaker.pyNN.data import SpynnakerDataView

    try:
        block = population.get_data("spikes")
    except ConfigurationException:
        return None
    segment = block.segments[-1]
    neurons = np.array([train.annotations["source_index"] for train in segment.spiketrains])
    if not len(neurons):
        return None
    found = rows(block)["spikes"]
    found[:, 1] /= SpynnakerDataView.get_simulation_time_step_ms()
    return RecordedSpikes(
        np.rint(found).astype(np.int64), neurons.astype(np.int64), _every_ticks(population)
    )


def _every_ticks(population: Any) -> int:
    """Give in which ticks a population records its spikes: every, or one in so many."""
    from spynnaker.pyNN.data import SpynnakerDataView

    recorder = getattr(private.vertex_of(population), "neuron_recorder", None)
    if recorder is None:
        return 1  # spike sources always do; what they say of it is in another unit
    interval_ms = float(recorder.get_sampling_interval_ms("spikes"))
    return round(interval_ms / SpynnakerDataView.get_simulation_time_step_ms())
