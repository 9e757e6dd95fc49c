"""Decode synaptic rows as they lie in a core's SDRAM.

A row belongs to one pre-synaptic neuron (of one delay stage) and has always the same room::

    word 0        words of the plastic part, n
    words 1..n    plastic part: header (time of the last spike, traces), then half-words per
                  synapse, one of them the weight
    word n + 1    number of static synapses
    word n + 2    number of plastic synapses
    then          static synapses, a word each: weight << 16 | delay | type | target
    then          plastic synapses, a half-word each: delay | type | target

The fields of the low half-word are, from the lowest bit: target, synapse type, delay in ticks. Rows
of *signals* (neuromodulation, weight changes) have flags for their plastic part, and in place of
plastic synapses a word each, like a static one without delay. Source: sPyNNaker ``synapse_io.py``,
``synapse_dynamics_static.py``, ``synapse_dynamics_stdp.py``, ``synapse_dynamics_neuromodulation.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinnlive import wire
from spinnlive.toolchain.values import MatrixBlock, WeightsLayout

HEADER_WORDS = 3

SIGNAL_DELAY = 1
"""What sPyNNaker gives as the delay of a signal (ticks)."""


@dataclass(frozen=True, slots=True)
class Synapses:
    """Synapses of some rows: row and target index (not yet neuron ids), raw 16-bit weight, delay in
    ticks (0 stands for the longest of a stage). ``places`` is where each weight is, in half-words
    from the begin of the matrix."""

    rows: NDArray[np.int64]
    targets: NDArray[np.int64]
    weights: NDArray[np.uint16]
    delays: NDArray[np.int64]
    places: NDArray[np.int64]


def decode_rows(memory: bytes, block: MatrixBlock, layout: WeightsLayout) -> Synapses:
    """Take a matrix apart, row by row in order.

    Raises `wire.MalformedPacket` when a row says that it is longer than its room, as memory does
    that is no matrix.
    """
    table = np.frombuffer(memory, "<u4").reshape(-1, block.row_words)
    if layout.form == "static":
        return _words(table, table[:, 1].astype(np.int64), 0, layout)
    plastic_words = table[:, 0].astype(np.int64)
    _check(plastic_words, HEADER_WORDS + plastic_words, table)
    counts = table[np.arange(len(table)), plastic_words + 2].astype(np.int64)
    if layout.form == "signals":
        return _words(table, counts, plastic_words, layout)
    return _plastic(table, counts, plastic_words, layout)


def _words(
    table: NDArray[np.uint32],
    counts: NDArray[np.int64],
    plastic_words: NDArray[np.int64] | int,
    layout: WeightsLayout,
) -> Synapses:
    """Decode synapses of a word each."""
    _check(counts, HEADER_WORDS + plastic_words + counts, table)
    first = np.broadcast_to(HEADER_WORDS + plastic_words, counts.shape)
    row, index = _synapses_of(counts)
    word_at = row * table.shape[1] + first[row] + index
    words = table.reshape(-1)[word_at]
    low = (words & np.uint32(0xFFFF)).astype(np.int64)
    delays = low >> (layout.target_bits + layout.type_bits)
    if layout.form == "signals":
        delays = np.full_like(low, SIGNAL_DELAY)
    return Synapses(
        rows=row,
        targets=low & ((1 << layout.target_bits) - 1),
        weights=(words >> 16).astype(np.uint16),
        delays=delays,
        places=2 * word_at + 1,
    )


def _plastic(
    table: NDArray[np.uint32],
    counts: NDArray[np.int64],
    plastic_words: NDArray[np.int64],
    layout: WeightsLayout,
) -> Synapses:
    _check(counts, HEADER_WORDS + plastic_words + (counts + 1) // 2, table)
    room = layout.header_bytes + 2 * layout.half_words * counts
    _check(counts, 1 + np.where(counts > 0, (room + 3) // 4, 0), table)
    halves = np.ascontiguousarray(table).view("<u2").reshape(-1)
    row, index = _synapses_of(counts)
    begin = row * 2 * table.shape[1]
    header = 2 + layout.header_bytes // 2
    weight_at = begin + header + index * layout.half_words + layout.weight_half_word
    fixed = halves[begin + 2 * (HEADER_WORDS + plastic_words[row]) + index].astype(np.int64)
    return Synapses(
        rows=row,
        targets=fixed & ((1 << layout.target_bits) - 1),
        weights=halves[weight_at].astype(np.uint16),
        delays=fixed >> (layout.target_bits + layout.type_bits),
        places=weight_at,
    )


def _synapses_of(counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give for each synapse its row and its number in the row."""
    row = np.repeat(np.arange(len(counts)), counts)
    begin = np.cumsum(counts) - counts
    return row, np.arange(len(row)) - begin[row]


def _check(said: NDArray[np.int64], needed: NDArray[np.int64], table: NDArray[np.uint32]) -> None:
    wrong = np.flatnonzero(needed > table.shape[1])
    if len(wrong):
        row = int(wrong[0])
        raise wire.MalformedPacket(
            f"synaptic row {row} says {int(said[row])} and would need {int(needed[row])} words; "
            f"it has room for {table.shape[1]}"
        )
