"""What `spinnlive bench board` found: the table, and the history in which a regression shows."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from spinnlive.bench.idle import Idle
from spinnlive.bench.workload import Network, Speed

PROOF_OF_CONCEPT_MIPS = (63.0, 104.0)
"""What the proof of concept executed in the whole system, for each second of a host core's time (MIPS)."""

PROOF_OF_CONCEPT_UNICORN_MIPS = (146.0, 158.0)
"""Unicorn's rate, measured beside it on the same machine (MIPS)."""

REGRESSION = 0.8
"""A rate below this part of the best of the history counts as slower. Rates are taken relative to unicorn's in the same
run where both runs have it."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A network's speeds: of the plain engine, of the fast one, and of that on several host threads."""

    network: Network
    plain: Speed
    fast: Speed
    threaded: Speed


@dataclass(frozen=True, slots=True)
class Results:
    """All that was measured in one run. ``unicorn``: MIPS, if it is installed; ``load``: of the machine meanwhile."""

    measured: tuple[Measured, ...]
    idle: tuple[Idle, ...]
    unicorn: float | None
    load: float


def over_proof_of_concept(fast: Speed, unicorn: float | None) -> tuple[float, float] | None:
    """How often our rate is the proof of concept's: least and most, each put on this machine's scale by unicorn."""
    if unicorn is None:
        return None
    scale = unicorn / (sum(PROOF_OF_CONCEPT_UNICORN_MIPS) / 2)
    low, high = PROOF_OF_CONCEPT_MIPS
    return fast.mips / (high * scale), fast.mips / (low * scale)


def lines(results: Results) -> list[str]:
    """The results as a table in Markdown."""
    out = [
        "| network | MIPS for real time | plain, MIPS | fast, MIPS | fast / plain | x real time, one host core "
        "| x real time by the clock | host threads |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for each in results.measured:
        fast, threaded = each.fast, each.threaded
        needed = fast.instructions / fast.emulated_s / 1e6
        out.append(
            f"| {each.network.title} | {needed:.0f} | {each.plain.mips:.0f} | {fast.mips:.0f} "
            f"| {fast.mips / each.plain.mips:.1f} | {fast.core_speed:.2f} | {threaded.wall_speed:.2f} "
            f"| {threaded.threads} |"
        )
    out += [
        "",
        "| booted board | boots, CPU s | starts, CPU s | answers after, s | idle, % of a core | memory, MB |",
    ]
    out.append("|---|---|---|---|---|---|")
    out += [
        f"| {idle.chips} chips | {idle.boot_cpu_s:.2f} | {idle.start_cpu_s:.2f} | {idle.answers_s:.2f} "
        f"| {100 * idle.share:.1f} | {idle.resident_mb:.0f} |"
        for idle in results.idle
    ]
    out.append("")
    if results.unicorn is not None and results.measured:
        times = over_proof_of_concept(results.measured[0].fast, results.unicorn)
        assert times is not None
        out.append(
            f"unicorn: {results.unicorn:.0f} MIPS in a loop in this run, beside "
            f"{PROOF_OF_CONCEPT_UNICORN_MIPS[0]:.0f} to "
            f"{PROOF_OF_CONCEPT_UNICORN_MIPS[1]:.0f} when the proof of concept made {PROOF_OF_CONCEPT_MIPS[0]:.0f} to "
            f"{PROOF_OF_CONCEPT_MIPS[1]:.0f}. On that scale the first network runs at {times[0]:.1f} to {times[1]:.1f} "
            "times its rate."
        )
    out.append(
        f"{os.cpu_count()} host processors, {platform.machine()}, load average {results.load:.1f} during the run."
    )
    return out


# ---- history ----


def record(results: Results) -> dict[str, Any]:
    """A line of the history."""
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "host": platform.node(),
        "processors": os.cpu_count(),
        "load": results.load,
        "unicorn_mips": results.unicorn,
        "networks": {
            each.network.name: {
                "plain_mips": each.plain.mips,
                "fast_mips": each.fast.mips,
                "core_speed": each.fast.core_speed,
                "wall_speed": each.threaded.wall_speed,
                "threads": each.threaded.threads,
                "instructions": each.fast.instructions,
            }
            for each in results.measured
        },
        "idle": [asdict(idle) for idle in results.idle],
    }


def read_history(file: Path) -> list[dict[str, Any]]:
    """The earlier lines; what is not a line of a history is left out."""
    earlier = []
    for line in file.read_text().splitlines() if file.is_file() else ():
        try:
            told = json.loads(line)
        except ValueError:
            continue
        if isinstance(told, dict) and isinstance(told.get("networks"), dict):
            earlier.append(told)
    return earlier


def append_history(file: Path, line: dict[str, Any]) -> None:
    """Add a line to the history; the file is made if need be."""
    with file.open("a") as history:
        history.write(json.dumps(line) + "\n")


def rate(line: dict[str, Any], name: str, unicorn: bool) -> float | None:
    """A network's rate in a line of the history, relative to unicorn's if that is asked for; None if it has none."""
    network, scale = line["networks"].get(name), line.get("unicorn_mips") if unicorn else 1.0
    return network["fast_mips"] / scale if network and scale else None


def slower(earlier: Sequence[dict[str, Any]], now: dict[str, Any]) -> list[str]:
    """What has become slower than it was in the best line of the history on this host, in words."""
    complaints = []
    for name in now["networks"]:
        unicorn = now["unicorn_mips"] is not None
        mine = rate(now, name, unicorn)
        before = [rate(line, name, unicorn) for line in earlier if line.get("host") == now["host"]]
        known = [each for each in before if each is not None]
        if mine is not None and known and mine < REGRESSION * max(known):
            complaints.append(
                f"{name}: {mine / max(known):.2f} of the best rate in the history"
                + (", both relative to unicorn" if unicorn else "")
            )
    return complaints
