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
from spinnlive.live.clock import Clock, ClockReading
from spinnlive.live.injector import Injector
from spinnlive.live.open import open_live
from spinnlive.live.run import LiveRun, LiveStatistics
from spinnlive.live.spikes import SpikeBatch
from spinnlive.live.streams import Stream, StreamStatistics
from spinnlive.live.weights import WeightSnapshot, WeightStream
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
    "Injector",
    "LiveRun",
    "LiveStatistics",
    "NeuronIdError",
    "NoInjector",
    "NoLiveOutput",
    "RemoteError",
    "Replay",
    "RunFacts",
    "RunStateError",
    "ScpError",
    "SpikeBatch",
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
    "open_live",
    "open_recording",
]

_defaults.arrange()
