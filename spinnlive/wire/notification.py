"""The notification protocol between a tool chain (sPyNNaker) and its live clients, host to host.

For each run, in this order: DATABASE with the path of an SQLite file that describes the network;
the client reads it and sends the confirmation back; START/RESUME right after the board was started;
STOP/PAUSE when the run is over. Each is an EIEIO command packet: a little-endian half-word ``0x4000
| command``, then what the command needs. Source: SpiNNFrontEndCommon ``notification_protocol.py``;
SpiNNMan ``constants.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

from spinnlive.wire.errors import MalformedPacket

DATABASE = 1
"""Command: the database is ready; and, without a path, the client's confirmation."""

STOP_PAUSE = 10
"""Command: the run has ended or is paused."""

START_RESUME = 11
"""Command: the run has started or goes on."""

MAX_PATH_BYTES = 298
"""Longest path that SpiNNMan's own clients take: they read at most 300 bytes of a datagram
(bytes)."""

CONFIRMATION = bytes((DATABASE, 0x40))
"""What a client answers to DATABASE, to the address and port that it came from."""

_COMMAND_MARK = 0x40


@dataclass(frozen=True, slots=True)
class DatabaseReady:
    """The tool chain offers its database; ``path`` is None when it wrote none."""

    path: str | None


@dataclass(frozen=True, slots=True)
class StartResume:
    """The run has started or goes on."""


@dataclass(frozen=True, slots=True)
class StopPause:
    """The run has ended or is paused."""


Notification = DatabaseReady | StartResume | StopPause


def encode_notification(message: Notification) -> bytes:
    """Give the datagram of a notification.

    Raises ValueError for a path that official clients would cut.
    """
    match message:
        case DatabaseReady(path):
            encoded = (path or "").encode()
            if len(encoded) > MAX_PATH_BYTES:
                raise ValueError(
                    f"the database's path has {len(encoded)} bytes; "
                    f"clients read {MAX_PATH_BYTES}: {path}"
                )
            return CONFIRMATION + encoded
        case StartResume():
            return bytes((START_RESUME, _COMMAND_MARK))
        case StopPause():
            return bytes((STOP_PAUSE, _COMMAND_MARK))


def decode_notification(datagram: bytes | bytearray | memoryview) -> Notification:
    """Take a notification apart.

    Raises `MalformedPacket` when it is not a command packet, not one of the three commands, has
    something behind a command that takes nothing, or a path that is not UTF-8 text.
    """
    if len(datagram) < 2 or datagram[1] != _COMMAND_MARK:
        head = bytes(datagram[:2]).hex()
        raise MalformedPacket(f"notification starts with {head!r}; a command byte and 40 are due")
    command, rest = datagram[0], bytes(datagram[2:])
    if command == DATABASE:
        return DatabaseReady(_path(rest))
    if rest:
        raise MalformedPacket(f"notification {command} carries {len(rest)} bytes; it takes none")
    if command == START_RESUME:
        return StartResume()
    if command == STOP_PAUSE:
        return StopPause()
    raise MalformedPacket(f"command {command} is no notification; 1, 10 and 11 are")


def _path(encoded: bytes) -> str | None:
    if not encoded:
        return None
    try:
        path = encoded.decode()
    except UnicodeDecodeError as error:
        raise MalformedPacket("the database's path is not UTF-8") from error
    if "\0" in path:
        raise MalformedPacket("the database's path contains a NUL")
    return path
