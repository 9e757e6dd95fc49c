"""What the demo found, in numbers and in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spinnlive.demo.loop import CONTROL_TICKS, Episode, Trace
from spinnlive.demo.network import TIMESTEP_MS, NetworkSpec

SPEED_TICKS = 1000
"""Ticks over which the lowest board speed is taken: a second of biological time."""

LEARNED_LAST_STEPS = 250
"""Steps at the end of the run over which the plastic pathway's share is measured: 5 s."""

CHANGED_PART = 0.1
"""A synapse counts as changed when its weight moved by more than this part of the largest weight
allowed."""

Spikes = Sequence[tuple[int, NDArray[np.int64]]]
"""Batches of a tick and the neuron ids that fired in it."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Spikes that one side sent and the other side saw, compared tick by tick and id by id.

    ``late`` are those stamped one tick later than they were fired; they are not lost.
    """

    sent: int
    seen: int
    lost: int
    late: int


@dataclass(frozen=True, slots=True)
class DemoSummary:
    """What the demo found.

    Times of the pole in seconds of biological time; latencies in ms of the host's time, from
    sending a spike to reading the spike that it caused; board speed relative to real time.
    ``spikes_in`` compares the sensor spikes sent with those that the injector's own recording has
    (by count: the host cannot know their tick), ``spikes_out`` the board's recordings with the live
    spikes. Weights in nA. ``learned_share`` is the plastic pathway's part in the variance of the
    steering drive over the last 5 s, ``learned_agreement`` its correlation with the reflex.
    """

    environment: str
    balanced_s: float
    total_s: float
    held_s: float
    episodes: tuple[Episode, ...]
    loops: int
    loops_lost: int
    latency_p50_ms: float
    latency_p99_ms: float
    board_speed_mean: float
    board_speed_min: float
    spikes_in: Delivery
    spikes_withheld: int
    spikes_out: Delivery
    synapses: int
    weight_before: float
    weight_after: float
    weight_max: float
    changed_share: float
    learned_share: float
    learned_agreement: float
    picture: Path | None = None


def summarise(
    trace: Trace,
    spec: NetworkSpec,
    recorded: Mapping[str, Spikes],
    *,
    environment: str,
    sensors: str,
    picture: Path | None = None,
) -> DemoSummary:
    """Sum a run up.

    ``recorded``: the board's own recordings by label; ``sensors``: the injector's label.
    """
    before, after = steering_weights(trace, 0), steering_weights(trace, -1)
    share, agreement = learned(trace, spec)
    speeds = board_speed(trace)
    latencies = 1000.0 * np.asarray(trace.echoes or [np.nan])
    deliveries = [compare(recorded[label], seen) for label, seen in trace.received.items()]
    sent = sum(len(ids) for _, ids in trace.sent)
    taken = sum(len(ids) for _, ids in recorded.get(sensors, ()))
    return DemoSummary(
        environment=environment,
        balanced_s=longest_stand(trace.episodes) * CONTROL_TICKS * TIMESTEP_MS / 1000.0,
        total_s=trace.steps * CONTROL_TICKS * TIMESTEP_MS / 1000.0,
        held_s=trace.held_ticks * TIMESTEP_MS / 1000.0,
        episodes=tuple(trace.episodes),
        loops=trace.pings,
        loops_lost=trace.pings - len(trace.echoes),
        latency_p50_ms=float(np.percentile(latencies, 50)),
        latency_p99_ms=float(np.percentile(latencies, 99)),
        board_speed_mean=speeds[0],
        board_speed_min=speeds[1],
        spikes_in=Delivery(sent, taken, max(sent - taken, 0), 0),
        spikes_withheld=trace.withheld,
        spikes_out=Delivery(*np.sum([_counts(each) for each in deliveries], axis=0).tolist()),
        synapses=after.size,
        weight_before=float(before.mean()),
        weight_after=float(after.mean()),
        weight_max=spec.plastic_max,
        changed_share=float(np.mean(np.abs(after - before) > CHANGED_PART * spec.plastic_max)),
        learned_share=share,
        learned_agreement=agreement,
        picture=picture,
    )


def _counts(delivery: Delivery) -> tuple[int, int, int, int]:
    return delivery.sent, delivery.seen, delivery.lost, delivery.late


def compare(recorded: Spikes, received: Spikes) -> Delivery:
    """Compare a recording with what was received live, tick by tick and id by id."""
    fired, seen = _count(recorded), _count(received)
    missing, unexplained = fired - seen, seen - fired
    late = 0
    for (tick, neuron), count in missing.items():
        found = min(count, unexplained[tick + 1, neuron])
        unexplained[tick + 1, neuron] -= found
        late += found
    return Delivery(fired.total(), seen.total(), missing.total() - late, late)


def _count(spikes: Spikes) -> Counter[tuple[int, int]]:
    return Counter((tick, int(neuron)) for tick, ids in spikes for neuron in ids)


def longest_stand(episodes: Sequence[Episode]) -> int:
    """Give the most steps in a row, over the end of episodes, in which the pole did not fall."""
    best = current = 0
    for episode in episodes:
        current += episode.steps
        best = max(best, current)
        if episode.ending == "fell":
            current = 0
    return best


