"""What is put into a recorder is in its file, in order, as far as it came; and nothing waits."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
import trio
from mcap.reader import make_reader
from test_codec import FACTS, SNAPSHOT, STATISTICS, VALUES

from spinnlive.errors import UsageError
from spinnlive.live.spikes import LiveSpikes
from spinnlive.live.tap import Tap
from spinnlive.recording import recorder as recorders
from spinnlive.recording.kinds import Ending
from spinnlive.recording.reader import RecordingFile
from spinnlive.recording.recorder import Recorder, check_path, recording


def spikes(tick: int) -> LiveSpikes:
    ids = np.arange(1 + tick % 7, dtype=np.int32)
    return LiveSpikes(0.0, np.full(len(ids), tick), ids.astype(np.int16), ids)


@asynccontextmanager
async def recorded(path: Path, tap: Tap) -> AsyncIterator[Recorder]:
    async with trio.open_nursery() as background:
        ending = Ending(9, None, "")
        async with recording(
            path, tap, background, FACTS, lambda: {"statistics": STATISTICS}, lambda: ending
        ) as recorder:
            yield recorder


async def test_everything_is_there_in_order(tmp_path: Path) -> None:
    path, tap = tmp_path / "run.mcap", Tap()
    middle = {kind: value for kind, value in VALUES.items() if kind not in ("run", "ending")}
    async with recorded(path, tap) as recorder:
        for kind, value in middle.items():
            tap.put(kind, value)
        for tick in range(500):
            tap.put("spikes", spikes(tick))
    assert recorder.statistics().dropped == 0
    file = RecordingFile(path)
    assert file.facts == FACTS
    entries = [entry for entry in file.entries() if entry.kind != "statistics"]
    assert file.whole
    kinds = [kind for kind in middle if kind != "statistics"]
    assert [entry.kind for entry in entries] == ["run", *kinds, *["spikes"] * 500, "ending"]
    assert [entry.value.ticks[0] for entry in entries[-501:-1]] == list(range(500))
    times = [entry.host_s for entry in entries]
    assert times[0] == pytest.approx(FACTS.started_s, abs=1e-6)
    assert times[1:] == sorted(times[1:])
    # any reader of MCAP can read it, and finds its way by the index
    with path.open("rb") as stream:
        reader = make_reader(stream)
        summary = reader.get_summary()
        assert summary is not None and summary.statistics is not None
        assert summary.statistics.message_count == recorder.statistics().written
        weights = [message for _, _, message in reader.iter_messages(topics=["weights"])]
        assert len(weights) == 1


async def test_without_room_values_are_dropped_counted_and_the_file_says_so(
    tmp_path: Path,
) -> None:
    path = tmp_path / "run.mcap"
    recorder = Recorder(path, room=4 * recorders.VALUE_BYTES)
    recorder.begin(FACTS)
    for tick in range(10):
        recorder.put("clock", VALUES["clock"])
        recorder.put("unheard of", tick)
    assert recorder.statistics().dropped == 6 + 10
    await recorder.flush()
    recorder.put("clock", VALUES["clock"])  # there is room again
    with pytest.warns(RuntimeWarning, match=r"lacks 16 values \(10 unheard of, 6 clock\)"):
        await close(recorder)
    entries = list(RecordingFile(path).entries())
    assert [entry.kind for entry in entries].count("clock") == 5
    assert {(e.value.of, e.value.count) for e in entries if e.kind == "dropped"} == {
        ("clock", 6),
        ("unheard of", 10),
    }


async def close(recorder: Recorder) -> None:
    async with trio.open_nursery() as nursery:
        scope = await nursery.start(recorder.run, lambda: {"statistics": STATISTICS})
        scope.cancel()
        await recorder.close()


async def test_a_value_larger_than_the_room_is_dropped(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "run.mcap", room=300)
    recorder.begin(FACTS)
    recorder.put("weights", SNAPSHOT)
    recorder.put("clock", VALUES["clock"])
    with pytest.warns(RuntimeWarning, match="1 weights"):
        await close(recorder)
    assert recorder.statistics().written == 2 + 1  # and the entry that tells of the drop


class SmallDisk(io.FileIO):
    """A file on a disk that has room for 20 kB."""

    def write(self, data: Any, /) -> int:
        room = 20_000 - self.tell()
        if room <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(memoryview(data)[:room])


@pytest.fixture
def small_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a recorder that opens its file one on a small disk."""
    before = Path.open

    def small(path: Path, mode: str) -> IO[bytes]:
        return io.BufferedWriter(SmallDisk(path, mode)) if "x" in mode else before(path, mode)

    monkeypatch.setattr(Path, "open", small)


