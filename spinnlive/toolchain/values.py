"""What the tool chain hands to the live run: plain frozen values, no class of sPyNNaker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Machine:
    """A board by its address (IP or host name) and hardware version (3: SpiNN-3, 5: SpiNN-5)."""

    address: str
    version: int


@dataclass(frozen=True, slots=True)
class PopulationFacts:
    """A population of the network; ``size`` in neurons. ``rate_control`` is the label of the source
    that controls the rates of a Poisson population live, if it has one. ``records_spikes`` is told
    of injectors alone."""

    label: str
    size: int
    is_injector: bool
    rate_control: str | None = None
    records_spikes: bool = False


@dataclass(frozen=True, slots=True)
class ProjectionFacts:
    """A projection of the network, between populations by their labels; ``dynamics`` is the class
    of its synapses."""

    label: str
    pre: str
    post: str
    dynamics: str


@dataclass(frozen=True, slots=True)
class RecordedSpikes:
    """What the board recorded of a population's spikes: rows of (neuron, tick), and the neurons
    that were recorded; of one in so many ticks (``every_ticks``)."""

    rows: NDArray[np.int64]
    neurons: NDArray[np.int64]
    every_ticks: int = 1


@dataclass(frozen=True, slots=True)
class MatrixBlock:
    """A synaptic matrix of one core: ``offset`` into its region and ``size``, in bytes;
    ``row_words`` with header."""

    offset: int
    size: int
    row_words: int


@dataclass(frozen=True, slots=True)
class MatrixCore:
    """The synapses that one core holds of a projection.

    ``post_ids`` are the neuron ids of the core's targets by their index there. ``delayed`` holds
    the synapses whose delay is longer than a core can represent, one run of rows per delay stage.
    """

    x: int
    y: int
    p: int
    region: int
    post_ids: NDArray[np.int64]
    direct: MatrixBlock | None
    delayed: MatrixBlock | None


RowForm = Literal["static", "plastic", "signals"]
"""How the rows of a projection are made, see `spinnlive.live.rows`. ``signals`` are those that carry
no spikes but neuromodulation, or orders to change weights."""


@dataclass(frozen=True, slots=True)
class WeightsLayout:
    """Where a projection's weights lie and how its rows are to be read.

    ``scale`` divides the 16-bit weights into ``unit`` (nA or µS). A plastic row has
    ``header_bytes`` before its weights, ``half_words`` per synapse with the weight in number
    ``weight_half_word``; in other rows they are 0. ``target_bits`` and ``type_bits`` are the widths
    of the fields below the delay. ``stage_ticks`` is the delay of one delay stage, in ticks.
    ``least`` and ``most`` bound the weights that may be set, in ``unit``. With ``rewired`` the
    synapses themselves change while the network runs; with ``signed`` weights can be negative.
    """

    label: str
    n_pre: int
    n_post: int
    unit: str
    scale: float
    form: RowForm
    header_bytes: int
    half_words: int
    weight_half_word: int
    target_bits: int
    type_bits: int
    stage_ticks: int
    pre_ids: NDArray[np.int64]
    cores: tuple[MatrixCore, ...]
    least: float
    most: float
    rewired: bool = False
    signed: bool = False


@dataclass(frozen=True, slots=True)
class RecordingCore:
    """What one core records of a variable: in ``channel`` of its recording ``region``, of the
    neurons ``neuron_ids``, in their order in a sample."""

    x: int
    y: int
    p: int
    region: int
    channel: int
    neuron_ids: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RecordingLayout:
    """Where the samples of a variable are: one each ``every_ticks``, numbers of numpy's type
    ``number`` that ``scale`` divides into ``unit``."""

    label: str
    variable: str
    unit: str
    every_ticks: int
    number: str
    scale: float
    cores: tuple[RecordingCore, ...]
