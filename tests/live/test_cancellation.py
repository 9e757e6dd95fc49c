"""A live run is cancelled at every step that its tasks take, and leaves nothing behind.

Tool chain and board are fakes without delay (`fake_machine`), so that a whole session, from opening
to closing, takes a tenth of a second. Session n is cancelled when trio lets some task take its n-th
step. By default every `STRIDE`-th step is tried, beginning at a different one each time;
``SPINNLIVE_EVERY_CHECKPOINT=1`` tries them all, as `make conformance` does.
"""

from __future__ import annotations

import contextlib
import gc
import os
import random
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trio
from fake_machine import FakeBoard, FakeSimulator, fake_machine

import spinnlive
from spinnlive.boards.address import is_free
from spinnlive.live import open as opening
from spinnlive.recording.reader import RecordingFile

STRIDE = 1 if os.environ.get("SPINNLIVE_EVERY_CHECKPOINT") else 11

pytestmark = [pytest.mark.timeout(3600)] if STRIDE == 1 else []  # a few minutes, many if busy

ENOUGH = 10_000
"""Steps that no session has."""


class CancelAt(trio.abc.Instrument):
    """Cancels ``scope`` when the n-th step has begun."""

    def __init__(self, number: int) -> None:
        self.scope = trio.CancelScope()
        self._left = number

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self._left -= 1
        if self._left == 0:
            trio.lowlevel.current_trio_token().run_sync_soon(self.scope.cancel)


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeBoard]:
    address = next(each for each in (f"127.77.0.{host}" for host in range(1, 255)) if is_free(each))
    with fake_machine(address, tmp_path, monkeypatch) as board:
        yield board


async def session(address: str, record: Path, seen: list[Any]) -> None:
    """Do what users do."""
    async with (
        spinnlive.open_live(None, address, progress=False, record=record) as live,  # type: ignore[arg-type]
        trio.open_nursery() as nursery,
    ):

        async def watch() -> None:
            async for batch in live.spikes("out"):
                seen.append(batch)

        async def feel() -> None:
            for _ in range(3):
                await live.injector("in").send([1, 3])
                await live.clock.wait_until(live.clock.tick + 2)

        nursery.start_soon(watch)
        nursery.start_soon(feel)
        await live.run(5.0)
        with trio.move_on_after(0.005):
            await live.run()
        nursery.cancel_scope.cancel()


def cancelled_at(number: int, address: str, record: Path, seen: list[Any]) -> bool:
    """Have a session that is cancelled at its n-th step; say whether it was."""
    instrument = CancelAt(number)

    async def main() -> None:
        with instrument.scope:
            await session(address, record, seen)

    trio.run(main, instruments=[instrument])
    return instrument.scope.cancelled_caught


def open_files() -> Iterator[str]:
    for file in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the folder itself, while it is read
            yield str(file.readlink())


def left_behind() -> dict[str, Any]:
    return {
        **{f"open: {name}": count for name, count in Counter(open_files()).items()},
        "a live run": opening._open,
        "objects kept from the garbage collector": gc.get_freeze_count(),
        "calls of sPyNNaker": FakeSimulator.latest.inside,
    }


def test_uncancelled_it_works(board: FakeBoard, tmp_path: Path) -> None:
    seen: list[Any] = []
    record = tmp_path / "run.mcap"
    assert not cancelled_at(ENOUGH, board.address, record, seen)
    assert [batch.neuron_ids.tolist() for batch in seen] == [[0, 1]] * len(seen)
    assert [batch.tick for batch in seen[:5]] == list(range(5))
    assert RecordingFile(record).facts.board == board.address


def test_cancelled_anywhere_it_leaves_nothing_behind(board: FakeBoard, tmp_path: Path) -> None:
    cancelled_at(ENOUGH, board.address, tmp_path / "whole.mcap", [])  # what is made but once
    before = left_behind()
    first = random.randrange(STRIDE) + 1
    for number in range(first, ENOUGH, STRIDE):
        record = tmp_path / f"{number}.mcap"
        with warnings.catch_warnings():
            warnings.simplefilter("error", ResourceWarning)
            cancelled = cancelled_at(number, board.address, record, [])
        left = dict(left_behind().items() ^ before.items())
        assert not left, f"cancelled at step {number}, {left}"
        if record.exists():
            file = RecordingFile(record)
            assert [entry.kind for entry in file.entries()][-1] == "ending"
            assert file.whole, f"cancelled at step {number}"
            record.unlink()
        if not cancelled:
            break
    else:
        pytest.fail("no session ended by itself")