async def test_a_full_disk_ends_the_recording_and_nothing_else(
    tmp_path: Path, small_disk: None
) -> None:
    path, tap = tmp_path / "run.mcap", Tap()
    noise = np.random.default_rng(1)
    with pytest.warns(RuntimeWarning, match="ends early: .* values are missing"):
        async with recorded(path, tap) as recorder:
            for tick in range(40):
                ids = noise.integers(0, 1 << 30, 500).astype(np.int32)
                tap.put("spikes", LiveSpikes(0.0, np.full(500, tick), ids.astype(np.int16), ids))
                await recorder.flush()
            failure = recorder.statistics().failure
            assert isinstance(failure, OSError) and failure.errno == errno.ENOSPC
            assert recorder.statistics().dropped > 0
    ticks = ticks_of(path)
    assert 0 < len(ticks) < 40
    assert ticks == list(range(len(ticks)))


async def test_others_have_their_turn_while_a_backlog_is_encoded(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "run.mcap")
    recorder.begin(FACTS)
    for tick in range(20_000):
        recorder.put("spikes", spikes(tick))
    turns = 0

    async def live() -> None:
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(live)
        await recorder.flush()
        nursery.cancel_scope.cancel()
    assert turns > 20
    await close(recorder)


def test_a_recording_never_replaces_a_file(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.touch()
    with pytest.raises(UsageError, match="exists already"):
        check_path(taken)
    with pytest.raises(UsageError, match="no folder"):
        check_path(tmp_path / "nowhere" / "run.mcap")
    with pytest.raises(UsageError, match="exists already"):
        Recorder(taken)


def test_killed_in_the_middle_all_that_was_on_the_disk_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "run.mcap"
    script = Path(__file__).with_name("write_until_killed.py")
    with subprocess.Popen([sys.executable, script, path], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(5):
            on_disk = int(process.stdout.readline())
        process.kill()
    file = RecordingFile(path)
    ticks = [entry.value.ticks[0] for entry in file.entries() if entry.kind == "spikes"]
    assert not file.whole
    assert ticks == list(range(len(ticks)))
    assert len(ticks) >= on_disk


async def test_a_file_cut_or_damaged_anywhere_is_read_as_far_as_it_is_sound(
    tmp_path: Path,
) -> None:
    path, tap = tmp_path / "run.mcap", Tap()
    async with recorded(path, tap) as recorder:
        for tick in range(40):
            tap.put("spikes", spikes(tick))
            if tick % 8 == 0:
                await recorder.flush()
    data = path.read_bytes()
    whole = ticks_of(path)
    hurt = tmp_path / "hurt.mcap"
    for place in range(0, len(data), 29):
        for damaged in (
            data[:place],
            data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :],
        ):
            hurt.write_bytes(damaged)
            ticks = ticks_of(hurt)
            assert ticks == whole[: len(ticks)], place


def ticks_of(path: Path) -> list[int]:
    try:
        file = RecordingFile(path)
    except UsageError:
        return []
    return [entry.value.ticks[0] for entry in file.entries() if entry.kind == "spikes"]


@pytest.mark.parametrize("content", [b"", b"no recording", b"\x89MCAP0\r\n" + bytes(100)])
def test_what_is_no_recording_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="no recording"):
        RecordingFile(path)
    with pytest.raises(UsageError, match="cannot be read"):
        RecordingFile(tmp_path / "missing")
