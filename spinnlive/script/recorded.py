"""A script's recorded data in one file.

``.npz``: for each population and variable an array named ``LABEL/VARIABLE``, such as
``Excitatory/spikes``: one row per sample with the neuron's index, the time (ms) and, but for
spikes, the value in its PyNN unit, sorted by neuron, then by time; `numpy.load` reads it.
``.pkl``: a list of Neo Blocks, one per population, as PyNN's ``get_data()`` gives them;
`pickle.load` reads it.
"""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np

from spinnlive.errors import UsageError
from spinnlive.toolchain import recorded

FORMATS = (".npz", ".pkl")


def check(path: Path) -> None:
    """Raise UsageError for a file of another format, or in a folder that is not there."""
    if path.suffix not in FORMATS:
        raise UsageError(f"--record writes {' and '.join(FORMATS)} files, not {path.name!r}")
    if not path.parent.is_dir():
        raise UsageError(f"--record {path}: there is no folder {path.parent}")


def save(path: Path) -> None:
    """Write what all populations of the network recorded so far."""
    blocks = recorded.blocks()
    if path.suffix == ".npz":
        arrays = {
            f"{label}/{variable}": rows
            for label, block in blocks.items()
            for variable, rows in recorded.rows(block).items()
        }
        np.savez_compressed(path, **arrays)  # type: ignore[arg-type]
    else:
        with path.open("wb") as file:
            pickle.dump(list(blocks.values()), file)
