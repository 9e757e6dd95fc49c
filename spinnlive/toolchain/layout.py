"""Where a projection's weights lie in the board's memory, looked up once after loading.

Source: sPyNNaker ``synaptic_matrix_app.py``, ``synapse_io.py`` and ``synapse_dynamics_stdp.py``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spinnlive.errors import UsageError
from spinnlive.toolchain import private
from spinnlive.toolchain.values import MatrixBlock, MatrixCore, WeightsLayout

ROW_HEADER_WORDS = 3
"""Words of a row that are no synapses: plastic size, fixed-fixed size, fixed-plastic size."""


def weights_layout(projection: Any) -> WeightsLayout:
    """Describe where ``projection``'s weights are and how to read them. The network must be loaded.

    Raises `UsageError` for what has no rows in SDRAM to read: a Poisson source that was merged into
    its target's cores, a convolution, a neuromodulation signal; and for structural plasticity and
    neuromodulated rules, whose rows are of another kind.
    """
    synapses = private.synapses_of(projection)
    edge = private.edge_of(projection)
    header, half_words, weight_half_word, plastic = _row_format(
        projection, synapses.synapse_dynamics
    )
    cores: list[MatrixCore] = []
    matrix: Any = None
    for vertex in edge.post_vertex.machine_vertices:
        found = private.matrix_of(vertex, projection)
        if found is not None:
            matrix = found
            cores.append(_core(vertex, matrix))
    if matrix is None:
        raise UsageError(
            f"projection {name_of(projection)} has no synaptic rows on any core, so its weights "
            "cannot be read while it runs: a Poisson source connected one to one can be merged "
            "into its target, and local-only models keep none"
        )
    scales = private.matrix_value(matrix, "weight_scales")
    n_pre = edge.pre_vertex.n_atoms
    return WeightsLayout(
        label=name_of(projection),
        n_pre=n_pre,
        n_post=edge.post_vertex.n_atoms,
        unit="µS" if projection.post.conductance_based else "nA",
        scale=float(scales[synapses.synapse_type]),
        plastic=plastic,
        header_bytes=header,
        half_words=half_words,
        weight_half_word=weight_half_word,
        target_bits=_bits(private.matrix_value(matrix, "max_atoms_per_core")),
        type_bits=_bits(private.matrix_value(matrix, "n_synapse_types")),
        stage_ticks=int(edge.post_vertex.splitter.max_support_delay()),
        pre_ids=np.asarray(edge.pre_vertex.get_raster_ordered_indices(np.arange(n_pre)), np.int64),
        cores=tuple(cores),
    )


def _row_format(projection: Any, dynamics: Any) -> tuple[int, int, int, bool]:
    """Give header bytes, half-words per synapse, the one with the weight, and whether rows are
    plastic."""
    from spynnaker.pyNN.models.neuron.synapse_dynamics import (
        AbstractSynapseDynamicsStructural,
        SynapseDynamicsStatic,
        SynapseDynamicsSTDP,
    )

    refused = f"the weights of projection {name_of(projection)} cannot be read while it runs: "
    if isinstance(dynamics, AbstractSynapseDynamicsStructural):
        raise UsageError(refused + "structural plasticity moves its synapses from row to row")
    if isinstance(dynamics, SynapseDynamicsSTDP):
        if private.is_neuromodulated(dynamics):
            raise UsageError(refused + "its rule is neuromodulated")
        structure = dynamics.timing_dependence.synaptic_structure
        return (
            private.plastic_header_bytes(dynamics),
            structure.get_n_half_words_per_connection(),
            structure.get_weight_half_word(),
            True,
        )
    if isinstance(dynamics, SynapseDynamicsStatic):
        return 0, 0, 0, False
    raise UsageError(
        refused + f"its synapses are {type(dynamics).__name__}, neither static nor STDP"
    )


def _core(vertex: Any, matrix: Any) -> MatrixCore:
    from spynnaker.pyNN.data import SpynnakerDataView

    placement = SpynnakerDataView.get_placement_of_vertex(vertex)
    atoms = vertex.vertex_slice
    rows = private.matrix_value(matrix, "max_row_info")
    return MatrixCore(
        x=placement.x,
        y=placement.y,
        p=placement.p,
        region=int(private.matrix_value(matrix, "synaptic_matrix_region")),
        post_ids=np.asarray(atoms.get_raster_indices(np.arange(atoms.n_atoms)), np.int64),
        direct=_block(matrix, "syn_mat_offset", "matrix_size", rows.undelayed_max_words),
        delayed=_block(matrix, "delay_syn_mat_offset", "delay_matrix_size", rows.delayed_max_words),
    )


def _block(matrix: Any, offset: str, size: str, words: int) -> MatrixBlock | None:
    start = private.matrix_value(matrix, offset)
    if start is None:
        return None
    return MatrixBlock(
        int(start), int(private.matrix_value(matrix, size)), int(words) + ROW_HEADER_WORDS
    )


def _bits(count: int) -> int:
    """Give the bits of a field that tells ``count`` things apart, as ``get_n_bits`` of sPyNNaker
    does."""
    return 1 if count == 1 else int(np.ceil(np.log2(count)))


def name_of(projection: Any) -> str:
    """Give a projection's label, or one made of its populations'."""
    return projection.label or f"{projection.pre.label} → {projection.post.label}"
