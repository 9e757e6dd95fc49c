"""The board of a script: found, or started, when the script first sets up a network."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import trio

from spinnlive.boards.control import BoardStatus
from spinnlive.boards.held import HeldBoard, hold_board
from spinnlive.live.board import identify
from spinnlive.toolchain import defaults, machine
from spinnlive.toolchain.values import Machine


class ScriptBoard:
    """Names a board to every network that the script sets up.

    ``address``: that board, whatever the cfg names. Without it: what the cfg names, else an
    emulated board of ``chips`` chips, which lives as long as ``stack``.
    """

    def __init__(self, stack: ExitStack, address: str | None, chips: int) -> None:
        self._stack = stack
        self._address = address
        self._chips = chips
        self._held: HeldBoard | None = None
        self._machine: Machine | None = None
        defaults.when_read(self._name)

    @property
    def emulated(self) -> bool:
        """Whether an emulated board was started."""
        return self._held is not None

    def status(self) -> BoardStatus | None:
        """Ask the emulated board how it is; None for any other board."""
        return None if self._held is None else self._held.status()

    def _name(self) -> None:
        """Let the network that is being set up be mapped to the board.

        Raises `BoardUnreachable` when nothing answers at the address, and what starting an emulated
        board raises.
        """
        if self._machine is None:
            self._machine = self._find()
        if self._machine is not None:
            machine.use(self._machine)

    def _find(self) -> Machine | None:
        if self._address is not None:
            # in a thread: a script may call setup() from within a trio program of its own
            with ThreadPoolExecutor(1) as thread:
                return thread.submit(trio.run, identify, self._address).result()
        if machine.is_configured():
            return None
        self._held = self._stack.enter_context(hold_board(chips=self._chips))
        return Machine(self._held.address, self._held.version)
