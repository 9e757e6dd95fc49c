"""The text files of PyNN 0.7: ``#`` header lines, then tab-separated rows."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def write_rows(file: Any, rows: NDArray[np.float64], header: dict[str, object]) -> None:
    """Write an array with a header of lines ``# key = value``.

    ``file`` is a name, whose folder is made if need be, or a PyNN File object (anything with
    ``write(data, metadata)``), which decides on the format itself.
    """
    if not isinstance(file, str | os.PathLike):
        file.write(rows, header)
        return
    path = Path(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = "\n".join(f"{key} = {value}" for key, value in header.items())
    np.savetxt(path, rows, fmt="%s", delimiter="\t", header=lines, comments="# ")


def recording_header(
    population: Any, variable: str, rows: int, timestep_ms: float
) -> dict[str, object]:
    """Make the header of a file of recorded data.

    ``last_index`` is the size, not one less: PyNN 0.7 wrote it so, and readers count on it.
    """
    parent = getattr(population, "grandparent", population)
    return {
        "variable": variable,
        "size": population.size,
        "first_index": 0,
        "last_index": population.size,
        "first_id": parent.first_id,
        "last_id": parent.last_id,
        "label": population.label,
        "dt": timestep_ms,
        "n": rows,
    }
