"""An emulated board as a process: start it, ask its control port, and see that it never stays behind.

The process is the C program of ``c_realtime``. It boots the genuine SCAMP firmware, which is read from the installed
SpiNNMan package, and answers UDP on a loopback address of its own. To everybody else it is a board with an IP address.
"""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from types import TracebackType
from typing import Any

import trio

from spinnlive.boards import address as addresses
from spinnlive.boards import faults as faulty
from spinnlive.boards import look
from spinnlive.boards.boot_cache import boot_cache
from spinnlive.boards.control import BoardStatus, Pace, control
from spinnlive.boards.exit_code import describe_exit
from spinnlive.boards.faults import ActiveFault
from spinnlive.boards.look import ChipView, CoreRegisters
from spinnlive.errors import AddressInUse, BoardFailed, UsageError

_numbers = itertools.count()

PROGRAM_VARIABLE = "SPINNLIVE_BOARD_PROGRAM"
"""Environment variable that names another board program, such as one built with sanitizers."""

START_TIMEOUT_S = 60.0
"""How long a board may take to be up, for every `CHIPS_A_BOARD` chips (seconds): many times what it
takes on an idle host."""

STOP_TIMEOUT_S = 5.0
"""How long the program may take to end when asked (seconds); then it is killed."""

ADDRESSES_TRIED = 8
"""Free addresses that are tried in turn, should others take them at the same moment."""

SNAPSHOT_TIMEOUT_S = 120.0
"""How long saving a machine may take (seconds): a fraction of a second for each board."""

MOST_THREADS = 16
"""c_realtime/machine/machine.h: MACHINE_MAX_THREADS."""

CHIPS_A_BOARD = 48
"""Of a SpiNN-5."""

BOARDS_JOINED = (1, 3, 6, 12, 24)
"""Numbers of SpiNN-5 boards that make a machine; three are a triad."""

_CHIPS = (4, *(CHIPS_A_BOARD * boards for boards in BOARDS_JOINED))


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


