"""Synaptic rows made by hand, as the cores keep them."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinnlive import wire
from spinnlive.live.rows import decode_rows
from spinnlive.toolchain.values import MatrixBlock, WeightsLayout


def layout(*, plastic: bool, header_bytes: int = 8, half_words: int = 1) -> WeightsLayout:
    """A layout with 8 bits of target and 1 bit of synapse type, as 100 neurons on a core have."""
    return WeightsLayout(
        label="p",
        n_pre=2,
        n_post=100,
        unit="nA",
        scale=2048.0,
        form="plastic" if plastic else "static",
        header_bytes=header_bytes if plastic else 0,
        half_words=half_words if plastic else 0,
        weight_half_word=0,
        target_bits=7,
        type_bits=1,
        stage_ticks=16,
        pre_ids=np.arange(2),
        cores=(),
        least=0.0,
        most=32.0,
    )


def matrix(*rows: bytes) -> tuple[bytes, MatrixBlock]:
    longest = max(map(len, rows))
    memory = b"".join(row.ljust(longest, b"\xff") for row in rows)
    return memory, MatrixBlock(0, len(memory), longest // 4)


def fixed(delay: int, target: int) -> int:
    return delay << 8 | target


def static_row(*synapses: tuple[int, int, int]) -> bytes:
    words = [weight << 16 | fixed(delay, target) for weight, delay, target in synapses]
    return struct.pack(f"<{3 + len(words)}I", 0, len(words), 0, *words)


def plastic_row(header: bytes, half_words: int, *synapses: tuple[int, int, int]) -> bytes:
    part = header
    for weight, _, _ in synapses:
        part += struct.pack(f"<{half_words}H", weight, *[0xABCD] * (half_words - 1))
    part += b"\0" * (-len(part) % 4)
    row = struct.pack("<I", len(part) // 4) + part + struct.pack("<II", 0, len(synapses))
    for _, delay, target in synapses:
        row += struct.pack("<H", fixed(delay, target))
    return row + b"\0" * (-len(row) % 4)


def test_the_row_of_the_notes() -> None:
    # 21 / 2048, delay 3, target 0, as read from a board
    memory = struct.pack("<IIII", 0, 1, 0, 0x00150300)
    found = decode_rows(memory, MatrixBlock(0, 16, 4), layout(plastic=False))
    assert (found.weights.tolist(), found.delays.tolist(), found.targets.tolist()) == (
        [21],
        [3],
        [0],
    )


def test_static_rows_of_different_length() -> None:
    memory, block = matrix(
        static_row((100, 1, 5), (65535, 15, 99)), static_row(), static_row((7, 0, 127))
    )
    found = decode_rows(memory, block, layout(plastic=False))
    assert found.rows.tolist() == [0, 0, 2]
    assert found.targets.tolist() == [5, 99, 127]
    assert found.weights.tolist() == [100, 65535, 7]
    assert found.delays.tolist() == [1, 15, 0]


@pytest.mark.parametrize(("header", "half_words"), [(8, 1), (4, 1), (8, 2), (12, 1)])
def test_plastic_rows_under_each_kind_of_header(header: int, half_words: int) -> None:
    before = bytes(range(1, header + 1))
    memory, block = matrix(
        plastic_row(before, half_words, (1000, 2, 3), (2000, 1, 4), (3000, 9, 5)),
        plastic_row(before, half_words, (4000, 1, 0)),
        plastic_row(b"", half_words),
    )
    found = decode_rows(
        memory, block, layout(plastic=True, header_bytes=header, half_words=half_words)
    )
    assert found.rows.tolist() == [0, 0, 0, 1]
    assert found.weights.tolist() == [1000, 2000, 3000, 4000]
    assert found.targets.tolist() == [3, 4, 5, 0]
    assert found.delays.tolist() == [2, 1, 9, 1]


def test_a_matrix_without_synapses() -> None:
    memory, block = matrix(plastic_row(b"\0" * 8, 1), plastic_row(b"\0" * 8, 1))
    found = decode_rows(memory, block, layout(plastic=True))
    assert len(found.weights) == len(found.rows) == 0


@given(st.binary(min_size=64, max_size=64), st.booleans())
def test_any_memory_gives_synapses_or_a_malformed_packet(memory: bytes, plastic: bool) -> None:
    try:
        found = decode_rows(memory, MatrixBlock(0, 64, 8), layout(plastic=plastic))
    except wire.MalformedPacket:
        return
    assert len(found.rows) == len(found.targets) == len(found.weights) == len(found.delays)
