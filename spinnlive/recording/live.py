"""Record the live run that has just been opened."""

from __future__ import annotations

import time
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import trio

from spinnlive.live.pace import pace_of
from spinnlive.live.parts import Parts
from spinnlive.live.run import LiveRun
from spinnlive.recording.kinds import Ending, RunFacts
from spinnlive.recording.recorder import Recorder, check_path, recording

__all__ = ["check_path", "record_live"]

VERSIONS_OF = ("spinnlive", "sPyNNaker", "SpiNNMan", "trio", "numpy")
"""Packages whose versions matter to whoever looks at a bad day later."""


def record_live(
    path: Path, live: LiveRun, parts: Parts, background: trio.Nursery
) -> AbstractAsyncContextManager[Recorder]:
    """Record ``live`` into a new file while the block lasts; ``background`` must outlast it."""

    def ending() -> Ending:
        error = live.failure
        name = None if error is None else type(error).__name__
        return Ending(live.clock.tick, name, "" if error is None else str(error))

    def readings() -> dict[str, Any]:
        return {"statistics": live.statistics(), "telemetry": pace_of(live.clock)}

    return recording(path, parts.connection.tap, background, _facts(parts), readings, ending)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _facts(parts: Parts) -> RunFacts:
    network = parts.connection.network
    return RunFacts(
        started=datetime.now(UTC).isoformat(),
        started_s=time.monotonic(),
        versions={name: _version(name) for name in VERSIONS_OF},
        board=network.root,
        timestep_us=network.timestep_us,
        time_scale_factor=network.time_scale_factor,
        populations=parts.populations,
        projections=parts.simulator.projections(),
        labels=network.keys.labels,
        live=tuple(sorted(network.live)),
        heartbeats=tuple(each is not None for each in parts.connection.watermark.beats),
    )
