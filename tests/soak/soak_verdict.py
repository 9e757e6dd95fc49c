"""What a long run must not do: leak, drift, lose. Judged from looks at it; `soak` takes them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

ROUTER_LOCAL = (0, 2, 4, 6)
"""Which of a router's counters count packets of its own chip's cores: multicast, P2P, NN, fixed route."""

WARM_UP = 0.1
"""Share of the looks before which memory may still be touched for the first time."""

BOARD_GROWTH_KB = 4 * 1024
"""Memory that the board may take after its warm-up, besides translated code (KB): the tables of what is translated, and
SDRAM that is written to for the first time. 40 KB were seen."""

CODE_MOST_KB = 2 * 24 * 1024
"""Translated code is kept until there are 24 MB of it, then made anew (c_realtime/arm/translations.c). The host counts
it twice, for it is mapped twice: to write and to execute (KB). 10 MB were seen."""

HOST_GROWTH_KB = 8192
"""The same for the live runtime: Python's allocator comes to rest slowly (KB)."""

DRIFT_MS = 5.0
"""How far the emulated clock and the ticks that are received may come apart from the first quarter of the run to the
last, by their medians (ms); or as far as the middle half of all looks lies apart, if that is more: a busy host reads
beats late, or is told the board's time late."""

NOISE_SIGMAS = 6.0
"""How far the count of the Poisson sources between two looks may be from what their mean rate gives, in standard
deviations of a Poisson count."""

COUNTER = 1 << 32
"""Router counters have 32 bits."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen at one moment.

    ``tick``: of the latest beat that was received; ``ticks_counted``: since the first one. ``board_ahead_ms``:
    emulated time minus that tick, at the narrowest. ``board_kb``: the board's own memory, without
    ``code_kb``, that of translated code. ``packets_*``: by chip.
    ``strange``: live packets that made no sense.
    """

    wall_s: float
    emulated_s: float
    tick: int
    ticks_counted: int
    board_ahead_ms: float
    clock_error_ticks: int
    board_kb: int
    code_kb: int
    host_kb: int
    spikes: dict[str, int]
    pings: int
    pings_lost: int
    weights_read: int
    weight_mean: float
    kernel_drops: int
    strange: int
    datagrams_lost: int
    packets_lost: int
    packets_sent: list[int]
    packets_routed: list[int]
    packets_queued: list[int]
    errors: list[int]
    unmodelled: list[dict[str, Any]]


def verdict(looks: Sequence[Look], beats: int) -> list[str]:
    """What is wrong with a run, as sentences; none if nothing is. ``beats``: spikes of them in each tick."""
    return [*_leaks(looks), *_drifts(looks), *_losses(looks, beats)]


def _leaks(looks: Sequence[Look]) -> Iterator[str]:
    warm, last = looks[int(len(looks) * WARM_UP)], looks[-1]
    for name, growth, most in (
        ("the board", last.board_kb - warm.board_kb, BOARD_GROWTH_KB),
        ("the live runtime", last.host_kb - warm.host_kb, HOST_GROWTH_KB),
    ):
        if growth > most:
            yield f"{name} grew by {growth} KB in {last.wall_s - warm.wall_s:.0f} s"
    if last.code_kb > CODE_MOST_KB:
        yield f"{last.code_kb} KB of translated code"


def _drifts(looks: Sequence[Look]) -> Iterator[str]:
    first, last = looks[0], looks[-1]
    quarter = max(1, len(looks) // 4)
    ahead = [
        median(look.board_ahead_ms for look in part) for part in (looks[:quarter], looks[-quarter:])
    ]
    lower, _, upper = quantiles((look.board_ahead_ms for look in looks), n=4)
    if abs(ahead[1] - ahead[0]) > max(DRIFT_MS, upper - lower):
        yield f"emulated time and ticks came apart: {ahead[0]} ms at first, {ahead[1]} ms at last"
    for chip, (before, after) in enumerate(zip(first.packets_sent, last.packets_sent, strict=True)):
        sent = after - before
        routed = (last.packets_routed[chip] - first.packets_routed[chip]) % COUNTER
        queued = first.packets_queued[chip] + last.packets_queued[chip]
        if abs(sent - routed) > queued:
            yield f"the cores of chip number {chip} sent {sent} packets; its router counted {routed}"
    mean = _rate(first, last)
    for earlier, later in itertools.pairwise(looks):
        expected = mean * (later.tick - earlier.tick)
        if abs(_rate(earlier, later) * (later.tick - earlier.tick) - expected) > NOISE_SIGMAS * (
            math.sqrt(expected)
        ):
            rate = _rate(earlier, later)
            yield f"{rate:.4f} Poisson spikes a tick up to {later.wall_s} s, {mean:.4f} on the whole"


def _rate(earlier: Look, later: Look) -> float:
    ticks = later.tick - earlier.tick
    return (later.spikes["noise"] - earlier.spikes["noise"]) / ticks if ticks else 0.0


def _losses(looks: Sequence[Look], beats: int) -> Iterator[str]:
    last = looks[-1]
    missing = last.ticks_counted * beats - last.spikes["beats"]
    for number, what in (
        (abs(missing), "beats missing or too many"),
        (last.pings_lost, f"pings of {last.pings} lost"),
        (last.kernel_drops, "datagrams dropped by the host's kernel"),
        (last.strange, "live packets that made no sense"),
        (last.datagrams_lost - looks[0].datagrams_lost, "datagrams lost by the board"),
        (last.packets_lost - looks[0].packets_lost, "packets lost by the routers"),
        (len(last.errors), f"cores with a run-time error: {last.errors}"),
        (len(last.unmodelled), f"accesses that are not modelled: {last.unmodelled}"),
    ):
        if number:
            yield f"{number} {what}"
