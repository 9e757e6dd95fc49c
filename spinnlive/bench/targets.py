"""What the emulated board is to reach, and whether it did in a run of the bench."""

from __future__ import annotations

from dataclasses import dataclass

from spinnlive.bench.results import Results, over_proof_of_concept

TIMES_PROOF_OF_CONCEPT = 8.0
"""The instruction rate on the synfire network, over the proof of concept's."""

REAL_TIME = 1.0
"""Emulated time over the clock's, in free pace."""

KEPT = 0.99
"""Emulated time over the clock's at real time, where it cannot be above 1: looking at both clocks is that exact."""

IDLE_SHARES = {4: 0.02, 48: 0.15}
"""Of a host core, for an idle booted board of so many chips."""

ANSWERS_S = {4: 0.3, 48: 2.0}
"""From the command `spinnlive board --booted` to an answer, out of the cache (s)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A target with what was measured; ``met`` is None where nothing was."""

    target: str
    measured: str
    met: bool | None

    @property
    def line(self) -> str:
        """One line for people."""
        return f"{_WORDS[self.met]:<12} {self.target}: {self.measured}"


_WORDS = {True: "PASS", False: "MISSED", None: "not measured"}


def verdicts(results: Results) -> list[Verdict]:
    """All six targets in their order."""
    return [
        _proof_of_concept(results),
        _network(results, "balanced", "2. the balanced random network in real time"),
        _network(results, "lif2000", "3. 2,000 LIF in real time"),
        _pole(results),
        *_boards(
            results,
            "5. an idle board takes at most",
            {chips: f"{100 * share:.0f} % of a core" for chips, share in IDLE_SHARES.items()},
            {
                idle.chips: (100 * idle.share, 100 * IDLE_SHARES[idle.chips], "%")
                for idle in results.idle
            },
        ),
        *_boards(
            results,
            "6. `spinnlive board --booted` answers within",
            {chips: f"{limit:g} s" for chips, limit in ANSWERS_S.items()},
            {idle.chips: (idle.answers_s, ANSWERS_S[idle.chips], "s") for idle in results.idle},
        ),
    ]


def _proof_of_concept(results: Results) -> Verdict:
    target = f"1. {TIMES_PROOF_OF_CONCEPT:g} times the proof of concept's rate, synfire network"
    known = [each for each in results.measured if each.network.name == "synfire"]
    times = over_proof_of_concept(known[0].fast, results.unicorn) if known else None
    if times is None:
        return Verdict(target, "needs the network and unicorn", None)
    return Verdict(
        target,
        f"{times:.1f} times, by unicorn beside both; {known[0].fast.mips:.0f} MIPS",
        times >= TIMES_PROOF_OF_CONCEPT,
    )


def _network(results: Results, name: str, target: str) -> Verdict:
    for each in results.measured:
        if each.network.name == name:
            speed = max(each.fast.core_speed, each.threaded.wall_speed)
            return Verdict(
                target,
                f"{each.fast.core_speed:.2f} x by processor time on one core, {each.threaded.wall_speed:.2f} x by the "
                f"clock on {each.threaded.threads}",
                speed >= REAL_TIME,
            )
    return Verdict(target, "", None)


def _pole(results: Results) -> Verdict:
    target = "4. CartPole in real time throughout, on less than a core"
    pole = results.pole
    if pole is None:
        return Verdict(target, "needs spinnlive[demo]", None)
    return Verdict(
        target,
        f"speed {pole.speed:.3f}, in the slowest second {pole.least:.3f}; {pole.share:.2f} of a core, at most "
        f"{pole.most:.2f}",
        pole.least >= KEPT and pole.most < 1,
    )


def _boards(
    results: Results,
    target: str,
    limits: dict[int, str],
    found: dict[int, tuple[float, float, str]],
) -> list[Verdict]:
    out = []
    for chips, limit in limits.items():
        title = f"{target} {limit}, {chips} chips"
        if chips not in found:
            out.append(Verdict(title, "", None))
            continue
        value, most, unit = found[chips]
        out.append(Verdict(title, f"{value:.2f} {unit}", value <= most))
    return out
