"""Where a projection's weights lie in the board's memory, looked up once after loading.

Source: sPyNNaker ``synaptic_matrix_app.py``, ``synapse_io.py`` and ``synapse_dynamics_stdp.py``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from spinnlive.errors import UsageError
from spinnlive.toolchain import private
from spinnlive.toolchain.values import MatrixBlock, MatrixCore, RowForm, WeightsLayout

ROW_HEADER_WORDS = 3
"""Words of a row that are no synapses: plastic size, fixed-fixed size, fixed-plastic size."""

TIME_STAMP_BYTES = 4
"""Before the weights of rows that others change: the time of the last change."""

MOST_RAW = 0xFFFF
"""A weight has 16 bits."""


def weights_layout(projection: Any) -> WeightsLayout:
    """Describe where ``projection``'s weights are and how to read them. The network must be loaded.

    Raises `UsageError` for what has no rows in SDRAM to read: a Poisson source that was merged into
    its target's cores, or a convolution.
    """
    synapses = private.synapses_of(projection)
    edge = private.edge_of(projection)
    dynamics = synapses.synapse_dynamics
    form = _row_form(projection, dynamics)
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
    scale = float(private.matrix_value(matrix, "weight_scales")[synapses.synapse_type])
    n_pre = edge.pre_vertex.n_atoms
    least, most = _bounds(dynamics, scale)
    return WeightsLayout(
        label=name_of(projection),
        n_pre=n_pre,
        n_post=edge.post_vertex.n_atoms,
        unit="µS" if projection.post.conductance_based else "nA",
        scale=scale,
        form=form.form,
        header_bytes=form.header_bytes,
        half_words=form.half_words,
        weight_half_word=form.weight_half_word,
        target_bits=form.target_bits or _bits(private.matrix_value(matrix, "max_atoms_per_core")),
        type_bits=_bits(private.matrix_value(matrix, "n_synapse_types")),
        stage_ticks=int(edge.post_vertex.splitter.max_support_delay()),
        pre_ids=np.asarray(edge.pre_vertex.get_raster_ordered_indices(np.arange(n_pre)), np.int64),
        cores=tuple(cores),
        least=least,
        most=most,
        rewired=form.rewired,
        signed=form.signed,
    )


@dataclass(frozen=True, slots=True)
class _Form:
    """How rows are made; see `WeightsLayout`. ``target_bits`` is 0 where the matrix decides it."""

    form: RowForm
    header_bytes: int = 0
    half_words: int = 0
    weight_half_word: int = 0
    target_bits: int = 0
    rewired: bool = False
    signed: bool = False


def _row_form(projection: Any, dynamics: Any) -> _Form:
    from spynnaker.pyNN.models.neuron.synapse_dynamics import (
        AbstractSynapseDynamicsStructural,
        SynapseDynamicsNeuromodulation,
        SynapseDynamicsStatic,
        SynapseDynamicsSTDP,
        SynapseDynamicsWeightChangable,
        SynapseDynamicsWeightChanger,
    )

    rewired = isinstance(dynamics, AbstractSynapseDynamicsStructural)
    if isinstance(dynamics, SynapseDynamicsSTDP):
        header = private.plastic_header_bytes(dynamics)
        structure = dynamics.timing_dependence.synaptic_structure
        half_words = structure.get_n_half_words_per_connection()
        if private.is_neuromodulated(dynamics):
            # the weight comes first, what neuromodulation will make of it behind it
            return _Form("plastic", header, half_words + 1, 0, rewired=rewired)
        place = structure.get_weight_half_word()
        return _Form("plastic", header, half_words, place, rewired=rewired)
    if isinstance(dynamics, SynapseDynamicsStatic):
        return _Form("static", rewired=rewired)
    if isinstance(dynamics, SynapseDynamicsWeightChangable):
        return _Form("plastic", TIME_STAMP_BYTES, 1, 0)
    if isinstance(dynamics, SynapseDynamicsNeuromodulation):
        return _Form("signals", target_bits=16)
    if isinstance(dynamics, SynapseDynamicsWeightChanger):
        return _Form("signals", signed=True)
    raise UsageError(
        f"the weights of projection {name_of(projection)} cannot be read while it runs: its synapses "
        f"are {type(dynamics).__name__}, which keep no rows of synapses"
    )


def _bounds(dynamics: Any, scale: float) -> tuple[float, float]:
    """Give the least and the most that a weight may be: what 16 bits hold, and what the rule says."""
    rule = getattr(dynamics, "weight_dependence", None)
    least = getattr(rule, "w_min", getattr(dynamics, "weight_min", 0.0))
    most = getattr(rule, "w_max", getattr(dynamics, "weight_max", math.inf))
    return max(0.0, float(least)), min(MOST_RAW / scale, float(most))


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
