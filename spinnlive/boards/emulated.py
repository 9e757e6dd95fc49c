"""An emulated board as a process: start it, ask its control port, and see that it never stays behind.

The process is the C program of ``c_realtime``. It boots the genuine SCAMP firmware, which is read from the installed
SpiNNMan package, and answers UDP on a loopback address of its own. To everybody else it is a board with an IP address.
"""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import trio

from spinnlive.boards import address as addresses
from spinnlive.errors import AddressInUse, BoardFailed, BoardLost, UsageError

Pace = Literal["realtime", "free"]

CONTROL_PORT = 17880
"""UDP port of the board program's control port (c_realtime/host/control.h)."""

PROGRAM_VARIABLE = "SPINNLIVE_BOARD_PROGRAM"
"""Environment variable that names another board program, such as one built with sanitizers."""

START_TIMEOUT_S = 60.0
"""A booted 4-chip board is up in a second, one of 48 chips in ten; a host may be busy (seconds)."""

STOP_TIMEOUT_S = 5.0
"""How long the program may take to end when asked (seconds); then it is killed."""

ADDRESSES_TRIED = 8
"""Free addresses that are tried in turn, should others take them at the same moment."""

ANSWER_TIMEOUT_S = 5.0
"""How long to wait for the control port (seconds): it is looked at every 100 µs of emulated time."""

ANSWER_BYTES = 8192
"""More than the longest answer of the control port (bytes)."""

_VERSION_OF = {4: 3, 48: 5}


def board_program() -> Path:
    """Where the board program is.

    Raises `BoardFailed` when it was not built, saying how to build it.
    """
    named = os.environ.get(PROGRAM_VARIABLE)
    program = Path(named) if named else Path(__file__).parent / "bin" / "spinnlive-board"
    if not program.is_file():
        raise BoardFailed(
            f"the emulated board's program is not at {program}: install spinnlive where a C compiler and CMake are "
            f"at hand (`pip install .`, or `make`), or name a program in {PROGRAM_VARIABLE}"
        )
    return program


def boot_image() -> Path:
    """The SCAMP firmware in the installed SpiNNMan package.

    Raises `BoardFailed` when the package or the image in it is missing.
    """
    package = importlib.util.find_spec("spinnman")
    if package is None or package.origin is None:
        raise BoardFailed(
            "SpiNNMan, which brings the firmware, is not installed: `pip install SpiNNMan`"
        )
    image = Path(package.origin).parent / "messages" / "spinnaker_boot" / "boot_data" / "scamp.boot"
    if not image.is_file():
        raise BoardFailed(
            f"the installed SpiNNMan has no firmware at {image}: install SpiNNMan 7.4.1"
        )
    return image


