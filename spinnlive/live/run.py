"""The live run: what a task holds while its network is on the board."""

from __future__ import annotations

from spinnlive.live.run_input import RunInput
from spinnlive.live.run_memory import RunMemory
from spinnlive.live.run_output import RunOutput
from spinnlive.live.run_time import RunTime


class LiveRun(RunTime, RunOutput, RunInput, RunMemory):
    """A network on a board, loaded and at tick 0; made by `spinnlive.open_live`.

    Populations are named by their PyNN object or by their label.
    """

    def started(self, *, awaited: bool = False) -> None:
        """The tool chain says that the board runs; ``awaited`` as in `Clock.start`."""
        self._course.started(awaited=awaited)

    def stopped(self) -> None:
        """The tool chain says that the board has stopped."""
        self._course.stopped()

    async def close(self) -> None:
        """Stop a run that is under way, end every stream. Call it shielded from cancellation."""
        await self._course.close()
