"""sPyNNaker waits no longer than what it waits for, and still says what is wrong."""

from __future__ import annotations

import importlib
import sqlite3
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from spinnlive.toolchain import private, waits


class Board:
    """Has one core more ready each time it is asked."""

    def __init__(self) -> None:
        self.ready = 0

    def get_core_state_count(self, app_id: int, state: Any) -> int:
        assert (app_id, state.name) == (17, "READY")
        self.ready += 1
        return self.ready


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Board:
    data = importlib.import_module("spinn_front_end_common.data")
    board = Board()
    monkeypatch.setattr(data.FecDataView, "get_transceiver", lambda: board)
    monkeypatch.setattr(waits, "POLL_S", 0.0)
    return board


def test_cores_that_are_ready_are_not_waited_for(board: Board) -> None:
    waits.until_ready(3600.0, cores=5, app_id=17)
    assert board.ready == 5


def test_cores_that_never_are_ready_are_waited_for_as_long_as_before(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = iter([0.0, 0.2, 0.4, 0.6])
    monkeypatch.setattr(waits, "time", SimpleNamespace(monotonic=lambda: next(now), sleep=id))
    waits.until_ready(0.5, cores=1000, app_id=17)
    assert board.ready == 3


def test_the_loaders_sleep_is_ours_while_it_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    loader: Any = importlib.import_module(private.SYSTEM_LOADER)
    calls: list[tuple[float, int, int]] = []

    def load(targets: Any, app_id: int) -> None:
        loader.time.sleep(0.5)
        raise RuntimeError("only 3 of 4 cores")

    monkeypatch.setattr(loader, "_load_application", load)
    private.replace_settling(lambda *asked: calls.append(asked))
    with pytest.raises(RuntimeError, match="3 of 4"):
        loader._load_application(SimpleNamespace(total_processors=4), 17)
    assert calls == [(0.5, 4, 17)]
    assert loader.time is time


def test_only_databases_of_the_moment_need_not_be_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    databases: Any = importlib.import_module(private.DATABASES)
    monkeypatch.setattr(databases, "sqlite3", sqlite3)
    monkeypatch.setattr(private, "replace_settling", lambda wait: None)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    waits.shorten(lambda: scratch)
    for folder, synchronous in ((scratch, 0), (tmp_path, 2)):
        database = databases.sqlite3.connect(str(folder / "data.sqlite3"), timeout=5.0)
        assert database.execute("PRAGMA synchronous").fetchone() == (synchronous,)
        database.close()
    assert issubclass(databases.sqlite3.DatabaseError, sqlite3.Error)
