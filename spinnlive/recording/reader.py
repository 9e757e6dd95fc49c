"""Read a recording, also one whose writer was killed: what had reached the disk is all there."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcap.exceptions import McapError
from mcap.records import Channel, DataEnd, Header, Message
from mcap.stream_reader import StreamReader
from zstandard import ZstdError

from spinnlive.errors import UsageError
from spinnlive.recording import codec
from spinnlive.recording.kinds import KINDS, RunFacts
from spinnlive.recording.recorder import PROFILE

RECORD_LIMIT = 1 << 30
"""Longest record that is believed (bytes)."""

LAST_SEQUENCE = 0xFFFFFFFF
"""The recorder numbers its entries in 32 bits."""

_BROKEN = (McapError, ZstdError, ValueError, KeyError, struct.error, EOFError, MemoryError)
"""What the reader of MCAP raises when a file ends in the middle, or lies."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One value of a recording: its kind, and when the host met it, in seconds of its
    ``time.monotonic()``."""

    host_s: float
    kind: str
    value: Any


class RecordingFile:
    """A recording on disk.

    Raises `UsageError` when the file is none. ``whole`` says, once `entries` has come to the end,
    whether the writer closed it; ``unknown`` counts entries that this version does not know.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.whole = False
        self.unknown = 0
        first = next(self.entries(), None)
        if first is None or not isinstance(first.value, RunFacts):
            raise UsageError(f"{path} is no recording of a live run")
        self.facts = first.value

    def entries(self) -> Iterator[Entry]:
        """Give every entry in the order in which it was recorded, as far as the file is sound.

        May be called again, to begin anew.
        """
        self.whole = False
        self.unknown = 0
        try:
            with self.path.open("rb") as file:
                yield from self._entries(file)
        except OSError as error:
            raise UsageError(f"{self.path} cannot be read: {error}") from error

    def _entries(self, file: Any) -> Iterator[Entry]:
        records = StreamReader(file, validate_crcs=True, record_size_limit=RECORD_LIMIT).records
        channels: dict[int, Channel] = {}
        offset_ns: int | None = None
        read = 0
        while True:
            try:
                record = next(records, None)
                match record:
                    case None:
                        return
                    case Header(profile=profile) if profile != PROFILE:
                        return
                    case DataEnd():
                        self.whole = True
                        return
                    case Channel():
                        channels[record.id] = record
                        continue
                    case Message():
                        if record.sequence != read & LAST_SEQUENCE:
                            return  # a damaged chunk that no longer looked like one was skipped
                        read += 1
                        value = self._value(channels[record.channel_id], record)
                    case _:
                        continue
            except _BROKEN:
                return
            if value is None:
                continue
            if offset_ns is None and isinstance(value, RunFacts):
                offset_ns = record.log_time - round(value.started_s * 1e9)
            yield Entry(
                (record.log_time - (offset_ns or 0)) / 1e9, channels[record.channel_id].topic, value
            )

    def _value(self, channel: Channel, message: Message) -> Any:
        if channel.topic not in KINDS:
            self.unknown += 1
            return None
        try:
            return codec.decode(KINDS[channel.topic], message.data, channel.message_encoding)
        except ValueError:  # it is whole, its chunk's checksum says so: another version wrote it
            self.unknown += 1
            return None
