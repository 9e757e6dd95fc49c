"""Where the cores keep what they record, looked up after loading.

Source: sPyNNaker ``neuron_recorder.py`` and ``population_machine_common.py``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spinnlive.errors import UsageError
from spinnlive.toolchain import private
from spinnlive.toolchain.values import RecordingCore, RecordingLayout


def recording_layout(population: Any, variable: str) -> RecordingLayout:
    """Describe where the samples of ``variable`` are. The network must be loaded.

    Raises `UsageError` for a variable that is not recorded, or that is no value of each neuron.
    """
    from spynnaker.pyNN.data import SpynnakerDataView
    from spynnaker.pyNN.models.neuron.population_machine_neurons import PopulationMachineNeurons
    from spynnaker.pyNN.utilities.buffer_data_type import BufferDataType

    vertex = private.vertex_of(population)
    recorder: Any = getattr(vertex, "neuron_recorder", None)
    recorded = () if recorder is None else recorder.recording_variables
    values = [
        name for name in recorded if recorder.get_buffer_data_type(name) == BufferDataType.MATRIX
    ]
    if variable not in values:
        raise UsageError(
            f"population {population.label!r} records no values of {variable!r} (those it records: "
            f"{', '.join(values) or 'none'}): call population.record({variable!r}) before open_live; "
            "spikes come from spikes()"
        )
    kind = recorder.get_data_type(variable)
    cores = []
    holders: list[Any] = [
        each for each in vertex.machine_vertices if isinstance(each, PopulationMachineNeurons)
    ]
    for each in holders:
        ids = np.asarray(recorder.neurons_recording(variable, each.vertex_slice), np.int64)
        if len(ids):
            placement = SpynnakerDataView.get_placement_of_vertex(each)
            cores.append(
                RecordingCore(
                    placement.x,
                    placement.y,
                    placement.p,
                    region=private.recording_region(each),
                    channel=int(recorder.get_region(variable)),
                    neuron_ids=ids,
                )
            )
    step_ms = SpynnakerDataView.get_simulation_time_step_ms()
    return RecordingLayout(
        label=population.label,
        variable=variable,
        unit=str(vertex.get_units(variable)),
        every_ticks=round(recorder.get_sampling_interval_ms(variable) / step_ms),
        number=str(np.dtype(kind.numpy_typename).newbyteorder("<").str),
        scale=float(kind.scale),
        cores=tuple(cores),
    )
