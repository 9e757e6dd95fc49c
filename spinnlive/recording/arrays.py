"""A recording as arrays in biological time, for exports and for a look with numpy."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spinnlive.live.weights import WeightSnapshot
from spinnlive.recording.kinds import RunFacts
from spinnlive.recording.reader import RecordingFile


@dataclass(frozen=True, slots=True)
class Spikes:
    """Spikes of one population: neuron ids, and times in ms of biological time, in order of time."""

    neurons: NDArray[np.int64]
    times_ms: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Recorded:
    """All that was recorded of spikes and weights.

    ``spikes``: of each population with live output. ``injected``: of each injector that was sent
    any; a spike's time is the clock's estimate of when it was sent. ``weights``: each projection's
    snapshots, in order. ``end_ms``: where the network stood at the end.
    """

    facts: RunFacts
    spikes: dict[str, Spikes]
    injected: dict[str, Spikes]
    weights: dict[str, list[WeightSnapshot]]
    end_ms: float
    whole: bool


def read_recording(path: Path | str) -> Recorded:
    """Read a recording into memory. Raises `UsageError` when it is none."""
    file = RecordingFile(path)
    facts = file.facts
    timestep_ms = facts.timestep_us / 1000
    ticks: list[NDArray[np.int64]] = []
    populations: list[NDArray[np.int16]] = []
    neurons: list[NDArray[np.int32]] = []
    sent: defaultdict[str, list[tuple[float, NDArray[np.int64]]]] = defaultdict(list)
    weights: defaultdict[str, list[WeightSnapshot]] = defaultdict(list)
    clock: list[tuple[float, float]] = []
    for entry in file.entries():
        value = entry.value
        match entry.kind:
            case "spikes":
                ticks.append(value.ticks)
                populations.append(value.populations)
                neurons.append(value.neurons)
            case "injected":
                sent[value.label].append((value.sent, value.neuron_ids))
            case "weights":
                weights[value.label].append(value)
            case "clock":
                clock.append((value.host_s, value.position))
            case "state":
                clock.append((value.host_s, float(value.tick)))
    return Recorded(
        facts=facts,
        spikes=_by_population(facts, timestep_ms, ticks, populations, neurons),
        injected={label: _injected(each, clock, timestep_ms) for label, each in sent.items()},
        weights=dict(weights),
        end_ms=max((position for _, position in clock), default=0.0) * timestep_ms,
        whole=file.whole,
    )


def _by_population(
    facts: RunFacts,
    timestep_ms: float,
    ticks: list[NDArray[np.int64]],
    populations: list[NDArray[np.int16]],
    neurons: list[NDArray[np.int32]],
) -> dict[str, Spikes]:
    empty = np.empty(0, np.int64)
    all_ticks = np.concatenate([empty, *ticks])
    all_populations = np.concatenate([empty, *populations])
    all_neurons = np.concatenate([empty, *neurons])
    found = {}
    for label in facts.live:
        ours = all_populations == facts.labels.index(label)
        order = np.argsort(all_ticks[ours], kind="stable")
        found[label] = Spikes(all_neurons[ours][order], all_ticks[ours][order] * timestep_ms)
    return found


def _injected(
    sent: list[tuple[float, NDArray[np.int64]]],
    clock: list[tuple[float, float]],
    timestep_ms: float,
) -> Spikes:
    """Put what was sent at times of the host on the board's clock, between its observations."""
    host, position = np.array(sorted(clock)).T if clock else (np.zeros(1), np.zeros(1))
    at = np.interp([when for when, _ in sent], host, np.maximum.accumulate(position))
    ids = np.concatenate([each for _, each in sent])
    times = np.repeat(at * timestep_ms, [len(each) for _, each in sent])
    return Spikes(ids.astype(np.int64), times)
