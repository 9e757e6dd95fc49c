"""Set weights while the network runs.

A static row is only read by its core, so what is written there stays. The core of a plastic row
reads the row when its pre-synaptic neuron spikes, and writes it back with changed weights some tens
of microseconds later: what was written in between is lost. The row's header tells: it has the tick
of that spike. So after a tick has passed, a row has either the weights that were written, or a
header later than the writing (then the core has seen them and gone on from there), or it is written
again.
"""

from __future__ import annotations

import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinnlive.errors import RunStateError, ScpError, WeightError
from spinnlive.live.clock import Clock
from spinnlive.live.matrices import Block, Matrices
from spinnlive.toolchain.values import WeightsLayout

TRIES = 12
"""How often a row is written that its core writes over."""

_HEADER = 4
"""Where the tick of the last pre-synaptic spike is in a plastic row (bytes)."""

_WORD = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class WeightsSet:
    """For the tap: weights of a projection were set at ``tick``; ``weights``, ``pre`` and ``post`` as
    they were given to `RunMemory.set_weights`, None for all neurons."""

    label: str
    tick: int
    weights: NDArray[np.float64]
    pre: NDArray[np.int64] | None
    post: NDArray[np.int64] | None


@dataclass(frozen=True, slots=True)
class _Row:
    """A part of a row to be written: its block, its row, where (bytes), the places of the weights in
    it (half-words) and their raw values."""

    block: Block
    row: int
    begin: int
    end: int
    places: NDArray[np.int64]
    raw: NDArray[np.uint16]


async def write_weights(
    matrices: Matrices, weights: ArrayLike, clock: Clock, tick: Callable[[], Awaitable[int]]
) -> None:
    """Write ``weights``, see `LiveRun.set_weights`, and see that they stay.

    Raises `WeightError` before anything is written; `BoardLost`, `ScpError`.
    """
    layout = matrices.layout
    if layout.form == "signals":
        raise WeightError(
            f"projection {layout.label} carries signals that change weights; its own cannot be set"
        )
    if layout.rewired and not clock.exact:
        raise WeightError(
            f"the synapses of projection {layout.label} move while the network runs (structural "
            "plasticity): set its weights while it stands"
        )
    rows = _rows(layout, await matrices.blocks(), weights)
    for _ in range(TRIES):
        if not rows:
            return
        await _write(matrices, rows)
        written = await tick()
        if layout.form == "plastic" and not clock.exact:
            await _after(clock, written + 1, tick)
        rows = await _lost(matrices, rows, written)
    if rows:
        raise ScpError(
            f"{len(rows)} rows of projection {layout.label} were written {TRIES} times, and each time "
            "their cores wrote over it: set the weights while the network stands"
        )


def _rows(layout: WeightsLayout, blocks: list[Block], weights: ArrayLike) -> list[_Row]:
    """Give what is to be written, row by row."""
    wanted = _wanted(layout, blocks, weights)
    rows = []
    for block, values in zip(blocks, wanted, strict=True):
        given = ~np.isnan(values)
        raw = np.rint(values[given] * layout.scale).astype(np.int64)
        places, of = block.synapses.places[given], block.synapses.rows[given]
        order = np.argsort(places)
        raw, places, of = raw[order], places[order], of[order]
        for part in np.split(np.arange(len(of)), np.flatnonzero(np.diff(of)) + 1):
            if len(part):
                begin, end = 2 * int(places[part[0]]), 2 * int(places[part[-1]]) + 2
                row = int(of[part[0]])
                rows.append(_Row(block, row, begin, end, places[part], raw[part].astype(np.uint16)))
    return rows


