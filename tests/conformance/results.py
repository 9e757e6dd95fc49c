"""What came out of each script and each test, kept in a file, so that a run can be taken up again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path


class Outcome(StrEnum):
    """How an item ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Result:
    """One item's result.

    ``item``: a script's path, or a test's id as pytest gives it. ``why``: the last line of the exception, or the
    reason for skipping. ``chips``: size of the board. ``seconds``: wall time (s). ``emulated_s``: emulated time of
    the board (s), for a test: of its file's board. ``fingerprint``: of all that the result depends on.
    """

    item: str
    outcome: Outcome
    why: str
    chips: int
    seconds: float
    emulated_s: float
    fingerprint: str


class Store:
    """The results in a file, one JSON object a line; a later line replaces an earlier one of the same item."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.results: dict[str, Result] = {}
        if path.is_file():
            for line in path.read_text(encoding="utf-8").splitlines():
                told = json.loads(line)
                self.results[told["item"]] = replace(
                    Result(**told), outcome=Outcome(told["outcome"])
                )

    def add(self, result: Result) -> None:
        """Keep a result, in the file as well."""
        self.results[result.item] = result
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(result)) + "\n")

    def of_file(self, file: str) -> list[Result]:
        """The results of a script, or of all tests of a file."""
        return [
            result
            for item, result in self.results.items()
            if item == file or item.startswith(f"{file}::")
        ]

    def seconds(self, file: str) -> float:
        """How long a file took when it last ran (s); 0 when it never did, so that new ones come first."""
        return sum(result.seconds for result in self.of_file(file))
