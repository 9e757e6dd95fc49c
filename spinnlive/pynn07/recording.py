"""Recording and reading back as PyNN 0.7 does: arrays of (neuron, time, value), text files.

Sources: PyNN 0.7.5 for names and columns; sPyNNaker7 (marked [sP7] in the project's notes), on
which the workshop ran, for the order of the rows: by neuron, then by time.
"""

from __future__ import annotations

import os
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyNN.errors import RecordingError

from spinnlive.pynn07 import network
from spinnlive.pynn07.files import recording_header, write_rows
from spinnlive.pynn07.genuine import sim
from spinnlive.toolchain import recorded

Rows = NDArray[np.float64]

SPIKES = ("spikes",)
V = ("v",)
GSYN = ("gsyn_exc", "gsyn_inh")


def read(population: Any, variables: tuple[str, ...]) -> Rows:
    """Read recorded variables that are sampled together.

    Columns: the neuron's index, the time (ms), then a value for each variable in its unit; spikes
    have no value. One row for each sample, by neuron, then by time; none before a run, and after
    reset(). Raises KeyError for a variable that was not asked for before the run.
    """
    if not recorded.any_data():
        return np.empty((0, 2 if variables is SPIKES else 2 + len(variables)))
    columns = [_recorded(population, variable) for variable in variables]
    first = columns[0]
    order = np.lexsort((first[:, 1], first[:, 0]))
    rows: Rows = np.column_stack([first[:, :2], *(each[:, 2:] for each in columns)])[order]
    return rows


def _recorded(population: Any, variable: str) -> Rows:
    data = np.asarray(population.spinnaker_get_data(variable), dtype=float)
    if data.shape == (0, 0):  # sPyNNaker's answer for what it does not know
        raise KeyError(
            f"{variable} of {population.label!r} was not recorded: call "
            f"{_METHODS[variable]}() before run()"
        )
    return data.reshape(-1, 2 if variable == "spikes" else 3)


_METHODS = {
    "spikes": "record",
    "v": "record_v",
    "gsyn_exc": "record_gsyn",
    "gsyn_inh": "record_gsyn",
}

_FILE_COLUMNS = {SPIKES: (1, 0), V: (2, 0), GSYN: (2, 3, 0)}
"""With ``compatible_output``, files have the neuron last and, of v and gsyn, no time."""


def write(population: Any, variables: tuple[str, ...], file: Any, compatible_output: bool) -> None:
    """Write recorded variables to a file; see `spinnlive.pynn07.files.write_rows`.

    With ``compatible_output`` the columns are ``t id``, ``v id`` or ``g_exc g_inh id``, otherwise
    those of `read`.
    """
    rows = read(population, variables)
    if compatible_output:
        rows = rows[:, _FILE_COLUMNS[variables]]
    name = "gsyn" if variables is GSYN else variables[0]
    write_rows(file, rows, recording_header(population, name, len(rows), sim.get_time_step()))


class Recording:
    """What a Population or PopulationView of PyNN 0.7 has for recording.

    A mix-in in front of today's class, whose ``record(variables, ...)`` it keeps.
    """

    def record(
        self,
        variables: Any = True,
        to_file: Any = None,
        sampling_interval: float | None = None,
        indexes: Any = None,
    ) -> None:
        """Record spikes (0.7: no argument, or a file name to write to at ``end()``), or the
        variables that are named (today's)."""
        if _is_todays(self, variables):
            super().record(variables, to_file, sampling_interval)  # type: ignore[misc]
            return
        file = variables if isinstance(variables, str | os.PathLike) else to_file
        self._record07(SPIKES, file, sampling_interval, indexes)

    def record_v(
        self, to_file: Any = True, sampling_interval: float | None = None, indexes: Any = None
    ) -> None:
        """Record the membrane potential (mV) of all cells."""
        self._record07(V, to_file, sampling_interval, indexes)

    def record_gsyn(
        self, to_file: Any = True, sampling_interval: float | None = None, indexes: Any = None
    ) -> None:
        """Record both synaptic conductances (µS) of all cells; of current-based cells, the currents
        (nA)."""
        self._record07(GSYN, to_file, sampling_interval, indexes)

    def _record07(
        self, variables: tuple[str, ...], to_file: Any, interval: float | None, indexes: Any
    ) -> None:
        network.heard_07()
        population: Any = self
        for variable in variables:
            if not population.can_record(variable):
                raise RecordingError(variable, _described(population))
        target = population if indexes is None else population[list(indexes)]
        super(Recording, target).record(list(variables), None, interval)  # type: ignore[misc]
        if to_file is not None and not isinstance(to_file, bool):
            network.current().files.append(partial(write, target, variables, to_file, True))

    def getSpikes(self, gather: bool = True, compatible_output: bool = True) -> Rows:  # noqa: N802
        """Give (neuron, time in ms) of each spike, shape (n, 2)."""
        return read(self, SPIKES)

    def get_v(self, gather: bool = True, compatible_output: bool = True) -> Rows:
        """Give (neuron, time in ms, v in mV) of each sample, shape (n, 3)."""
        return read(self, V)

    def get_gsyn(self, gather: bool = True, compatible_output: bool = True) -> Rows:
        """Give (neuron, time in ms, excitatory, inhibitory in µS) of each sample, shape (n, 4)."""
        return read(self, GSYN)

    def meanSpikeCount(self, gather: bool = True) -> float:  # noqa: N802
        """Give the mean number of spikes per neuron."""
        population: Any = self
        return float(population.mean_spike_count())

    def printSpikes(  # noqa: N802
        self, file: Any, gather: bool = True, compatible_output: bool = True
    ) -> None:
        """Write the spikes to a file: ``t id``."""
        write(self, SPIKES, file, compatible_output)

    def print_v(self, file: Any, gather: bool = True, compatible_output: bool = True) -> None:
        """Write the membrane potential to a file: ``v id``."""
        write(self, V, file, compatible_output)

    def print_gsyn(self, file: Any, gather: bool = True, compatible_output: bool = True) -> None:
        """Write the conductances to a file: ``g_exc g_inh id``."""
        write(self, GSYN, file, compatible_output)


def _described(population: Any) -> object:
    """Make what a RecordingError tells from: an object of the cells' class name that lists what they
    can record."""
    recordable = [variable for variable in _METHODS if population.can_record(variable)]
    return type(population.celltype.name, (), {"recordable": recordable})()


def _is_todays(population: Any, variables: Any) -> bool:
    """Say whether ``record()`` was called as today: with variables, or with None to stop."""
    if isinstance(variables, bool | os.PathLike):
        return False
    if not isinstance(variables, str):
        return True
    # a file name has a dot or a folder; a misspelt variable is left to today's error
    is_file = "." in variables or "/" in variables
    return not is_file or population.can_record(variables)
