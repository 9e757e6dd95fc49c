"""The messages of the stream protocol, through which programs in any language follow a live run.

Each is a frozen dataclass; its fields are the keys of the message's map, in order, and None is left
out. What they mean to each other (who sends what when) stands in ``protocols/stream.md``. Units are
part of the names: ``_ms`` biological time in milliseconds, ``_s`` real time in seconds; ticks are
the board's. ``host_s`` and ``received_s`` are the server's monotonic clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

VERSION = 1
"""Of the protocol. It grows only when old programs would misunderstand; new keys and kinds of
messages do not change it."""

Ids: TypeAlias = NDArray[np.uint32]
"""Neuron ids or counts; on the wire the bytes of little-endian 32-bit numbers."""

Reals: TypeAlias = NDArray[np.float64]
"""On the wire the bytes of little-endian 64-bit floating-point numbers."""

Names: TypeAlias = tuple[str, ...]
Numbers: TypeAlias = dict[str, float]


@dataclass(frozen=True, slots=True)
class Population:
    """What a client is told of a population: its size in neurons, and what it can be asked for."""

    label: str
    size: int
    live: bool
    injector: bool
    rates: bool


@dataclass(frozen=True, slots=True)
class Projection:
    """What a client is told of a projection: labels and sizes (neurons) of its two ends."""

    label: str
    pre: str
    post: str
    pre_size: int
    post_size: int


Populations: TypeAlias = tuple[Population, ...]
Projections: TypeAlias = tuple[Projection, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Hello:
    """Client: the first message. ``name`` says who it is, for the server's log."""

    version: int
    token: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Welcome:
    """Server: the answer to `Hello`: what this client may do and what the live run can do."""

    version: int
    server: str
    rights: Names
    capabilities: Names
    timestep_ms: float
    tick_s: float
    heartbeat_s: float
    max_message_bytes: int
    host_s: float


@dataclass(frozen=True, slots=True, eq=False)
class List:
    """Client: ask for the populations and projections."""

    request: int


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Server: the answer to `List`."""

    request: int
    populations: Populations
    projections: Projections


@dataclass(frozen=True, slots=True, eq=False)
class Subscribe:
    """Client: ask for a stream; ``what`` is spikes, counts, weights, clock or telemetry."""

    request: int
    what: str
    target: str | None = None
    every_ms: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Subscribed:
    """Server: the stream comes under this channel number, which others may share."""

    request: int
    channel: int


@dataclass(frozen=True, slots=True, eq=False)
class Unsubscribe:
    """Client: no more of this channel."""

    request: int
    channel: int


@dataclass(frozen=True, slots=True, eq=False)
class Inject:
    """Client: make these neurons of a SpikeInjector fire now, or at ``tick``."""

    population: str
    ids: Ids
    tick: int | None = None
    request: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class SetRates:
    """Client: change the rates (Hz) of a Poisson population: of ``ids``, or of every neuron in
    order."""

    population: str
    rates: Reals
    ids: Ids | None = None
    request: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """Client: let the network advance exactly this biological time, then stand."""

    request: int
    ms: float


@dataclass(frozen=True, slots=True, eq=False)
class Ping:
    """Client: ask for the server's clock; ``sent`` is the client's own and comes back."""

    sent: float


@dataclass(frozen=True, slots=True, eq=False)
class Pong:
    """Server: the answer to `Ping`."""

    sent: float
    host_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """Server: a request was carried out; ``tick`` is where the network stands after a step."""

    request: int
    tick: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Error:
    """Server: a request was not carried out. The connection lasts."""

    code: str
    message: str
    request: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Goodbye:
    """Server: its last message: why it closes the connection."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, eq=False)
class Heartbeat:
    """Server: it lives; sent every ``heartbeat_s`` seconds."""

    host_s: float
    tick: int
    running: bool


@dataclass(frozen=True, slots=True, eq=False)
class Spikes:
    """Server: spikes of one population in one tick."""

    channel: int
    tick: int
    time_ms: float
    received_s: float
    ids: Ids


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Server: spikes per neuron in the ``ticks`` ticks from ``tick`` on."""

    channel: int
    tick: int
    ticks: int
    time_ms: float
    host_s: float
    counts: Ids


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """Server: the synapses of a projection, read between two ticks; ``weights`` in ``unit``."""

    channel: int
    tick: int
    tick_after: int
    time_ms: float
    unit: str
    pre_size: int
    post_size: int
    pre: Ids
    post: Ids
    weights: Reals
    delays_ms: Reals


@dataclass(frozen=True, slots=True, eq=False)
class Clock:
    """Server: its clock's estimate; the true ``position`` (ticks) lies within ``uncertainty``.

    ``board_speed`` is relative to the pace asked for, absent until it is known.
    """

    channel: int
    host_s: float
    position: float
    uncertainty: float
    time_ms: float
    running: bool
    board_speed: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Telemetry:
    """Server: counts and measures of the live run and of the server, by name."""

    channel: int
    host_s: float
    values: Numbers


@dataclass(frozen=True, slots=True, eq=False)
class End:
    """Server: the channel is over; ``message`` says why if something failed."""

    channel: int
    message: str | None = None


ClientMessage = Hello | List | Subscribe | Unsubscribe | Inject | SetRates | Step | Ping
ServerMessage = (
    Welcome
    | Network
    | Subscribed
    | Pong
    | Done
    | Error
    | Goodbye
    | Heartbeat
    | Spikes
    | Counts
    | Weights
    | Clock
    | Telemetry
    | End
)
Message = ClientMessage | ServerMessage

CLIENT_TYPES: dict[str, type[ClientMessage]] = {
    "hello": Hello,
    "list": List,
    "subscribe": Subscribe,
    "unsubscribe": Unsubscribe,
    "inject": Inject,
    "set_rates": SetRates,
    "step": Step,
    "ping": Ping,
}
"""What a client sends, by the ``type`` on the wire."""

SERVER_TYPES: dict[str, type[ServerMessage]] = {
    "welcome": Welcome,
    "network": Network,
    "subscribed": Subscribed,
    "pong": Pong,
    "done": Done,
    "error": Error,
    "goodbye": Goodbye,
    "heartbeat": Heartbeat,
    "spikes": Spikes,
    "counts": Counts,
    "weights": Weights,
    "clock": Clock,
    "telemetry": Telemetry,
    "end": End,
}
"""What a server sends, likewise."""
