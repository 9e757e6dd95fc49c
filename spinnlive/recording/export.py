"""A recording for other programs: Neo (as NIX or as a pickled Block), NWB, arrays of numpy.

Neo: one Segment, with a SpikeTrain for each neuron of each population with live output, and one for
each neuron that was injected; a projection's weights are an IrregularlySampledSignal, a channel for
each synapse. NWB: the same as a table of units, and a TimeSeries for each projection.
"""

from __future__ import annotations

import importlib
import pickle
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinnlive.errors import UsageError
from spinnlive.live.weights import WeightSnapshot
from spinnlive.recording.arrays import Recorded, Spikes, read_recording

LIVE, INJECTED = "live", "injected"


def export(recording: Path | str, target: Path | str) -> None:
    """Write a recording into a new file, in the format that its name ends with: ``.nix`` (Neo),
    ``.pkl`` (a pickled Neo Block), ``.nwb`` or ``.npz``.

    Raises `UsageError` for another format, a file that exists already, a recording that is none, or
    a package that is missing (it says which extra brings it).
    """
    target = Path(target)
    write = FORMATS.get(target.suffix)
    if write is None:
        raise UsageError(
            f"recordings are exported to {', '.join(FORMATS)} files, not to {target.name!r}"
        )
    if target.exists():
        raise UsageError(f"{target} exists already: an export never replaces a file")
    write(read_recording(recording), target)


def to_neo(recorded: Recorded) -> Any:
    """Make a Neo Block of a recording."""
    import neo
    import quantities as pq

    facts = recorded.facts
    block = neo.Block(name="live run", rec_datetime=datetime.fromisoformat(facts.started))
    block.annotate(board=facts.board, time_scale_factor=facts.time_scale_factor)
    segment = neo.Segment(name="live run")
    block.segments.append(segment)
    for what, label, neuron, times in _trains(recorded):
        train = neo.SpikeTrain(
            times, units="ms", t_stop=recorded.end_ms + facts.timestep_us / 1000, name=label
        )
        train.annotate(population=label, neuron=neuron, direction=what)
        segment.spiketrains.append(train)
    for label, snapshots in recorded.weights.items():
        for pre, post, times, values, unit in _weights(snapshots):
            signal = neo.IrregularlySampledSignal(
                times * pq.ms, values, units=pq.Quantity(1, "nA" if unit == "nA" else "uS")
            )
            signal.name = label
            signal.annotate(projection=label, pre=pre.tolist(), post=post.tolist())
            segment.irregularlysampledsignals.append(signal)
    return block


def _to_nix(recorded: Recorded, target: Path) -> None:
    _need("nixio", "nix")
    import neo

    writer = neo.io.NixIO(str(target), mode="ow")
    try:
        writer.write_block(to_neo(recorded))
    finally:
        writer.close()


def _to_pickle(recorded: Recorded, target: Path) -> None:
    with target.open("xb") as file:
        pickle.dump(to_neo(recorded), file)


def _to_npz(recorded: Recorded, target: Path) -> None:
    """One array for each population, as ``spinnlive run --record`` writes them: a row of neuron and
    time (ms) for each spike; and for each projection times, pre, post and weights."""
    arrays: dict[str, NDArray[Any]] = {}
    for what, group in ((LIVE, recorded.spikes), (INJECTED, recorded.injected)):
        for label, spikes in group.items():
            arrays[f"{label}/{what}"] = np.column_stack((spikes.neurons, spikes.times_ms))
    for label, snapshots in recorded.weights.items():
        for number, (pre, post, times, values, _) in enumerate(_weights(snapshots)):
            place = label if not number else f"{label} {number}"
            arrays[f"{place}/weights"] = values
            arrays[f"{place}/times"] = times
            arrays[f"{place}/pre"], arrays[f"{place}/post"] = pre, post
    np.savez_compressed(target, **arrays)  # type: ignore[arg-type]


def _to_nwb(recorded: Recorded, target: Path) -> None:
    pynwb = _need("pynwb", "nwb")
    facts = recorded.facts
    file = pynwb.NWBFile(
        session_description=f"live run on the board at {facts.board}",
        identifier=f"{facts.board} {facts.started}",
        session_start_time=datetime.fromisoformat(facts.started),
    )
    for name, words in (
        ("population", "label of the neuron's population"),
        ("neuron", "number of the neuron in its population"),
        ("direction", "live: sent by the board; injected: sent to it"),
    ):
        file.add_unit_column(name, words)
    for what, label, neuron, times in _trains(recorded):
        file.add_unit(spike_times=times / 1000, population=label, neuron=neuron, direction=what)
    for label, snapshots in recorded.weights.items():
        for number, (pre, post, times, values, unit) in enumerate(_weights(snapshots)):
            synapses = ", ".join(f"{a}>{b}" for a, b in zip(pre, post, strict=True))
            file.add_acquisition(
                pynwb.TimeSeries(
                    name=f"weights {label} {number}".replace("/", "_").replace(":", "_"),
                    data=values * (1e-9 if unit == "nA" else 1e-6),
                    unit="A" if unit == "nA" else "S",
                    timestamps=times / 1000,
                    description=f"weights of the projection {label}",
                    comments=f"channels are synapses, pre>post: {synapses}",
                )
            )
    with pynwb.NWBHDF5IO(str(target), "w") as writer:
        writer.write(file)


FORMATS: dict[str, Callable[[Recorded, Path], None]] = {
    ".nix": _to_nix,
    ".pkl": _to_pickle,
    ".nwb": _to_nwb,
    ".npz": _to_npz,
}


def _trains(recorded: Recorded) -> Iterator[tuple[str, str, int, NDArray[np.float64]]]:
    """Give each neuron's spike times (ms), also of those that never fired."""
    sizes = {population.label: population.size for population in recorded.facts.populations}
    for what, group in ((LIVE, recorded.spikes), (INJECTED, recorded.injected)):
        for label, spikes in group.items():
            for neuron, times in enumerate(_split(spikes, sizes[label])):
                yield what, label, neuron, times


def _split(spikes: Spikes, size: int) -> list[NDArray[np.float64]]:
    order = np.argsort(spikes.neurons, kind="stable")
    borders = np.searchsorted(spikes.neurons[order], np.arange(1, size))
    return np.split(spikes.times_ms[order], borders)


def _weights(
    snapshots: list[WeightSnapshot],
) -> Iterator[
    tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], str]
]:
    """Give times (ms) and weights (time × synapse) of snapshots that have the same synapses."""
    groups: list[list[WeightSnapshot]] = []
    for snapshot in snapshots:
        last = groups[-1][-1] if groups else None
        if (
            last is not None
            and np.array_equal(last.pre, snapshot.pre)
            and np.array_equal(last.post, snapshot.post)
        ):
            groups[-1].append(snapshot)
        else:
            groups.append([snapshot])
    for group in groups:
        times = np.array([each.time_ms for each in group])
        values = np.array([each.weights for each in group])
        yield group[0].pre, group[0].post, times, values, group[0].unit


def _need(package: str, extra: str) -> Any:
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        raise UsageError(
            f"this format needs {package}: pip install 'spinnlive[{extra}]'"
        ) from error
