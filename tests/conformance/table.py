"""The results as people read them: counts, and a table in which every failure has its cause."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from material import versions
from results import Outcome, Result
from why import Knowledge


@dataclass(frozen=True, slots=True)
class Count:
    """What came out of a group of items. ``known``: those of the failed whose cause is known not to be the board."""

    passed: int
    failed: int
    known: int
    skipped: int

    @property
    def ran(self) -> int:
        """How many ran: those that were skipped did not."""
        return self.passed + self.failed

    def __str__(self) -> str:
        percent = f" ({100 * self.passed / self.ran:.1f} %)" if self.ran else ""
        return (
            f"{self.passed} of {self.ran} passed{percent}; {self.failed} failed, {self.known} of them known; "
            f"{self.skipped} skipped"
        )


def count(results: Iterable[Result], knowledge: Knowledge) -> Count:
    """Count the results of a group."""
    group = list(results)

    def number(outcome: Outcome) -> int:
        return sum(result.outcome is outcome for result in group)

    known = sum(knowledge.excuse(result) is not None for result in group)
    return Count(number(Outcome.PASSED), number(Outcome.FAILED), known, number(Outcome.SKIPPED))


def remark(result: Result, knowledge: Knowledge) -> str:
    """What the table says of a result besides its outcome."""
    known = knowledge.excuse(result)
    if known is None:
        return result.why
    return f"{result.why} [{known.owner}: {known.cause}]"


def line(result: Result, knowledge: Knowledge) -> str:
    """A result as a line for the terminal."""
    outcome = "known" if knowledge.excuse(result) else str(result.outcome)
    return f"{outcome:<8}{result.seconds:6.0f} s  {result.chips:2} chips  {result.item}" + (
        f"\n{'':24}{remark(result, knowledge)}" if result.outcome is not Outcome.PASSED else ""
    )


def markdown(
    groups: dict[str, Sequence[Result]], apart: Sequence[str], knowledge: Knowledge
) -> str:
    """The whole report."""
    told = ", ".join(f"{package} {version}" for package, version in versions().items())
    text = [f"# Conformance, {time.strftime('%Y-%m-%d')}", "", told + ".", ""]
    for title, results in groups.items():
        text += [f"## {title}", "", f"{count(results, knowledge)}.", ""]
        text += ["| item | outcome | chips | seconds | why |", "|---|---|---|---|---|"]
        for result in sorted(results, key=lambda each: (each.outcome == Outcome.PASSED, each.item)):
            why = remark(result, knowledge).replace("|", "\\|")
            text.append(
                f"| {result.item} | {result.outcome} | {result.chips} | {result.seconds:.0f} | {why} |"
            )
        text.append("")
    if apart:
        text += ["## Not run", "", "| item | needs | why |", "|---|---|---|"]
        for item in apart:
            each = knowledge.set_apart(item)
            if each is not None:
                text.append(f"| {item} | {each.needs} | {each.why} |")
        text.append("")
    return "\n".join(text)