@dataclass(frozen=True, slots=True)
class BoardStatus:
    """What the control port tells.

    ``emulated_s``: emulated time since power-on (s). ``speed``: emulated time over wall time, lately; 1.0 keeps up.
    ``given_up_s``: by how much the board has fallen behind the wall clock in all (s). ``datagrams_*``: on the
    board's Ethernet; ``packets_*``: multicast and other packets between cores; dropped and timed-out ones are losses.
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


class EmulatedBoard:
    """An emulated SpiNNaker board, running inside ``async with``.

    ::

        async with EmulatedBoard() as board:
            print(board.address, await board.status())

    ``address``: a loopback address; a free one is chosen when it is not given. ``chips``: 4 (a SpiNN-3) or 48 (a
    SpiNN-5). ``booted``: start with SCAMP up; otherwise the board waits to be booted over UDP 54321. ``pace``:
    ``"realtime"`` ties emulated time to the wall clock, ``"free"`` lets it run as fast as it goes.

    Entering starts the process and returns when the board answers. It raises `AddressInUse` when the address is
    taken and `BoardFailed` when the program is missing or does not start. Leaving ends the process, also when
    cancelled. Should this program be killed, the process ends by itself.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        chips: int = 4,
        booted: bool = True,
        pace: Pace = "realtime",
    ) -> None:
        if chips not in _VERSION_OF:
            raise UsageError(f"there are emulated boards of 4 and of 48 chips, not of {chips}")
        if pace not in ("realtime", "free"):
            raise UsageError(f'the pace is "realtime" or "free", not {pace!r}')
        if address == addresses.NOT_FOR_BOARDS:
            raise UsageError(
                f"{address} will not do: to SpiNNMan it means a board without input and output; "
                "take another loopback address, such as 127.0.0.2"
            )
        if address is not None and not addresses.is_loopback(address):
            raise UsageError(
                f"an emulated board answers on a loopback address such as 127.0.0.2, not on {address}: everybody who "
                "can reach it could run programs on it"
            )
        self._wanted = address
        self._chips = chips
        self._booted = booted
        self._pace = pace
        self._address = ""
        self._process: trio.Process | None = None

    @property
    def address(self) -> str:
        """The IPv4 address on which the board answers; empty until it does."""
        return self._address

    @property
    def version(self) -> int:
        """The board's hardware version, as sPyNNaker's ``version`` setting wants it: 3 or 5."""
        return _VERSION_OF[self._chips]

    @property
    def exit_code(self) -> int | None:
        """The process' exit code once it has ended; None while it runs."""
        return None if self._process is None else self._process.returncode

    async def __aenter__(self) -> EmulatedBoard:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start the process and wait until the board answers, for who cannot use ``async with``.

        Whoever calls it owns the board and calls `stop`; else it ends with this program.
        """
        program, image = board_program(), boot_image() if self._booted else None
        candidates = [self._wanted] if self._wanted else addresses.first_free(ADDRESSES_TRIED)
        complaint = "all loopback addresses from 127.0.0.2 to 127.0.0.254 are taken"
        for candidate in candidates:
            started = await self._start(program, image, candidate)
            if started is None:
                return
            complaint = started
        raise AddressInUse(complaint)

    async def _start(self, program: Path, image: Path | None, address: str) -> str | None:
        """Start the program on an address; return None, or the complaint that the address is taken."""
        command = [
            str(program),
            "--address",
            address,
            "--chips",
            str(self._chips),
            "--pace",
            self._pace,
            "--lifeline",
        ]
        if image is not None:
            command += ["--image", str(image)]
        self._process = await trio.lowlevel.open_process(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C in a terminal is ours to act on, not the board's
        )
        try:
            ready = await self._read_ready(program)
        except BaseException:
            await self.stop()
            raise
        if ready:
            self._address = address
            return None
        complaint = await self._last_words()
        await self.stop()
        if "cannot answer on" in complaint:
            return complaint
        raise BoardFailed(
            f"the emulated board did not start: {complaint or f'exit code {self.exit_code}'}"
        )

    async def _read_ready(self, program: Path) -> bool:
        """Wait for the line that says that the board answers; False if the program ended instead."""
        assert self._process is not None and self._process.stdout is not None
        line = b""
        with trio.move_on_after(START_TIMEOUT_S) as waiting:
            while b"\n" not in line and (more := await self._process.stdout.receive_some(4096)):
                line += more
        if waiting.cancelled_caught:
            raise BoardFailed(f"{program} did not get its board up within {START_TIMEOUT_S:.0f} s")
        return b"\n" in line and json.loads(line).get("ready") is True

    async def _last_words(self) -> str:
        """What an ended program has written to standard error."""
        assert self._process is not None and self._process.stderr is not None
        words = b""
        while more := await self._process.stderr.receive_some(4096):
            words += more
        await self._process.wait()
        return words.decode(errors="replace").strip().removeprefix("spinnlive-board: ")

    async def stop(self) -> None:
        """End the process and wait for it; once it has ended, do nothing. Cannot be cancelled."""
        process = self._process
        if process is None:
            return
        with trio.CancelScope(shield=True):
            if process.returncode is None:
                process.terminate()
                with trio.move_on_after(STOP_TIMEOUT_S):
                    await process.wait()
            if process.returncode is None:
                process.kill()
                await process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    await stream.aclose()

    async def status(self) -> BoardStatus:
        """Ask the board how it is. Raises `BoardLost` when its process has ended or does not answer."""
        answer = await control(self._address, "status")
        known = {field.name: answer[field.name] for field in fields(BoardStatus)}
        return BoardStatus(**known)

    async def set_pace(self, pace: Pace) -> None:
        """Tie emulated time to the wall clock from now on, or let it go. Raises as `status` does."""
        await control(self._address, f"pace {pace}")

    async def state_hash(self) -> str:
        """A hash of the whole machine's state. Raises as `status` does."""
        return str((await control(self._address, "hash"))["hash"])


async def control(address: str, command: str) -> dict[str, Any]:
    """Send one command to the control port of the emulated board at ``address`` and return its answer.

    The commands are listed in ``c_realtime/host/control.h``. Raises `BoardLost` when nothing answers within
    `ANSWER_TIMEOUT_S`, and `UsageError` when the board does not know the command. Cancelling it does nothing to the
    board, but the command may have been obeyed.
    """
    with trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        answer = b""
        try:
            await sock.connect((address, CONTROL_PORT))
            with trio.move_on_after(ANSWER_TIMEOUT_S):
                await sock.send(command.encode())
                answer = await sock.recv(ANSWER_BYTES)
        except OSError as error:
            raise BoardLost(f"no emulated board answers at {address}: {error}") from error
    if not answer:
        raise BoardLost(
            f"the emulated board at {address} did not answer within {ANSWER_TIMEOUT_S:.0f} s"
        )
    told: dict[str, Any] = json.loads(answer)
    if "error" in told:
        raise UsageError(f"the emulated board at {address}: {told['error']}")
    return told
