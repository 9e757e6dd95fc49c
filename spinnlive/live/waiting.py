"""Wait until a population has done something."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import trio
from numpy.typing import ArrayLike, NDArray

from spinnlive.errors import NeuronIdError, RunStateError, UsageError
from spinnlive.live.spikes import SpikeBatch

Condition = Callable[[SpikeBatch], bool]
"""Says of a batch whether it is what is waited for."""


class Waiting:
    """Takes a population's batches until one fulfils ``condition``, or the watermark has passed
    ``last``, the last tick that counts (None: any).

    Batches before tick ``first`` do not count.
    """

    def __init__(self, condition: Condition, first: int, last: int | None) -> None:
        self._condition = condition
        self._first = first
        self._last = last
        self._found: SpikeBatch | None = None
        self._error: BaseException | None = None
        self._over = trio.Event()

    full = False
    """It never holds up the socket."""

    async def room(self) -> None:
        """There always is."""

    def arrive(self, batch: SpikeBatch) -> None:
        """Look at a batch as it comes from the board."""
        counts = self._first <= batch.tick and (self._last is None or batch.tick <= self._last)
        if counts and not self._over.is_set():
            try:
                if self._condition(batch):
                    self._found = batch
                    self._over.set()
            except Exception as error:
                self.end(error)

    def advance(self, watermark: int) -> None:
        """All spikes before this tick have been taken."""
        if self._last is not None and watermark > self._last:
            self._over.set()

    def end(self, error: BaseException | None) -> None:
        """Nothing more will come."""
        if not self._over.is_set():
            self._error = error or RunStateError(
                "the live run was closed before what was waited for had come"
            )
            self._over.set()

    async def result(self) -> SpikeBatch | None:
        """Wait; give the batch that fulfilled the condition, or None when time was up.

        Raises what the condition raised, or what ended the live run.
        """
        await self._over.wait()
        if self._error is not None:
            raise self._error
        return self._found


def condition(
    label: str,
    size: int,
    spikes: int | None,
    neurons: ArrayLike | None,
    when: Condition | None,
) -> Condition:
    """Make a condition of what the user asked for; raises `UsageError` and `NeuronIdError`."""
    if when is not None:
        if spikes is not None or neurons is not None:
            raise UsageError("wait_for takes either 'when', or 'spikes' and 'neurons'")
        return when
    wanted = 1 if spikes is None else spikes
    if not isinstance(wanted, int) or isinstance(wanted, bool) or wanted < 1:
        raise UsageError(f"spikes is {spikes!r}; it is a whole number of spikes, at least 1")
    return _Counted(wanted, None if neurons is None else _mask(label, size, neurons))


class _Counted:
    """Fulfilled by the batch with which so many spikes, of some neurons or of all, have come."""

    def __init__(self, wanted: int, mask: NDArray[np.bool_] | None) -> None:
        self._missing = wanted
        self._mask = mask

    def __call__(self, batch: SpikeBatch) -> bool:
        ids = batch.neuron_ids
        self._missing -= len(ids) if self._mask is None else int(self._mask[ids].sum())
        return self._missing <= 0


def _mask(label: str, size: int, neurons: ArrayLike) -> NDArray[np.bool_]:
    ids = np.atleast_1d(np.asarray(neurons))
    if ids.ndim != 1 or not len(ids) or ids.dtype.kind not in "iu":
        raise UsageError(f"neurons is {neurons!r}; it is a list of neuron ids")
    wrong = ids[(ids < 0) | (ids >= size)]
    if len(wrong):
        raise NeuronIdError(
            f"population {label!r} has no neuron {int(wrong[0])}: its {size} neurons are 0 to "
            f"{size - 1}"
        )
    mask = np.zeros(size, bool)
    mask[ids] = True
    return mask
