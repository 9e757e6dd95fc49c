"""What a recording is made of. A new kind is one line in `KINDS`."""

from __future__ import annotations

from dataclasses import dataclass

from spinnlive.live.clock import ClockEvent, ClockObservation
from spinnlive.live.injector import Injected
from spinnlive.live.pace import Pace
from spinnlive.live.rates import RatesSet
from spinnlive.live.recorded import RecordedBlock
from spinnlive.live.setting import WeightsSet
from spinnlive.live.spikes import LiveSpikes
from spinnlive.live.statistics import LiveStatistics
from spinnlive.live.weights import WeightSnapshot
from spinnlive.toolchain.values import PopulationFacts, ProjectionFacts


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What a recording is of; its first entry.

    ``started`` is the host's date and time (ISO 8601, UTC) at ``started_s`` seconds of
    ``time.monotonic()``, the clock of every other time in the file. ``labels`` are the populations
    in the order in which `LiveSpikes` numbers them; ``live`` those that send spikes. ``heartbeats``
    says of each gatherer of live spikes, in the order of their numbers, whether it had one.
    """

    started: str
    started_s: float
    versions: dict[str, str]
    board: str
    timestep_us: int
    time_scale_factor: int
    populations: tuple[PopulationFacts, ...]
    projections: tuple[ProjectionFacts, ...]
    labels: tuple[str, ...]
    live: tuple[str, ...]
    heartbeats: tuple[bool, ...] = (False,)


@dataclass(frozen=True, slots=True)
class Dropped:
    """How many values of this kind (``of``) could not be recorded so far, for want of room."""

    of: str
    count: int


@dataclass(frozen=True, slots=True)
class Ending:
    """How the live run ended: at which tick, and with which error if any (its class, its words)."""

    tick: int
    error: str | None
    message: str


KINDS: dict[str, type] = {
    "run": RunFacts,
    "spikes": LiveSpikes,
    "injected": Injected,
    "rates": RatesSet,
    "weights": WeightSnapshot,
    "set_weights": WeightsSet,
    "recorded": RecordedBlock,
    "clock": ClockObservation,
    "state": ClockEvent,
    "telemetry": Pace,
    "statistics": LiveStatistics,
    "dropped": Dropped,
    "ending": Ending,
}
"""Each kind's name, which is its topic in the file, and the class of its values."""
