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
from spinnlive.bench.pole import Pole
from spinnlive.bench.workload import Network, Speed

PROOF_OF_CONCEPT_OF_UNICORN = 0.56
"""What the proof of concept executed of the synfire network, running at real time with all its chips, for each
instruction of unicorn's in `oracle.unicorn_mips`, by processor time and in turns: 88 of 158 MIPS, the best of ten each,
on an AMD EPYC shared with others."""

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
class Trial:
    """A LIF network of ``neurons``, tried for the largest in real time: emulated time over the processor time of one
    core."""

    neurons: int
    speed: float


@dataclass(frozen=True, slots=True)
class Results:
    """All that was measured in one run.

    ``trials``: of the search for the largest network; ``pole``: None where the demo's packages are missing;
    ``unicorn``: MIPS, if it is installed; ``load``: of the machine meanwhile.
    """

    measured: tuple[Measured, ...]
    idle: tuple[Idle, ...]
    unicorn: float | None
    load: float
    trials: tuple[Trial, ...] = ()
    pole: Pole | None = None


def largest_in_real_time(trials: Sequence[Trial]) -> Trial | None:
    """The largest of the networks that was tried and keeps real time; None if none does."""
    return max(
        (each for each in trials if each.speed >= 1),
        key=lambda trial: trial.neurons,
        default=None,
    )


def over_proof_of_concept(fast: Speed, unicorn: float | None) -> float | None:
    """How often a rate on the synfire network is the proof of concept's, which is known relative to unicorn's."""
    return None if unicorn is None else fast.mips / (PROOF_OF_CONCEPT_OF_UNICORN * unicorn)


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
        "| booted board | boots, CPU s | starts, CPU s | answers after, s | without the cache, s | idle, % of a core "
        "| memory, MB |",
        "|---|---|---|---|---|---|---|",
    ]
    out += [
        f"| {idle.chips} chips | {idle.boot_cpu_s:.2f} | {idle.start_cpu_s:.2f} | {idle.answers_s:.2f} "
        f"| {idle.cold_s:.2f} | {100 * idle.share:.1f} | {idle.resident_mb:.0f} |"
        for idle in results.idle
    ]
    out.append("")
    if results.trials:
        tried = ", ".join(f"{each.neurons:,}: {each.speed:.2f} x" for each in results.trials)
        largest = largest_in_real_time(results.trials)
        out.append(
            f"Largest network of LIF neurons (1 ms, 10 Hz, in-degree 100) in real time on one host core: "
            f"{f'{largest.neurons:,}' if largest else 'none of those'} (tried {tried})."
        )
    if results.unicorn is not None:
        out.append(
            f"unicorn: {results.unicorn:.0f} MIPS in a loop in this run, by which the proof of concept's rate is "
            f"{PROOF_OF_CONCEPT_OF_UNICORN * results.unicorn:.0f} MIPS on this machine."
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
        "largest": [asdict(trial) for trial in results.trials],
        "pole": None if results.pole is None else asdict(results.pole),
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
