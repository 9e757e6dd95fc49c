"""The weights of a scripted live run: arrays, or functions of the tick."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import trio
from numpy.typing import ArrayLike, NDArray

from spinnlive.errors import UnknownProjection, UsageError, WeightError
from spinnlive.live.recorded import RecordedBlock
from spinnlive.live.sources import Basis, Sources
from spinnlive.live.stage import among
from spinnlive.live.streams import Policy, Stream
from spinnlive.live.weights import WeightSnapshot

Weights = ArrayLike | Callable[[int], ArrayLike]
"""A projection's weights (nA), an array of pre by post with NaN where there is no synapse, or a
function that gives them for a tick."""


class ScriptedSources(Sources):
    """``matrices``: the weights of each projection by its label."""

    def __init__(self, matrices: Mapping[str, Weights], basis: Basis) -> None:
        super().__init__(basis)
        self._matrices = dict(matrices)

    def weight_reader(
        self, projection: Any, pre: ArrayLike | None, post: ArrayLike | None
    ) -> _Reader:
        """Give what looks the weights up."""
        return _Reader(self, self._label(projection), pre, post)

    async def set_weights(
        self, projection: Any, weights: ArrayLike, pre: ArrayLike | None, post: ArrayLike | None
    ) -> str:
        """Put them into the array."""
        label = self._label(projection)
        given = self._matrices[label]
        if callable(given):
            raise UsageError(
                f"the script gives the weights of {label!r} by a function, so they cannot be set: "
                "give an array"
            )
        matrix = np.array(given, np.float64)
        table = _table(label, matrix, np.asarray(weights, np.float64))
        for axis, ids in ((0, pre), (1, post)):
            if ids is not None:
                others = np.delete(np.arange(matrix.shape[axis]), np.atleast_1d(ids))
                table[(others,) if axis == 0 else (slice(None), others)] = np.nan
        await trio.lowlevel.checkpoint()
        self._matrices[label] = np.where(np.isnan(table), matrix, table)
        return label

    def recorded(
        self, label: str, variable: str, every: int, policy: Policy, buffer: int
    ) -> Stream[RecordedBlock]:
        """No script records anything."""
        raise UsageError(
            f"population {label!r} does not record {variable!r}: a scripted live run records nothing"
        )

    def snapshot(self, label: str) -> WeightSnapshot:
        """Give a projection's weights as they are now."""
        given, clock = self._matrices[label], self.basis.clock
        matrix = np.asarray(given(clock.tick) if callable(given) else given, np.float64)
        pre, post = np.nonzero(~np.isnan(matrix))
        return WeightSnapshot(
            label=label,
            tick=clock.tick,
            tick_after=clock.tick,
            time_ms=clock.time_ms,
            pre=pre,
            post=post,
            weights=matrix[pre, post],
            delays_ms=np.full(len(pre), clock.timestep_ms),
            unit="nA",
            shape=(matrix.shape[0], matrix.shape[1]),
        )

    def _label(self, projection: Any) -> str:
        label = projection if isinstance(projection, str) else getattr(projection, "label", None)
        if label not in self._matrices:
            raise UnknownProjection(
                f"the script has no projection {label or projection!r}; "
                f"it has: {', '.join(self._matrices) or 'none'}"
            )
        return str(label)


class _Reader:
    """Looks up the weights of one projection, between wanted neurons."""

    def __init__(
        self, sources: ScriptedSources, label: str, pre: ArrayLike | None, post: ArrayLike | None
    ) -> None:
        self._sources = sources
        self._label = label
        self._pre, self._post = pre, post

    async def read(self) -> WeightSnapshot:
        """Give the weights as they are now."""
        await trio.lowlevel.checkpoint()
        return among(self._sources.snapshot(self._label), self._pre, self._post)


def _table(
    label: str, matrix: NDArray[np.float64], given: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give the new weights pre × post, NaN for what stays."""
    if given.ndim == 0:
        return np.where(np.isnan(matrix), np.nan, given)
    table = given.copy()
    if given.shape != matrix.shape:
        if given.ndim != 2 or given.shape[1] != 3:
            raise WeightError(
                f"weights of projection {label} have shape {given.shape}: they are a number, an "
                f"array of {matrix.shape[0]} by {matrix.shape[1]}, or rows of pre, post, weight"
            )
        table = np.full(matrix.shape, np.nan)
        table[given[:, 0].astype(np.int64), given[:, 1].astype(np.int64)] = given[:, 2]
    missing = np.argwhere(~np.isnan(table) & np.isnan(matrix))
    if len(missing):
        pre, post = missing[0]
        raise WeightError(f"projection {label} has no synapse from {pre} to {post}")
    return table
