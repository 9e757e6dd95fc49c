"""The synaptic matrices of one projection in the board's memory: find them, read them, write them.

What a row says of its synapses, but for their weights, stays as it is while the network runs, unless
structural plasticity rewires it. So the rows are read whole once, and from then on only the weights
in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinnlive.boards.bulk import Memory, Span
from spinnlive.live.rows import Synapses, decode_rows
from spinnlive.live.vcpu import region_addresses
from spinnlive.toolchain.values import MatrixBlock, MatrixCore, WeightsLayout

GAP = 64
"""Bytes between two weights that are read along rather than asked for separately: a request more
costs as much as some hundred bytes."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which neurons are wanted, as masks over all ids."""

    pre: NDArray[np.bool_]
    post: NDArray[np.bool_]


@dataclass(slots=True)
class Block:
    """One matrix of one core: where it begins, the synapses in it that are wanted, and the bytes
    that hold their weights (begin and end, from the matrix's begin)."""

    core: MatrixCore
    address: int
    size: int
    row_bytes: int
    synapses: Synapses
    pre: NDArray[np.int64]
    post: NDArray[np.int64]
    delay_ticks: NDArray[np.int64]
    spans: list[tuple[int, int]]

    def span(self, begin: int, end: int) -> Span:
        """Name a part of the matrix."""
        return Span(self.core.x, self.core.y, self.address + begin, end - begin)


class Matrices:
    """The matrices of a projection, or the part of them that a selection needs."""

    def __init__(self, memory: Memory, layout: WeightsLayout, wanted: Selection) -> None:
        self.layout = layout
        self._memory = memory
        self._wanted = wanted
        self._places: list[tuple[MatrixCore, int, MatrixBlock, bool]] | None = None
        self._blocks: list[Block] | None = None
        self._spans: list[Span] = []  # of the weights, when their places stay
        self._places_in_spans: list[NDArray[np.int64]] | None = None

    @property
    def present(self) -> list[Block]:
        """The matrices as they were read last."""
        return self._blocks or []

    async def blocks(self) -> list[Block]:
        """Give the matrices, read anew if their synapses may have changed.

        Raises `BoardLost` and `ScpError`; `MalformedPacket` when the memory holds no synaptic rows.
        """
        if self._blocks is None or self.layout.rewired:
            if self._places is None:
                self._places = await self._locate()
            self._blocks = [await self._read_rows(*place) for place in self._places]
        return self._blocks

    async def weights(self) -> list[NDArray[np.uint16]]:
        """Read the raw weights of each of `blocks`, in the order of its synapses."""
        if self._blocks is None or self.layout.rewired:
            return [block.synapses.weights for block in await self.blocks()]
        if self._places_in_spans is None:
            self._spans = [block.span(*span) for block in self._blocks for span in block.spans]
            self._places_in_spans = _places_in_spans(self._blocks)
        read = np.frombuffer(b"".join(await self._memory.read(self._spans)), "<u2")
        return [read[places] for places in self._places_in_spans]

    async def read(self, parts: Sequence[tuple[Block, int, int]]) -> list[bytes]:
        """Read parts of matrices: begin and end in bytes."""
        return await self._memory.read([block.span(begin, end) for block, begin, end in parts])

    async def write(self, parts: Sequence[tuple[Block, int, bytes]]) -> None:
        """Write into matrices: begin in bytes, and what is to be there."""
        await self._memory.write(
            [(block.span(begin, begin + len(data)), data) for block, begin, data in parts]
        )

    async def _locate(self) -> list[tuple[MatrixCore, int, MatrixBlock, bool]]:
        """Find the matrices that hold synapses of wanted neurons."""
        cores = [core for core in self.layout.cores if self._wanted.post[core.post_ids].any()]
        wanted = [(core.x, core.y, core.p, core.region) for core in cores]
        regions = await region_addresses(self._memory, wanted)
        return [
            (core, region + block.offset, block, delayed)
            for core, region in zip(cores, regions, strict=True)
            for block, delayed in ((core.direct, False), (core.delayed, True))
            if block is not None
        ]

    async def _read_rows(
        self, core: MatrixCore, address: int, block: MatrixBlock, delayed: bool
    ) -> Block:
        layout, row_bytes = self.layout, 4 * block.row_words
        pre_of_row = layout.pre_ids[np.arange(block.size // row_bytes) % layout.n_pre]
        rows = np.flatnonzero(self._wanted.pre[pre_of_row])
        image = bytearray(block.size)  # rows that are not wanted have no synapses
        runs = joined(rows * row_bytes, (rows + 1) * row_bytes, 0)
        spans = [Span(core.x, core.y, address + begin, end - begin) for begin, end in runs]
        for (begin, end), data in zip(runs, await self._memory.read(spans), strict=True):
            image[begin:end] = data
        synapses = decode_rows(bytes(image), block, layout)
        post = core.post_ids[synapses.targets]
        keep = self._wanted.post[post]
        synapses = Synapses(
            synapses.rows[keep],
            synapses.targets[keep],
            synapses.weights[keep],
            synapses.delays[keep],
            synapses.places[keep],
        )
        # a core writes its longest delay as 0
        ticks = np.where(synapses.delays == 0, layout.stage_ticks, synapses.delays)
        if delayed:
            ticks += (synapses.rows // layout.n_pre + 1) * layout.stage_ticks
        begins = 2 * np.sort(synapses.places)
        return Block(
            core,
            address,
            block.size,
            row_bytes,
            synapses,
            pre_of_row[synapses.rows],
            post[keep],
            ticks,
            joined(begins, begins + 2, GAP),
        )


def _places_in_spans(blocks: Sequence[Block]) -> list[NDArray[np.int64]]:
    """Say for each block where its weights are, in half-words, in all spans one after the other."""
    places, before = [], 0
    for block in blocks:
        begins, ends = np.array(block.spans, np.int64).reshape(-1, 2).T // 2
        starts = before + np.cumsum(ends - begins) - (ends - begins)
        at = np.searchsorted(begins, block.synapses.places, side="right") - 1
        places.append(block.synapses.places - begins[at] + starts[at])
        before += int((ends - begins).sum())
    return places


def joined(begins: NDArray[np.int64], ends: NDArray[np.int64], gap: int) -> list[tuple[int, int]]:
    """Join sorted intervals that are at most ``gap`` apart."""
    if not len(begins):
        return []
    cut = np.flatnonzero(begins[1:] - ends[:-1] > gap) + 1
    first = np.concatenate([[0], cut])
    last = np.concatenate([cut - 1, [len(ends) - 1]])
    return list(zip(begins[first].tolist(), ends[last].tolist(), strict=True))
