"""The functions of the module: setup, run, end, and those that make and record in one call."""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any

from spinnlive.errors import UsageError
from spinnlive.pynn07 import network, tick
from spinnlive.pynn07.genuine import sim
from spinnlive.pynn07.population import Population
from spinnlive.pynn07.projection import Projection
from spinnlive.pynn07.recording import GSYN, SPIKES, V, write
from spinnlive.toolchain import session, timing

DELAY_STEPS = 144
"""How many time steps a delay of sPyNNaker's may have; it knows no maximum itself."""

_MISSPELT = ("mindelay", "maxdelay", "dt")


def setup(
    timestep: Any = None, min_delay: Any = None, max_delay: Any = None, *rest: Any, **others: Any
) -> int:
    """Begin a network, destroying any earlier one; ``timestep`` and delays in ms. Gives 0.

    Without a time step the cfg's ``machineTimeStep`` (µs) counts, then PyNN's 0.1 ms. A factor that
    was forced on the run (`spinnlive.toolchain.timing`) replaces ``time_scale_factor``.

    Raises UsageError for ``mindelay``, ``maxdelay`` and ``dt``, and for a smallest delay above the
    largest.
    """
    for name in _MISSPELT:
        if name in others:
            raise UsageError(
                f"setup() has no {name!r}: it is timestep, min_delay or max_delay, in ms"
            )
    if _is_number(min_delay) and _is_number(max_delay) and min_delay > max_delay:
        raise UsageError(f"min_delay of {min_delay} ms is above max_delay of {max_delay} ms")
    session.about_to_end()
    network.start(max_delay if _is_number(max_delay) else None)
    if timestep is None:
        timestep = timing.configured_timestep_ms()
    return timing.setup(
        sim.setup, timestep, "auto" if min_delay is None else min_delay, max_delay, *rest, **others
    )


def run(simtime: float | None = None, callbacks: Any = None) -> Any:
    """Run for ``simtime`` ms of biological time and give the time then; without one, for ever."""
    tick.fit()
    if simtime is None:
        return sim.external_devices.run_forever()
    return sim.run(simtime, callbacks)


def end(compatible_output: Any = True) -> None:
    """Write the files that were asked for and let the board go."""
    made = network.current()
    files, made.files = made.files, []
    try:
        for write_file in files:
            write_file()
        session.about_to_end()
    finally:
        sim.end(compatible_output)


def get_min_delay() -> float:
    """Give the smallest delay (ms)."""
    return timing.min_delay_ms()


def get_max_delay() -> float:
    """Give the largest delay (ms): the one that setup() was given, or what sPyNNaker can do."""
    largest = network.current().max_delay
    return DELAY_STEPS * float(sim.get_time_step()) if largest is None else largest


def create(cellclass: Any, cellparams: dict[str, Any] | None = None, n: int = 1) -> Population:
    """Make a population of ``n``."""
    return Population(n, cellclass, cellparams)


def connect(
    pre: Any = None,
    post: Any = None,
    weight: float = 0.0,
    delay: float | None = None,
    receptor_type: str | None = None,
    p: float = 1,
    rng: Any = None,
    *,
    source: Any = None,
    target: Any = None,
    synapse_type: str | None = None,
) -> Projection:
    """Connect with probability ``p``; weight in nA or µS, delay in ms.

    ``source``, ``target`` and ``synapse_type`` are 0.7's names of pre, post and receptor_type.
    """
    receptor = receptor_type or synapse_type or "excitatory"
    return Projection(
        source if pre is None else pre,
        target if post is None else post,
        sim.FixedProbabilityConnector(p_connect=p, rng=rng),
        synapse_type=sim.StaticSynapse(weight=weight, delay=delay),
        receptor_type=receptor,
    )


def set_parameters(cells: Any, param: Any, val: Any = None) -> None:
    """Set parameters of cells; ``set`` in the module, as Population's."""
    cells.set(param, val)


def initialize(cells: Any, variable: Any = None, value: Any = None, **initial_values: Any) -> None:
    """Set initial values of cells, as Population's."""
    cells.initialize(variable, value, **initial_values)


def record(variables: Any = None, source: Any = None, *rest: Any, **others: Any) -> None:
    """Record and write to a file at ``end()``: ``(cells, filename)`` spikes, as in 0.7, or today's
    ``(variables, cells, filename)``."""
    if isinstance(variables, sim.Population | sim.PopulationView):
        filename = rest[0] if rest else source or others.get("filename")
        _record_to(variables, SPIKES, filename)
    elif variables is None:
        _record_to(source, SPIKES, others.get("filename"))
    else:
        sim.record(variables, source, *rest, **others)


def record_v(source: Any, filename: Any) -> None:
    """Record the membrane potential and write it to a file at ``end()``."""
    _record_to(source, V, filename)


def record_gsyn(source: Any, filename: Any) -> None:
    """Record the conductances and write them to a file at ``end()``."""
    _record_to(source, GSYN, filename)


def _record_to(cells: Any, variables: tuple[str, ...], filename: Any) -> None:
    cells.record(list(variables))
    network.current().files.append(partial(write, cells, variables, filename, True))


def set_number_of_neurons_per_core(neuron_type: Any, max_permitted: Any) -> None:
    """Put at most so many neurons of a cell type on one core, in the whole model.

    ``neuron_type``: the class, or its name. Today's ``max_permitted`` may be None or a tuple. Raises
    UsageError for an unknown name and for a number that no core can hold.
    """
    if isinstance(neuron_type, str):
        found = getattr(sim, neuron_type, None)
        if not isinstance(found, type):
            raise UsageError(f"there is no cell type {neuron_type!r} in pyNN.spiNNaker")
        neuron_type = found
    if not _is_number(max_permitted):
        sim.set_number_of_neurons_per_core(neuron_type, max_permitted)
        return
    limit = neuron_type.absolute_max_atoms_per_core
    if not 1 <= max_permitted <= limit:
        raise UsageError(
            f"{max_permitted} neurons of {neuron_type.__name__} on a core: a core holds 1 to {limit}"
        )
    _warn_of_more_than_fit(neuron_type, max_permitted)
    made = network.current()
    made.limited.add(neuron_type)
    if not made.populations:
        sim.set_number_of_neurons_per_core(neuron_type, max_permitted)
        return
    # today's refuses once there is a population; in 0.7 it counts for those as well
    made.ceilings[neuron_type] = int(max_permitted)
    for population in made.populations:
        if isinstance(population.celltype, neuron_type):
            population.set_max_atoms_per_core(int(max_permitted))


def _warn_of_more_than_fit(neuron_type: Any, wanted: float) -> None:
    """Say so when sPyNNaker will put fewer neurons on a core than it is asked to."""
    if hasattr(neuron_type, "default_initial_values") and wanted > tick.NEURONS_PER_CORE:
        warnings.warn(
            f"too many neurons on a core: {wanted} of {neuron_type.__name__} were asked for, "
            f"{tick.NEURONS_PER_CORE} is what a core takes, and what is used",
            stacklevel=3,
        )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
