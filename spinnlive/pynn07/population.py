"""Population and PopulationView that take PyNN 0.7's calls beside today's."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
from pyNN.errors import InvalidDimensionsError, NonExistentParameterError

from spinnlive.pynn07 import network
from spinnlive.pynn07.genuine import sim
from spinnlive.pynn07.pairs import is_seeded
from spinnlive.pynn07.recording import Recording

ENDLESS_MS = 1e10
"""The duration of a SpikeSourcePoisson in 0.7 unless another is given."""


class Cells(Recording):
    """Parameters and initial values as PyNN 0.7 sets them: by name, then value."""

    def initialize(self, variable: Any = None, value: Any = None, **initial_values: Any) -> None:
        """Set initial values of state variables: ``("v", value)``, or today's ``v=value``.

        A RandomDistribution is drawn from once for each neuron.
        """
        if variable is not None:
            network.heard_07()
            if hasattr(value, "next") and is_seeded(value.rng):  # the board has draws of its own
                cells: Any = self
                value = np.atleast_1d(value.next(cells.size)).tolist()
            initial_values = {variable: value}
        super().initialize(**initial_values)  # type: ignore[misc]

    def set(self, param: Any = None, val: Any = None, **parameters: Any) -> None:
        """Set parameters, the same for all cells: ``("tau_m", 20.0)``, ``({"tau_m": 20.0})``, or
        today's ``tau_m=20.0``."""
        if isinstance(param, dict):
            parameters = param
        elif param is not None:
            network.heard_07()
            parameters = {param: val}
        super().set(**parameters)  # type: ignore[misc]

    def tset(self, parametername: str, value_array: Any) -> None:
        """Set a parameter to a value for each cell: an array of ``size``, or of ``size`` rows where
        the values are arrays, such as spike times (ms).

        Raises pyNN.errors.InvalidDimensionsError for another length.
        """
        network.heard_07()
        cells: Any = self
        values = [
            each.tolist() if isinstance(each, np.ndarray | np.generic) else each
            for each in value_array
        ]
        if len(values) != cells.size:
            raise InvalidDimensionsError(
                f"tset({parametername!r}, ...) on {cells.label!r} needs a value for each of its "
                f"{cells.size} cells; there are {len(values)}"
            )
        super().set(**{parametername: values})  # type: ignore[misc]

    def rset(self, parametername: str, rand_distr: Any) -> None:
        """Set a parameter to one draw of a RandomDistribution for each cell."""
        cells: Any = self
        self.tset(parametername, np.atleast_1d(rand_distr.next(cells.size)))

    def randomInit(self, rand_distr: Any) -> None:  # noqa: N802
        """Draw the initial membrane potential (mV) of each cell; 0.7's old name of
        ``initialize("v", ...)``."""
        self.initialize("v", rand_distr)


class Population(Cells, sim.Population):
    """A population of PyNN 0.7 or of today.

    0.7's: ``size`` may be a tuple of one to three numbers, which lays the cells out on a Line,
    Grid2D or Grid3D, and the fifth positional argument may be the label.

    Raises pyNN.errors.NonExistentParameterError for a name that is no parameter of ``cellclass``.
    """

    def __init__(
        self,
        size: Any,
        cellclass: Any,
        cellparams: dict[str, Any] | None = None,
        structure: Any = None,
        initial_values: Any = None,
        label: str | None = None,
        *rest: Any,
        **others: Any,
    ) -> None:
        if isinstance(initial_values, str):
            initial_values, label = None, initial_values
        self.one_dimensional = structure is None
        self._layout: Any = None
        if isinstance(size, tuple):
            size, self._layout = _laid_out(size, structure)
        _check_names(cellclass, cellparams)
        cellparams = _endless(cellparams)
        super().__init__(
            size, cellclass, cellparams, structure, initial_values, label, *rest, **others
        )
        if self._layout is not None:
            # not given to sPyNNaker, which would cut the population up in as many dimensions
            self.positions = self._layout.generate_positions(self.size)
        made = network.current()
        made.populations.append(self)
        ceiling = made.ceilings.get(type(self.celltype))
        if ceiling is not None:
            self.set_max_atoms_per_core(ceiling)

    @property
    def structure(self) -> Any:
        """How the cells are laid out; None for those that are not."""
        return self._layout or super().structure

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, int):
            return super().__getitem__(index)
        return PopulationView(self, index)

    def sample(self, n: int, rng: Any = None) -> Any:
        """Give a view of ``n`` cells drawn at random."""
        drawn = super().sample(n, rng)
        return PopulationView(self, drawn.mask, drawn.label)


class PopulationView(Cells, sim.PopulationView):
    """Some cells of a population, with the same calls."""

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, int):
            return super().__getitem__(index)
        return PopulationView(self, index, label=f"{self.label}_{index}")


def _laid_out(size: tuple[int, ...], structure: Any) -> tuple[int, Any]:
    """Give the number of cells and the structure that a tuple stands for."""
    assert structure is None, (
        "a size of several dimensions is a structure already: give one of both"
    )
    assert 1 <= len(size) <= 3 and all(isinstance(each, int | np.integer) for each in size), (
        f"size is a number of cells or a tuple of one to three, not {size!r}"
    )
    if len(size) == 1:
        structure = sim.Line()
    elif len(size) == 2:
        structure = sim.Grid2D(size[0] / size[1])
    else:
        structure = sim.Grid3D(size[0] / size[1], size[0] / size[2])
    return int(np.prod(size)), structure


def _endless(cellparams: dict[str, Any] | None) -> dict[str, Any] | None:
    """Let a source whose duration is 0.7's default, 1e10 ms, go on for ever: sPyNNaker cannot count
    that far."""
    duration = (cellparams or {}).get("duration")
    if not isinstance(duration, int | float) or duration < ENDLESS_MS:
        return cellparams
    return {**(cellparams or {}), "duration": None}


def _check_names(cellclass: Any, cellparams: dict[str, Any] | None) -> None:
    """Refuse a parameter that the cell type does not have, naming those that it has."""
    known = getattr(cellclass, "default_parameters", None)
    if not inspect.isclass(cellclass) or not cellparams or not known:
        return
    accepted = {*known, *getattr(cellclass, "default_initial_values", ())}
    accepted |= set(inspect.signature(cellclass).parameters)
    for name in cellparams:
        if name not in accepted:
            raise NonExistentParameterError(name, cellclass.__name__, list(known))
