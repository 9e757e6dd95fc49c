"""Import what an extra brings, or say how to get it; count what a bridge has carried."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

from spinnlive.errors import UsageError


def need(module: str, extra: str) -> Any:
    """Import ``module``. Raises `UsageError` with the remedy when it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise UsageError(f"{module} is not installed: pip install 'spinnlive[{extra}]'") from error


@dataclass(slots=True)
class Carried:
    """What a bridge has carried so far.

    ``spikes``: taken from one side and given to the other. ``refused``: neuron ids that were none
    of the population's, or made no sense; they come from strangers and end nothing. ``dropped``:
    batches that found no room because the other side was slower.
    """

    spikes: int = 0
    refused: int = 0
    dropped: int = 0
