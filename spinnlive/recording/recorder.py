"""Write a live run into a file while it lasts, never in its way.

In the live path a value is only put into a queue. A task beside it encodes what is there, for a
fraction of a millisecond at a time with a turn for everybody in between (`SLICE_S`); a thread
compresses and writes, which needs no Python meanwhile. Every `FLUSH_S` all of it is on the disk, as
a chunk that can be read without what was to follow.

The queue is bounded: a value that finds no room is dropped and counted, and the file says so. When
the disk is full the recording ends, not the live run.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import warnings
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trio
from mcap.writer import CompressionType, IndexType, Writer

from spinnlive.errors import UsageError
from spinnlive.live.tap import Tap
from spinnlive.recording import codec
from spinnlive.recording.kinds import KINDS, Dropped, Ending, RunFacts

FLUSH_S = 0.25
"""How often what was recorded is brought to the disk (seconds)."""

STATISTICS_S = 1.0
"""How often the run's counts and its pace are recorded (seconds)."""

SLICE_S = 0.0002
"""How long values are encoded before the other tasks get their turn (seconds): about 20 values."""

ROOM = 64 << 20
"""Most that the queue holds (bytes): seconds of a full Ethernet link for a disk that hesitates."""

VALUE_BYTES = 256
"""What a value counts for besides its arrays (bytes)."""

CHUNK_BYTES = 1 << 20
"""A chunk is finished at this size even before `FLUSH_S` (bytes)."""

PROFILE = "spinnlive"
"""What the file's header says it is."""


@dataclass(frozen=True, slots=True)
class RecorderStatistics:
    """Values ``written`` to the file, and ``dropped`` because there was no room for them; what the
    recording ended with, if it did before its time."""

    written: int
    dropped: int
    failure: OSError | None


