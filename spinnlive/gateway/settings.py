"""What a server allows: rights, and limits for what clients can cost it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from spinnlive.wire.stream import MAX_CLIENT_BYTES

Right = Literal["read", "inject", "control"]
"""``read``: list and subscribe; ``inject``: spikes and rates in; ``control``: step the network."""

RIGHTS: tuple[Right, ...] = get_args(Right)

DEFAULT_PORT = 17880
"""TCP port unless another is asked for; near SpiNNaker's UDP ports 17893 and 17895, beside them."""

TOKEN_VARIABLE = "SPINNLIVE_TOKEN"
"""Environment variable with the token, for who would not write it into a program."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much clients can cost; see ``protocols/stream.md``.

    ``message_bytes``: longest message of a client. ``messages_per_s`` on average, ``burst`` at
    once; a client that sends faster is dropped. ``backlog_bytes``: what is kept for a client that
    does not read, before it is dropped. ``hello_s``: how long a connection may take to say who it
    is (seconds). ``weights_every_ms``: shortest interval between weight snapshots, which the board
    has to read out (ms of biological time).
    """

    clients: int = 32
    subscriptions: int = 64
    message_bytes: int = MAX_CLIENT_BYTES
    messages_per_s: float = 2000.0
    burst: int = 4000
    backlog_bytes: int = 8 << 20
    hello_s: float = 5.0
    weights_every_ms: float = 20.0
