"""The control port of an emulated board: the one thing that it has and a real board lacks.

A command goes out as one datagram, and one datagram of JSON comes back.
"""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from typing import Any, Literal

import trio

from spinnlive.errors import BoardLost, UsageError

Pace = Literal["realtime", "free"]

CONTROL_PORT = 17880
"""UDP port of the board program's control port (c_realtime/host/control.h)."""

ANSWER_TIMEOUT_S = 5.0
"""How long to wait for the control port (seconds): it is looked at every 100 µs of emulated time."""

ANSWER_BYTES = 32768
"""More than the longest answer of the control port (bytes)."""


@dataclass(frozen=True, slots=True)
class BoardStatus:
    """What the control port tells.

    ``emulated_s``: emulated time since power-on (s). ``speed``: emulated time over wall time, lately; 1.0 keeps up.
    ``given_up_s``: by how much the board has fallen behind the wall clock in all (s). ``datagrams_*``: on the
    board's Ethernet; ``packets_*``: multicast and other packets between cores; dropped and timed-out ones are losses.
    ``held_by_debugger``, ``frozen``: emulated time stands still, because a debugger holds a core or because it was
    asked for.
    """

    emulated_s: float
    speed: float
    pace: Pace
    given_up_s: float
    booted: bool
    chips: int
    cores_awake: int
    instructions: int
    datagrams_in: int
    datagrams_out: int
    datagrams_dropped: int
    datagrams_unsendable: int
    packets_sent: int
    packets_received: int
    packets_dropped: int
    packets_timed_out: int
    held_by_debugger: bool
    frozen: bool


async def control(
    address: str, command: str, timeout_s: float = ANSWER_TIMEOUT_S
) -> dict[str, Any]:
    """Send one command to the control port of the emulated board at ``address`` and return its answer.

    The commands are listed in ``c_realtime/host/control.h``. Raises `BoardLost` when nothing answers within
    ``timeout_s`` (seconds), and `UsageError` when the board does not know the command. Cancelling it does
    nothing to the board, but the command may have been obeyed.
    """
    with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        answer = b""
        try:
            await sock.connect((address, CONTROL_PORT))
            with trio.move_on_after(timeout_s):
                await sock.send(command.encode())
                answer = await sock.recv(ANSWER_BYTES)
        except OSError as error:
            raise BoardLost(f"no emulated board answers at {address}: {error}") from error
    if not answer:
        raise BoardLost(f"the emulated board at {address} did not answer within {timeout_s:.0f} s")
    told: dict[str, Any] = json.loads(answer)
    if "error" in told:
        raise UsageError(f"the emulated board at {address}: {told['error']}")
    return told
