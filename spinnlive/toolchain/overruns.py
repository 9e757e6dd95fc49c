"""Whether the cores were fast enough for their time steps: what they counted themselves."""

from __future__ import annotations

from dataclasses import dataclass

from spinnlive.toolchain import defaults

COUNTERS = ("Timer tick overruns", "Times_the_timer_tic_over_ran")
"""sPyNNaker's names for them, on cores of neurons and on all others."""


@dataclass(frozen=True, slots=True)
class Overruns:
    """Cores that were not done with a time step when the next began, and in how many steps the
    worst of them was not."""

    cores: int
    worst: int


def ask_for() -> None:
    """Have sPyNNaker read, after each run, what each core counted; before ``sim.setup()``."""
    for option in ("read_placements_provenance_data", "write_provenance"):
        defaults.override("Reports", option, "True")


def count() -> Overruns:
    """Give the overruns of the network so far. To be called before it is ended."""
    from spinn_front_end_common.interface.provenance import ProvenanceReader

    marks = ", ".join("?" * len(COUNTERS))
    with ProvenanceReader() as reader:
        ((cores, worst),) = reader.run_query(
            "SELECT COUNT(DISTINCT core_id), MAX(the_value) FROM core_provenance "
            f"WHERE the_value > 0 AND description IN ({marks})",
            COUNTERS,
        )
    return Overruns(int(str(cores)), int(str(worst or 0)))