def board_speed(trace: Trace) -> tuple[float, float]:
    """Give the board's speed over the run and the lowest one over `SPEED_TICKS`.

    Pauses of the network do not count. NaN with too few ticks.
    """
    bounds = [*trace.pauses, len(trace.beats)]
    ticks_run = seconds_run = 0.0
    lowest: list[float] = []
    for first, end in pairwise(bounds):
        if end - first < 2:
            continue
        ticks, times = np.asarray(trace.beats[first:end], float).T
        ticks_run += ticks[-1] - ticks[0]
        seconds_run += times[-1] - times[0]
        if len(ticks) > SPEED_TICKS:
            spans = times[SPEED_TICKS:] - times[:-SPEED_TICKS]
            passed = ticks[SPEED_TICKS:] - ticks[:-SPEED_TICKS]
            lowest.append(float(np.min(passed / spans)))
    if seconds_run <= 0:
        return float("nan"), float("nan")
    to_speed = TIMESTEP_MS / 1000.0
    mean = ticks_run / seconds_run
    return mean * to_speed, min(lowest, default=mean) * to_speed


def steering_weights(trace: Trace, place: int) -> NDArray[np.float64]:
    """Give one snapshot of the plastic weights, sides beside each other.

    Sensors × motor neurons (nA).
    """
    return np.hstack([snapshots[place][1] for snapshots in trace.weights])


def learned(trace: Trace, spec: NetworkSpec) -> tuple[float, float]:
    """Say what the plastic pathway did at the end: its share of the steering, its agreement.

    For each of the last steps the drive of a pathway is the sum over sensor spikes of what the
    synapses push to the right less what they push to the left. With r for the reflex and p for the
    plastic pathway the share is cov(p, r + p) / var(r + p), the agreement the correlation of p and
    r. NaN with too little to go by.
    """
    if not all(trace.weights) or trace.steps < 2:
        return float("nan"), float("nan")
    counts = sensor_counts(trace, spec.bank.size)[-LEARNED_LAST_STEPS:]
    reflex = counts @ (2.0 * spec.reflex_weight * spec.steering())
    left, right = (snapshots[-1][1].mean(axis=1) for snapshots in trace.weights)
    plastic = counts @ (right - left)
    covariance = np.cov(plastic, reflex)
    total = covariance.sum()
    scale = float(np.sqrt(covariance[0, 0] * covariance[1, 1]))
    if total <= 0 or scale <= 0:
        return float("nan"), float("nan")
    share = (covariance[0, 0] + covariance[0, 1]) / total
    return float(share), float(covariance[0, 1] / scale)


def sensor_counts(trace: Trace, size: int) -> NDArray[np.float64]:
    """Give how often each sensor neuron fired between steps of the environment: steps × neurons."""
    ticks = np.array([tick for tick, _ in trace.states])
    counts = np.zeros((len(ticks), size))
    for tick, ids in trace.sent:
        np.add.at(counts[np.searchsorted(ticks, tick, side="right") - 1], ids, 1.0)
    return counts


def format_summary(summary: DemoSummary) -> str:
    """Say the summary as a text of some lines, for people."""
    endings = Counter(episode.ending for episode in summary.episodes)
    fell, whole = endings["fell"], endings["whole"]
    falls = "never fell" if fell == 0 else f"fell {fell} time{'s' * (fell > 1)}"
    rows = [
        ("pole", f"stood {summary.balanced_s:.1f} s without a fall, of {summary.total_s:.1f} s"),
        (
            "",
            f"{whole} whole episode{'s' * (whole != 1)} of {summary.environment}, {falls}"
            + _held(summary.held_s),
        ),
        (
            "loop latency",
            f"p50 {summary.latency_p50_ms:.2f} ms, p99 {summary.latency_p99_ms:.2f} ms "
            f"(spike out to its echo back; {summary.loops} loops, {summary.loops_lost} lost)",
        ),
        (
            "board speed",
            f"{summary.board_speed_mean:.2f} of real time, "
            f"lowest {summary.board_speed_min:.2f} over a second",
        ),
        (
            "spikes in",
            f"{summary.spikes_in.sent:,} sent, {summary.spikes_in.seen:,} taken by the board, "
            f"{summary.spikes_in.lost:,} lost" + _withheld(summary.spikes_withheld),
        ),
        (
            "spikes out",
            f"{summary.spikes_out.sent:,} fired on the board, {summary.spikes_out.seen:,} received "
            f"live, {summary.spikes_out.lost:,} lost" + _late(summary.spikes_out.late),
        ),
        (
            "plastic weights",
            f"mean {_pico(summary.weight_before)} → {_pico(summary.weight_after)} pA of at most "
            f"{_pico(summary.weight_max)}; {summary.changed_share:.0%} of "
            f"{summary.synapses} synapses changed",
        ),
        (
            "",
            f"they now carry {summary.learned_share:.0%} of the steering and agree with the "
            f"reflex at r = {summary.learned_agreement:.2f}",
        ),
    ]
    if summary.picture is not None:
        rows.append(("picture", str(summary.picture)))
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {text}" for name, text in rows)


def _pico(nanoampere: float) -> str:
    return f"{1000.0 * nanoampere:.1f}"


def _held(seconds: float) -> str:
    return f"; held for {seconds:.2f} s while this machine was late" if seconds else ""


def _withheld(count: int) -> str:
    return f", {count:,} withheld as the board took no more" if count else ""


def _late(count: int) -> str:
    return f", {count:,} a tick late" if count else ""
