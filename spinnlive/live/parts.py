"""What a live run is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import trio

from spinnlive.boards.scp_calls import ScpCalls
from spinnlive.errors import BoardLost, DeadCore
from spinnlive.live.awake import ASLEEP, Awake
from spinnlive.live.client import Connection, LiveClient
from spinnlive.live.intake import Intakes
from spinnlive.live.sources import Basis, Sources
from spinnlive.live.stepping import Stepping
from spinnlive.live.watch import Watch
from spinnlive.live.worker import Worker
from spinnlive.toolchain.simulator import Simulator
from spinnlive.toolchain.values import PopulationFacts

PATIENCE_S = 60.0
"""How long a cancelled run may take to stop and read its recordings back (seconds)."""

PATIENCE_WITHOUT_BOARD_S = 3.0
"""The same once the board or a core is gone: sPyNNaker would try for minutes (seconds)."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a live run is made of; `spinnlive.live.open` puts it together."""

    simulator: Simulator
    worker: Worker
    populations: tuple[PopulationFacts, ...]
    client: LiveClient
    connection: Connection
    scp: ScpCalls
    watch: Watch
    intakes: Intakes
    background: trio.Nursery
    stepping: Stepping
    sources: Callable[[Basis], Sources]
    awake: Awake = ASLEEP


def patience_s(watch: Watch) -> float:
    """Give how long a stopped run may take to end (seconds)."""
    lost = isinstance(watch.failure, BoardLost | DeadCore)
    return PATIENCE_WITHOUT_BOARD_S if lost else PATIENCE_S
