"""A pytest plugin: writes each test's outcome to a file as it comes, so that none is lost when a later one hangs.

It is loaded into the process that runs the integration tests, and imports nothing of ours. The environment variable
``CONFORMANCE_OUTCOMES`` names the file, ``CONFORMANCE_DONE`` the tests to leave out (ids, one a line).
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest


def _write(item: str, outcome: str, why: str, seconds: float) -> None:
    line = json.dumps({"item": item, "outcome": outcome, "why": why, "seconds": seconds})
    with Path(os.environ["CONFORMANCE_OUTCOMES"]).open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out the tests that were run already."""
    done = set(os.environ["CONFORMANCE_DONE"].split("\n"))
    items[:] = [item for item in items if item.nodeid not in done]


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Tell of a file that cannot be imported, or that skips as a whole."""
    if report.failed:
        _write(report.nodeid, "failed", str(report.longrepr).strip().splitlines()[-1], 0.0)
    elif report.skipped and isinstance(report.longrepr, tuple):
        _write(report.nodeid, "skipped", report.longrepr[2], 0.0)


def pytest_runtest_logstart(nodeid: str) -> None:
    """Tell which test runs now: if the process is ended, it was this one."""
    _write(nodeid, "running", "", 0.0)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Tell how a test, or its setting up or tearing down, ended."""
    if report.outcome == "passed" and report.when != "call":
        return
    why = ""
    if report.outcome == "skipped" and isinstance(report.longrepr, tuple):
        why = report.longrepr[2]
    elif report.outcome == "failed":
        crash = getattr(report.longrepr, "reprcrash", None)
        why = crash.message if crash is not None else str(report.longrepr)
    _write(report.nodeid, report.outcome, why, report.duration)
