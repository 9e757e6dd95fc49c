"""Why something failed: its last exception, and what is known of it."""

from __future__ import annotations

import fnmatch
import itertools
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from results import Outcome, Result

TABLE = Path(__file__).with_name("known.toml")

LONGEST_WHY = 300
"""Some exceptions print whole networks (characters)."""

TRACEBACK = "Traceback (most recent call last):"


@dataclass(frozen=True, slots=True)
class Apart:
    """Items that are reported apart, not run: ``needs`` says in a word what they need, ``why`` in a sentence."""

    items: tuple[str, ...]
    needs: str
    why: str


@dataclass(frozen=True, slots=True)
class Known:
    """A failure that is not the board's: ``says`` is found in its last exception; ``owner`` is who can mend it."""

    items: tuple[str, ...]
    says: str
    owner: str
    cause: str


@dataclass(frozen=True, slots=True)
class Knowledge:
    """The whole table of what is known. Items are patterns as a shell has them."""

    apart: tuple[Apart, ...]
    known: tuple[Known, ...]

    def set_apart(self, item: str) -> Apart | None:
        """What is known of an item that is not to be counted."""
        return next((each for each in self.apart if _matches(item, each.items)), None)

    def excuse(self, result: Result) -> Known | None:
        """The known failure that a failed result is."""
        if result.outcome is not Outcome.FAILED:
            return None
        return next(
            (
                each
                for each in self.known
                if _matches(result.item, each.items) and re.search(each.says, result.why)
            ),
            None,
        )


def read_knowledge(path: Path = TABLE) -> Knowledge:
    """Read the table."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return Knowledge(
        tuple(
            Apart(tuple(each["items"]), each["needs"], each["why"])
            for each in table.get("apart", [])
        ),
        tuple(
            Known(tuple(each["items"]), each["says"], each["owner"], each["cause"])
            for each in table.get("known", [])
        ),
    )


def last_exception(output: str) -> str:
    """The last line of the last traceback in a program's output; its last line if there is none."""
    _, found, after = output.rpartition(TRACEBACK)
    lines = [line for line in after.splitlines() if line.strip()]
    if found:
        lines = [_message(lines)]
    return shorten(lines[-1] if lines else "")


def _message(lines: list[str]) -> str:
    """The exception below a traceback's frames: a line that is not indented, and those indented below it."""
    below = itertools.dropwhile(lambda line: line[0].isspace(), lines)
    first = next(below, "")
    return " ".join([first, *itertools.takewhile(lambda line: line[0].isspace(), below)])


def shorten(text: str) -> str:
    """One line of bounded length."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_WHY else line[: LONGEST_WHY - 1] + "…"


def _matches(item: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(item, pattern) for pattern in patterns)
