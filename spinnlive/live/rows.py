"""Decode synaptic rows as they lie in a core's SDRAM.

A row belongs to one pre-synaptic neuron (of one delay stage) and has always the same room::

    word 0        words of the plastic part, n
    words 1..n    plastic part: header (time of the last spike, traces), then half-words per
                  synapse, one of them the weight
    word n + 1    number of static synapses
    word n + 2    number of plastic synapses
    then          static synapses, a word each: weight << 16 | delay | type | target
    then          plastic synapses, a half-word each: delay | type | target

The fields of the low half-word are, from the lowest bit: target, synapse type, delay in ticks.
Source: sPyNNaker ``synapse_io.py``, ``synapse_dynamics_static.py``, ``synapse_dynamics_stdp.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinnlive import wire
from spinnlive.toolchain.values import MatrixBlock, WeightsLayout

HEADER_WORDS = 3


@dataclass(frozen=True, slots=True)
class Synapses:
    """Synapses of some rows: row and target index (not yet neuron ids), raw 16-bit weight, delay in
    ticks."""

    rows: NDArray[np.int64]
    targets: NDArray[np.int64]
    weights: NDArray[np.uint16]
    delays: NDArray[np.int64]


def decode_rows(memory: bytes, block: MatrixBlock, layout: WeightsLayout) -> Synapses:
    """Take a matrix apart, row by row in order.

    Raises `wire.MalformedPacket` when a row says that it is longer than its room, as memory does
    that is no matrix.
    """
    table = np.frombuffer(memory, "<u4").reshape(-1, block.row_words)
    return _plastic(table, layout) if layout.plastic else _static(table, layout)


def _static(table: NDArray[np.uint32], layout: WeightsLayout) -> Synapses:
    counts = table[:, 1].astype(np.int64)
    _check(counts, HEADER_WORDS + counts, table)
    words = table[:, HEADER_WORDS:]
    used = np.arange(words.shape[1]) < counts[:, None]
    synapses = words[used]
    return _synapses(
        counts, synapses & np.uint32(0xFFFF), (synapses >> 16).astype(np.uint16), layout
    )


def _plastic(table: NDArray[np.uint32], layout: WeightsLayout) -> Synapses:
    n_rows, n_words = table.shape
    plastic_words = table[:, 0].astype(np.int64)
    _check(plastic_words, HEADER_WORDS + plastic_words, table)
    counts = table[np.arange(n_rows), plastic_words + 2].astype(np.int64)
    _check(counts, HEADER_WORDS + plastic_words + (counts + 1) // 2, table)
    room = layout.header_bytes + 2 * layout.half_words * counts
    _check(counts, 1 + np.where(counts > 0, (room + 3) // 4, 0), table)
    halves = np.ascontiguousarray(table).view("<u2").reshape(n_rows, 2 * n_words)
    index = np.arange(int(counts.max(initial=0)))
    used = index < counts[:, None]
    row = np.broadcast_to(np.arange(n_rows)[:, None], used.shape)[used]
    place = np.broadcast_to(index, used.shape)[used]
    weight_at = 2 + layout.header_bytes // 2 + place * layout.half_words + layout.weight_half_word
    fixed_at = 2 * (HEADER_WORDS + plastic_words[row]) + place
    return _synapses(
        counts, halves[row, fixed_at].astype(np.uint32), halves[row, weight_at], layout
    )


def _synapses(
    counts: NDArray[np.int64],
    fixed: NDArray[np.uint32],
    weights: NDArray[np.uint16],
    layout: WeightsLayout,
) -> Synapses:
    return Synapses(
        rows=np.repeat(np.arange(len(counts)), counts),
        targets=(fixed & ((1 << layout.target_bits) - 1)).astype(np.int64),
        weights=weights,
        delays=(fixed >> (layout.target_bits + layout.type_bits)).astype(np.int64),
    )


def _check(said: NDArray[np.int64], needed: NDArray[np.int64], table: NDArray[np.uint32]) -> None:
    wrong = np.flatnonzero(needed > table.shape[1])
    if len(wrong):
        row = int(wrong[0])
        raise wire.MalformedPacket(
            f"synaptic row {row} says {int(said[row])} and would need {int(needed[row])} words; "
            f"it has room for {table.shape[1]}"
        )
