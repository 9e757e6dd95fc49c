"""A run in steps: sPyNNaker waits in its thread while somebody else takes the cores from step to step.

It is the official synchronised running: every so many ticks the cores stand and wait for the next
SYNC signal. It is started as a run of fixed length, longer than anybody waits, because such a run
has what ``run_forever`` lacks: sPyNNaker divides it into *parts* that its recordings have room for,
and reads them back in between. Two names of its are replaced while it lasts: the ``sleep`` in which
it waits for the end of a part, and the division into parts, which must be whole steps.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import overload

from spinnlive.errors import ToolchainError, UsageError
from spinnlive.toolchain import private

LONGEST_TICKS = 1 << 30
"""Length of the run (ticks), unless somebody ends it: 12 days of 1 ms ticks. Cores count in 32 bits."""


class SteppedRun:
    """One run in steps of ``step`` ticks. `run` blocks; the rest may be called from any thread."""

    def __init__(self, step: int) -> None:
        self._step = step
        self._part_over = threading.Event()
        self._end: int | None = None
        self._ending = False
        self._failed = False

    @contextmanager
    def arranged(self) -> Iterator[int]:
        """Have sPyNNaker wait and divide as a run in steps needs it; gives the run's length in
        ticks."""
        private.replace_sleep(self._wait)
        with private.replaced_parts(self._parts), private.patient_start():
            yield LONGEST_TICKS - LONGEST_TICKS % self._step

    def part_over(self) -> None:
        """Say that the cores have come to the end of a part: sPyNNaker reads the recordings back."""
        self._part_over.set()

    def end(self, tick: int | None) -> None:
        """Let this part be the last one; its cores have ended it at ``tick``, or at its planned end
        (None)."""
        self._end = tick
        self._ending = True
        self._part_over.set()

    def fail(self) -> None:
        """Let sPyNNaker know that this part went wrong, so that it waits for no core."""
        self._failed = True
        self.end(None)

    def _wait(self, seconds: float) -> None:
        """Stand in for sPyNNaker's ``sleep``."""
        self._part_over.wait()
        self._part_over.clear()
        if self._failed:
            raise ToolchainError("the cores did not come to the end of a step")
        if self._end is not None:
            private.set_end_of_run(self._end)

    def _parts(self, ticks: int, room: int) -> Sequence[int]:
        """Divide a run; ``room`` is how many ticks the recordings have room for."""
        if ticks == 0:
            return [0]
        length = min(ticks, room - room % self._step)
        if length == 0:
            raise UsageError(
                f"a step of {self._step} ticks is longer than what the recordings have room for on "
                f"the board, {room} ticks: take shorter steps, or record less"
            )
        return _Parts(length, -(-ticks // length), self)

    @property
    def ending(self) -> bool:
        """Whether the part under way is the last one."""
        return self._ending


class _Parts(Sequence[int]):
    """The lengths of the parts; no more of them once the run is to end."""

    def __init__(self, length: int, count: int, run: SteppedRun) -> None:
        self._length = length
        self._count = count
        self._run = run

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[int]: ...
    def __getitem__(self, index: int | slice) -> int | Sequence[int]:
        return [self._length] * self._count if isinstance(index, slice) else self._length

    def __iter__(self) -> Iterator[int]:
        for _ in range(self._count):
            if self._run.ending:
                return
            yield self._length