class EmulatedBoard:
    """An emulated SpiNNaker board, running inside ``async with``.

    ::

        async with EmulatedBoard() as board:
            print(board.address, await board.status())

    ``address``: a loopback address; a free one is chosen when it is not given. ``chips``: 4 (a SpiNN-3), 48 (a
    SpiNN-5), or 144, 288, 576 or 1152: 3, 6, 12 or 24 SpiNN-5 joined to a torus, each with its own Ethernet on the
    next address. ``booted``: start with SCAMP up; otherwise the board waits to be booted over UDP 54321. ``pace``:
    ``"realtime"`` ties emulated time to the wall clock, ``"free"`` lets it run as fast as it goes. ``threads``: host
    threads; what happens on the board is the same with any number. ``faults``: what is wrong with the machine from
    the start, such as ``"kill chip 1,1"``, ``"kill core 0,0,5"`` (a physical number) or ``"kill link 0,0,2"``; see
    `fault`. ``record``: a new file for the input log, from
    which `replay` has the run again. ``restore``: a snapshot to go on from; it brings its boards and firmware with
    it, and ``chips`` and ``booted`` are not looked at.

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
        threads: int = 1,
        faults: Sequence[str] = (),
        record: Path | None = None,
        restore: Path | None = None,
    ) -> None:
        if chips not in _CHIPS:
            raise UsageError(
                f"there are emulated boards of 4 and of 48 chips, and machines of {', '.join(map(str, _CHIPS[2:]))}, "
                f"not of {chips}"
            )
        if threads not in range(1, MOST_THREADS + 1):
            raise UsageError(f"the number of threads is from 1 to {MOST_THREADS}, not {threads}")
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
        self._threads = threads
        self._faults = tuple(faults)
        self._record = record
        self._restore = restore
        self._addresses: tuple[str, ...] = ()
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._process: trio.Process | None = None

    @property
    def address(self) -> str:
        """The IPv4 address on which the board answers; empty until it does."""
        return self._addresses[0] if self._addresses else ""

    @property
    def addresses(self) -> tuple[str, ...]:
        """The address of each board's Ethernet, the root's first; empty until they answer."""
        return self._addresses

    @property
    def chips(self) -> int:
        """How many chips the machine has."""
        return self._chips

    @property
    def version(self) -> int:
        """The board's hardware version, as sPyNNaker's ``version`` setting wants it: 3 or 5."""
        return 3 if self._chips == 4 else 5

    @property
    def exit_code(self) -> int | None:
        """The process' exit code once it has ended; None while it runs."""
        return None if self._process is None else self._process.returncode

    @property
    def pid(self) -> int | None:
        """The process' number, for who watches what it uses; None before the board is started."""
        return None if self._process is None else self._process.pid

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
        booted = self._booted and self._restore is None
        program, image = board_program(), boot_image() if booted else None
        boards = max(1, self._chips // CHIPS_A_BOARD)
        candidates = (
            [self._wanted] if self._wanted else addresses.first_free(ADDRESSES_TRIED, boards)
        )
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
            "--board",
            f"spinn{self.version}",
            "--boards",
            str(max(1, self._chips // CHIPS_A_BOARD)),
            "--pace",
            self._pace,
            "--threads",
            str(self._threads),
            "--folder",
            self._make_folder(),
            "--lifeline",
        ]
        for words in self._faults:
            command += ["--fault", words]
        for option, file in (
            ("--image", image),
            ("--boot-cache", boot_cache() if image is not None else None),
            ("--record", self._record),
            ("--restore", self._restore),
        ):
            if file is not None:
                command += [option, str(file)]
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
        if ready is not None:
            self._addresses = tuple(ready["addresses"])
            self._chips = ready["chips"]
            return None
        complaint = await self._last_words()
        await self.stop()
        if "cannot answer on" in complaint:
            return complaint
        raise BoardFailed(
            f"the emulated board did not start: {complaint or describe_exit(self.exit_code)}"
        )

    def _make_folder(self) -> str:
        """Where the board may write files when the control port is asked for them."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="spinnlive-board-")
        return self._folder.name

    async def _read_ready(self, program: Path) -> dict[str, Any] | None:
        """The line that says that the board answers; None if the program ended instead."""
        assert self._process is not None and self._process.stdout is not None
        line = b""
        limit = START_TIMEOUT_S * max(1, self._chips // CHIPS_A_BOARD)
        with trio.move_on_after(limit) as waiting:
            while b"\n" not in line and (more := await self._process.stdout.receive_some(4096)):
                line += more
        if waiting.cancelled_caught:
            raise BoardFailed(f"{program} did not get its board up within {limit:.0f} s")
        if b"\n" not in line:
            return None
        ready: dict[str, Any] = json.loads(line)
        return ready

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
            if self._folder is not None:
                self._folder.cleanup()
                self._folder = None

    async def status(self) -> BoardStatus:
        """Ask the board how it is. Raises `BoardLost` when its process has ended or does not answer."""
        answer = await control(self.address, "status")
        known = {field.name: answer[field.name] for field in fields(BoardStatus)}
        return BoardStatus(**known)

    async def set_pace(self, pace: Pace) -> None:
        """Tie emulated time to the wall clock from now on, or let it go. Raises as `status` does."""
        await control(self.address, f"pace {pace}")

    async def look_at_chip(self, x: int, y: int) -> ChipView:
        """How a chip and its cores are. Raises as `status` does, and `UsageError` when there is no such chip."""
        return await look.chip(self.address, x, y)

    async def look_at_core(self, x: int, y: int, p: int) -> CoreRegisters:
        """A core's registers now, and at its run-time error if it had one; ``p`` is SCAMP's number. Raises likewise."""
        return await look.core(self.address, x, y, p)

    async def iobuf(self, x: int, y: int, p: int) -> str:
        """The text that a core's software has written to its output buffer. Raises likewise."""
        return await look.iobuf(self.address, x, y, p)

    async def debug(self, x: int, y: int, p: int, port: int = 0) -> int:
        """Open a TCP port on the board's address for GDB; return the port, a free one if it was 0.

        While a debugger holds the core the whole machine stands still: nothing times out in the emulated world.
        Raises as `look_at_core` does, and `UsageError` when the port cannot be had.
        """
        return int((await control(self.address, f"gdb {x},{y},{p} {port}"))["port"])

    async def fault(self, words: str) -> None:
        """Let something go wrong, now; `spinnlive.boards.faults` tells what there is.

        Faults are recorded, and so happen again in a replay. Raises as `status` does, and `UsageError` when the
        words mean nothing.
        """
        await faulty.fault(self.address, words)

    async def faults(self) -> tuple[ActiveFault, ...]:
        """The faults that act on datagrams and links, with how often they have. Raises as `status` does."""
        return await faulty.active(self.address)

    async def freeze(self, seconds: float | None = None) -> None:
        """Let nothing happen on the board for so long by the wall clock, or until `thaw`. Raises as `status` does.

        Nothing changes in the emulated world; to clients the board is silent, and answers afterwards what has waited.
        """
        await faulty.freeze(self.address, seconds)

    async def thaw(self) -> None:
        """End what `freeze` has begun. Raises as `status` does."""
        await control(self.address, "thaw")

    async def state_hash(self) -> str:
        """A hash of the whole machine's state. Raises as `status` does."""
        return str((await control(self.address, "hash"))["hash"])

    async def snapshot(self, path: Path | str) -> None:
        """Save the whole machine, as it is now, in a file from which ``restore`` goes on.

        A file that is already there is replaced. The board stands still meanwhile. Raises as `status` does, and
        `UsageError` when the file cannot be written. When cancelled, there is no file or a whole one.
        """
        name = f"snapshot-{next(_numbers)}"
        await control(self.address, f"snapshot {name}", SNAPSHOT_TIMEOUT_S)
        await trio.to_thread.run_sync(shutil.move, Path(self._make_folder()) / name, path)
