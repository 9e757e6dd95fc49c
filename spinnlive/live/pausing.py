"""The wish that the run under way stand for a while, and whether it does.

What runs the network holds a `Pausing` and looks at it where the network can stand: between two
steps, or wherever a `stretch` is cancelled.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import trio

from spinnlive.errors import RunStateError

NO_RUN = "no run is under way"


class Pausing:
    """``wanted``: somebody wants the run to stand; ``paused``: it does."""

    def __init__(self) -> None:
        self.wanted = False
        self.paused = False
        self._under_way = False
        self._stretch: trio.CancelScope | None = None
        self._changed = trio.Event()

    @contextmanager
    def run(self) -> Iterator[None]:
        """A run is under way while the block lasts."""
        self._under_way = True
        try:
            yield
        finally:
            self._under_way = self.wanted = self.paused = False
            self._announce()

    @contextmanager
    def stretch(self) -> Iterator[trio.CancelScope]:
        """Cancel the block when the run is to stand; give what says whether it was."""
        with trio.CancelScope() as self._stretch:
            if self.wanted:
                self._stretch.cancel()
            try:
                yield self._stretch
            finally:
                self._stretch = None

    async def hold(self) -> None:
        """The network stands: wait until it may go on."""
        self.paused = True
        self._announce()
        try:
            while self.wanted:
                await self._changed.wait()
        finally:
            self.paused = False
            self._announce()

    async def pause(self) -> None:
        """Have the run stand, and wait until it does. Cancelled, it takes the wish back."""
        if not self._under_way:
            raise RunStateError(NO_RUN)
        self.wanted = True
        if self._stretch is not None:
            self._stretch.cancel()
        self._announce()
        try:
            await trio.lowlevel.checkpoint()
            while not self.paused:
                if not self._under_way:
                    raise RunStateError("the run was over before it could be paused")
                await self._changed.wait()
        except trio.Cancelled:
            self._go_on()
            raise

    def resume(self) -> None:
        """Let it go on."""
        if not self._under_way:
            raise RunStateError(NO_RUN)
        self._go_on()

    def _go_on(self) -> None:
        self.wanted = False
        self._announce()

    def _announce(self) -> None:
        self._changed.set()
        self._changed = trio.Event()
