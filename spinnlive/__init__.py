"""spinnlive runs a PyNN network on a SpiNNaker board live: spikes in, spikes out, weights and time
as async streams.

Importing it also lets ``sim.setup()`` of ``pyNN.spiNNaker`` work without a cfg file and without
writing one, whichever of the two is imported first; see `spinnlive.toolchain.defaults`. Everything
else is imported when it is asked for.
"""

from typing import TYPE_CHECKING

from spinnlive.errors import (
    AddressInUse,
    BoardFailed,
    BoardLost,
    BoardUnreachable,
    BridgeFailed,
    CoreFailure,
    DeadCore,
    FellBehind,
    Forbidden,
    NeuronIdError,
    NoInjector,
    NoLiveOutput,
    NoRateControl,
    RemoteError,
    RunStateError,
    ScpError,
    ServerLost,
    SpinnliveError,
    StreamOverflow,
    ToolchainError,
    UnknownPopulation,
    UnknownProjection,
    UsageError,
    WeightError,
)
from spinnlive.on_demand import on_demand
from spinnlive.toolchain.hook import arrange_settings
from spinnlive.toolchain.put_off import arrange_imports

if TYPE_CHECKING:
    from spinnlive.gateway.connect import connect
    from spinnlive.gateway.counts import GatewayStatistics
    from spinnlive.gateway.server import Gateway, serve
    from spinnlive.gateway.settings import Limits
    from spinnlive.live.clock import Clock, ClockReading, HostTime
    from spinnlive.live.delivery import PopulationReport
    from spinnlive.live.injector import Injector, InjectorStatistics, Played
    from spinnlive.live.loss import GathererReport
    from spinnlive.live.merge import MergedSpikes
    from spinnlive.live.open import open_live
    from spinnlive.live.pace import ClockTick, Pace, Stall, Stalled
    from spinnlive.live.rates import Rates
    from spinnlive.live.recorded import RecordedBlock
    from spinnlive.live.report import LiveReport
    from spinnlive.live.run import LiveRun
    from spinnlive.live.spikes import SpikeBatch, SpikeStream
    from spinnlive.live.statistics import LiveStatistics
    from spinnlive.live.streams import Stream, StreamStatistics
    from spinnlive.live.weights import WeightSnapshot
    from spinnlive.live.windows import WindowCounts, WindowStream
    from spinnlive.recording.kinds import RunFacts
    from spinnlive.recording.replay import Replay, open_recording
else:
    __getattr__, __dir__ = on_demand(
        __name__,
        {
            "spinnlive.gateway.connect": "connect",
            "spinnlive.gateway.counts": "GatewayStatistics",
            "spinnlive.gateway.server": "Gateway serve",
            "spinnlive.gateway.settings": "Limits",
            "spinnlive.live.clock": "Clock ClockReading HostTime",
            "spinnlive.live.delivery": "PopulationReport",
            "spinnlive.live.injector": "Injector InjectorStatistics Played",
            "spinnlive.live.loss": "GathererReport",
            "spinnlive.live.merge": "MergedSpikes",
            "spinnlive.live.open": "open_live",
            "spinnlive.live.pace": "ClockTick Pace Stall Stalled",
            "spinnlive.live.rates": "Rates",
            "spinnlive.live.recorded": "RecordedBlock",
            "spinnlive.live.report": "LiveReport",
            "spinnlive.live.run": "LiveRun",
            "spinnlive.live.spikes": "SpikeBatch SpikeStream",
            "spinnlive.live.statistics": "LiveStatistics",
            "spinnlive.live.streams": "Stream StreamStatistics",
            "spinnlive.live.weights": "WeightSnapshot",
            "spinnlive.live.windows": "WindowCounts WindowStream",
            "spinnlive.recording.kinds": "RunFacts",
            "spinnlive.recording.replay": "Replay open_recording",
        },
    )

__all__ = [
    "AddressInUse",
    "BoardFailed",
    "BoardLost",
    "BoardUnreachable",
    "BridgeFailed",
    "Clock",
    "ClockReading",
    "ClockTick",
    "CoreFailure",
    "DeadCore",
    "FellBehind",
    "Forbidden",
    "Gateway",
    "GatewayStatistics",
    "GathererReport",
    "HostTime",
    "Injector",
    "InjectorStatistics",
    "Limits",
    "LiveReport",
    "LiveRun",
    "LiveStatistics",
    "MergedSpikes",
    "NeuronIdError",
    "NoInjector",
    "NoLiveOutput",
    "NoRateControl",
    "Pace",
    "Played",
    "PopulationReport",
    "Rates",
    "RecordedBlock",
    "RemoteError",
    "Replay",
    "RunFacts",
    "RunStateError",
    "ScpError",
    "ServerLost",
    "SpikeBatch",
    "SpikeStream",
    "SpinnliveError",
    "Stall",
    "Stalled",
    "Stream",
    "StreamOverflow",
    "StreamStatistics",
    "ToolchainError",
    "UnknownPopulation",
    "UnknownProjection",
    "UsageError",
    "WeightError",
    "WeightSnapshot",
    "WindowCounts",
    "WindowStream",
    "connect",
    "open_live",
    "open_recording",
    "serve",
]

arrange_settings()
arrange_imports()
