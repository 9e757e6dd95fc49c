"""spinnlive runs a PyNN network on a SpiNNaker board live: spikes in, spikes out, weights and time
as async streams.

Importing it also lets ``sim.setup()`` of ``pyNN.spiNNaker`` work without a cfg file and without
writing one, whichever of the two is imported first; see `spinnlive.toolchain.defaults`.
"""

from spinnlive.errors import (
    AddressInUse,
    BoardFailed,
    BoardLost,
    BoardUnreachable,
    BridgeFailed,
    CoreFailure,
    NeuronIdError,
    NoInjector,
    NoLiveOutput,
    RemoteError,
    RunStateError,
    ScpError,
    SpinnliveError,
    StreamOverflow,
    ToolchainError,
    UnknownPopulation,
    UnknownProjection,
    UsageError,
)
from spinnlive.live.clock import Clock, ClockReading, HostTime
from spinnlive.live.delivery import PopulationReport
from spinnlive.live.injector import Injector, InjectorStatistics, Played
from spinnlive.live.loss import GathererReport
from spinnlive.live.merge import MergedSpikes
from spinnlive.live.open import open_live
from spinnlive.live.report import LiveReport
from spinnlive.live.run import LiveRun
from spinnlive.live.spikes import SpikeBatch, SpikeStream
from spinnlive.live.statistics import LiveStatistics
from spinnlive.live.streams import Stream, StreamStatistics
from spinnlive.live.weights import WeightSnapshot, WeightStream
from spinnlive.live.windows import WindowCounts, WindowStream
from spinnlive.recording.kinds import RunFacts
from spinnlive.recording.replay import Replay, open_recording
from spinnlive.toolchain import defaults as _defaults

__all__ = [
    "AddressInUse",
    "BoardFailed",
    "BoardLost",
    "BoardUnreachable",
    "BridgeFailed",
    "Clock",
    "ClockReading",
    "CoreFailure",
    "GathererReport",
    "HostTime",
    "Injector",
    "InjectorStatistics",
    "LiveReport",
    "LiveRun",
    "LiveStatistics",
    "MergedSpikes",
    "NeuronIdError",
    "NoInjector",
    "NoLiveOutput",
    "Played",
    "PopulationReport",
    "RemoteError",
    "Replay",
    "RunFacts",
    "RunStateError",
    "ScpError",
    "SpikeBatch",
    "SpikeStream",
    "SpinnliveError",
    "Stream",
    "StreamOverflow",
    "StreamStatistics",
    "ToolchainError",
    "UnknownPopulation",
    "UnknownProjection",
    "UsageError",
    "WeightSnapshot",
    "WeightStream",
    "WindowCounts",
    "WindowStream",
    "open_live",
    "open_recording",
]

_defaults.arrange()