def _wanted(
    layout: WeightsLayout, blocks: list[Block], weights: ArrayLike
) -> list[NDArray[np.float64]]:
    """Give the new weight of every synapse of every block, NaN for what stays."""
    given = np.asarray(weights, dtype=np.float64)
    if given.ndim == 0:
        _check(layout, given.reshape(1), np.isnan(given.reshape(1)))
        return [np.full(len(block.pre), float(given)) for block in blocks]
    if given.shape == (layout.n_pre, layout.n_post):
        table = given
    elif given.ndim == 2 and given.shape[1] == 3:
        table = _table(layout, given)
    else:
        raise WeightError(
            f"weights of projection {layout.label} have shape {given.shape}: they are a number, an "
            f"array of {layout.n_pre} by {layout.n_post} (pre by post, NaN for what stays), or rows of "
            "pre, post, weight"
        )
    _check(layout, table, np.isnan(table))
    connected = np.zeros(table.shape, bool)
    for block in blocks:
        connected[block.pre, block.post] = True
    missing = np.argwhere(~np.isnan(table) & ~connected)
    if len(missing):
        pre, post = missing[0]
        raise WeightError(
            f"projection {layout.label} has no synapse from {pre} to {post} among those to be set, "
            f"which was to get weight {table[pre, post]:g} ({len(missing)} such pairs)"
        )
    return [table[block.pre, block.post] for block in blocks]


def _table(layout: WeightsLayout, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Make an array pre × post of rows (pre, post, weight)."""
    table = np.full((layout.n_pre, layout.n_post), np.nan)
    ids = rows[:, :2]
    wrong = (ids != np.rint(ids)) | (ids < 0) | (ids >= table.shape)
    if wrong.any():
        pre, post = ids[wrong.any(axis=1)][0]
        raise WeightError(
            f"projection {layout.label} has no synapse from {pre:g} to {post:g}: pre-synaptic neurons "
            f"are 0 to {layout.n_pre - 1}, post-synaptic ones 0 to {layout.n_post - 1}"
        )
    table[ids[:, 0].astype(np.int64), ids[:, 1].astype(np.int64)] = rows[:, 2]
    return table


def _check(layout: WeightsLayout, values: NDArray[np.float64], absent: NDArray[np.bool_]) -> None:
    half = 0.5 / layout.scale  # what rounding hides
    wrong = ~absent & ~((values >= layout.least - half) & (values <= layout.most + half))
    if wrong.any():
        raise WeightError(
            f"a weight of {values[wrong][0]:g} {layout.unit} was to be set in projection "
            f"{layout.label}: its weights are {layout.least:g} to {layout.most:g} {layout.unit} "
            "(magnitudes, also of inhibition)"
        )


async def _write(matrices: Matrices, rows: list[_Row]) -> None:
    """Write the weights of each row, and what lies between them as it is there now."""
    present = await matrices.read([(row.block, row.begin, row.end) for row in rows])
    parts = []
    for row, data in zip(rows, present, strict=True):
        halves = np.frombuffer(data, "<u2").copy()
        halves[row.places - row.begin // 2] = row.raw
        parts.append((row.block, row.begin, halves.tobytes()))
    await matrices.write(parts)


async def _lost(matrices: Matrices, rows: list[_Row], written: int) -> list[_Row]:
    """Read back; give the rows that have neither kept what was written, nor been used since."""
    parts = []
    for row in rows:
        head = row.row * row.block.row_bytes + _HEADER
        parts += [(row.block, head, head + _WORD.size), (row.block, row.begin, row.end)]
    found = iter(await matrices.read(parts))
    lost = []
    for row in rows:
        (spiked,) = _WORD.unpack(next(found))
        halves = np.frombuffer(next(found), "<u2")
        kept = np.array_equal(halves[row.places - row.begin // 2], row.raw)
        used = matrices.layout.form == "plastic" and spiked > written
        if not kept and not used:
            lost.append(row)
    return lost


async def _after(clock: Clock, tick: int, ask: Callable[[], Awaitable[int]]) -> None:
    """Wait until the board has come to ``tick``, or stands."""
    while not clock.exact and await ask() < tick:
        try:
            await clock.wait_until(tick)
        except RunStateError:
            return