class Recorder:
    """Records into a new file at ``path``, which must not exist.

    ``room``: most that is held in memory (bytes); ``now_ns``: what tells the time, in ns of
    ``time.monotonic()``. Raises `UsageError` when the file exists already or cannot be made.
    """

    def __init__(
        self, path: Path, *, room: int = ROOM, now_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self.path = path
        self._now_ns = now_ns
        self._room = room
        self._queue: deque[tuple[int, str, Any]] = deque()
        self._held = 0
        self._dropped: Counter[str] = Counter()
        self._told: Counter[str] = Counter()
        self._written = 0
        self._failure: OSError | None = None
        self._channels: dict[str, int] = {}
        self._began = time.time_ns() - now_ns()
        check_path(path)
        try:
            self._file = path.open("xb")
        except OSError as error:
            raise UsageError(f"{path} cannot be recorded to: {error}") from error
        # the chunk size is ours to keep: finishing a chunk is work for a thread
        self._writer = Writer(
            self._file,
            chunk_size=1 << 62,
            compression=CompressionType.ZSTD,
            index_types=IndexType.CHUNK,
        )
        self._writer.start(profile=PROFILE)
        self._chunk = 0
        self._ended = trio.Event()

    def begin(self, facts: RunFacts) -> None:
        """Put the first entry, which ties the times of all others to the host's clock."""
        self._queue.append((round(facts.started_s * 1e9), "run", facts))

    def put(self, kind: str, value: Any) -> None:
        """Take a value; a `Listener` for the tap."""
        size = VALUE_BYTES + codec.array_bytes(value) if kind in KINDS else self._room + 1
        if self._held + size > self._room or self._failure is not None:
            self._dropped[kind] += 1
            return
        self._held += size
        self._queue.append((self._now_ns(), kind, value))

    def put_all(self, values: Mapping[str, Any]) -> None:
        """Take a value of each of some kinds."""
        for kind, value in values.items():
            self.put(kind, value)

    def statistics(self) -> RecorderStatistics:
        """Give the counts so far."""
        return RecorderStatistics(self._written, self._dropped.total(), self._failure)

    async def run(
        self,
        readings: Callable[[], Mapping[str, Any]],
        task_status: trio.TaskStatus[trio.CancelScope] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Write until cancelled; ``readings`` gives values by their kinds that are recorded too, every
        `STATISTICS_S`."""
        try:
            with trio.CancelScope() as scope:
                await self.flush()  # the facts are there before anything else happens
                task_status.started(scope)
                next_statistics = trio.current_time() + STATISTICS_S
                while self._failure is None:
                    await trio.sleep(FLUSH_S)
                    if trio.current_time() >= next_statistics:
                        self.put_all(readings())
                        next_statistics += STATISTICS_S
                    await self.flush()
        finally:
            self._ended.set()

    async def flush(self) -> None:
        """Bring what the queue holds to the disk."""
        while self._queue:
            self._encode_some()
            if self._chunk >= CHUNK_BYTES:
                await self._sync()
            else:
                await trio.lowlevel.checkpoint()
        self._tell_drops()
        await self._sync()

    async def close(self) -> None:
        """Write the rest and the file's index, and close it, once `run` has ended. Call it shielded
        from cancellation.

        Warns when the recording lacks anything.
        """
        await self._ended.wait()
        await self.flush()
        await self._in_thread(self._finish)
        with contextlib.suppress(OSError):
            self._file.close()
        lacking = self._dropped.total()
        if self._failure is not None:
            warnings.warn(
                f"the recording {self.path} ends early: {self._failure}; {lacking} values are "
                "missing. The live run itself was not disturbed",
                RuntimeWarning,
                stacklevel=2,
            )
        elif lacking:
            warnings.warn(
                f"the recording {self.path} lacks {lacking} values "
                f"({', '.join(f'{count} {kind}' for kind, count in self._dropped.items())}): the "
                f"disk or this machine was too slow for them, and {self._room} bytes were waiting",
                RuntimeWarning,
                stacklevel=2,
            )

    def _encode_some(self) -> None:
        enough = time.perf_counter() + SLICE_S
        while self._queue and time.perf_counter() < enough:
            when, kind, value = self._queue.popleft()
            self._held -= 0 if kind == "run" else VALUE_BYTES + codec.array_bytes(value)
            self._add(when, kind, value)

    def _add(self, when_ns: int, kind: str, value: Any) -> None:
        data = codec.encode(value)
        unix_ns = self._began + when_ns
        number = self._written & 0xFFFFFFFF
        self._writer.add_message(self._channel(kind), unix_ns, data, unix_ns, number)
        self._written += 1
        self._chunk += len(data)

    def _channel(self, kind: str) -> int:
        if kind not in self._channels:
            of = KINDS[kind]
            encoding = codec.encoding_of(of)
            if encoding == "json":
                described = json.dumps(codec.schema(of)).encode()
                schema = self._writer.register_schema(of.__name__, "jsonschema", described)
            else:
                schema = self._writer.register_schema(of.__name__, "", b"")
            self._channels[kind] = self._writer.register_channel(kind, encoding, schema)
        return self._channels[kind]

    def _tell_drops(self) -> None:
        for kind, count in self._dropped.items():
            if count != self._told[kind]:
                self._told[kind] = count
                self._add(self._now_ns(), "dropped", Dropped(kind, count))

    async def _sync(self) -> None:
        self._chunk = 0
        await self._in_thread(self._to_disk)

    def _to_disk(self) -> None:
        self._writer.flush()  # type: ignore[no-untyped-call]
        os.fdatasync(self._file.fileno())

    def _finish(self) -> None:
        self._writer.finish()  # type: ignore[no-untyped-call]
        self._file.flush()

    async def _in_thread(self, write: Callable[[], None]) -> None:
        if self._failure is not None:
            return
        try:
            await trio.to_thread.run_sync(write)
        except OSError as error:
            self._failure = error


def check_path(path: Path) -> None:
    """Raise `UsageError` when nothing can be recorded at ``path``; makes no file."""
    if path.exists():
        raise UsageError(f"{path} exists already: a recording never replaces a file")
    if not path.parent.is_dir():
        raise UsageError(f"{path} cannot be recorded to: there is no folder {path.parent}")


@asynccontextmanager
async def recording(
    path: Path,
    tap: Tap,
    background: trio.Nursery,
    facts: RunFacts,
    readings: Callable[[], Mapping[str, Any]],
    ending: Callable[[], Ending],
) -> AsyncIterator[Recorder]:
    """Record all that passes by ``tap`` while the block lasts, in a task of ``background``, which
    must outlast it.

    ``facts`` are the file's first entry, what ``ending`` gives at the end its last; ``readings`` as
    in `Recorder.run`.
    """
    recorder = Recorder(path)
    recorder.begin(facts)
    recorder.put_all(readings())
    tap.listen(recorder.put)
    scope = trio.CancelScope()
    try:
        scope = await background.start(recorder.run, readings)
        yield recorder
    finally:
        tap.leave(recorder.put)
        scope.cancel()
        with trio.CancelScope(shield=True):
            recorder.put_all(readings())
            recorder.put("ending", ending())
            await recorder.close()
