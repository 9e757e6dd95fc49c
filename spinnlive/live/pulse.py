"""Find cores that are dead without having failed: they say nothing, and no list of states shows it.

SCAMP hands a message to a core through its mailbox, which the core empties in an interrupt, however
busy its software is. So a refusal with RC_TIMEOUT, again and again, tells a dead core from one that
is only overloaded, which takes the message and answers late or never.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable

from spinnlive import wire
from spinnlive.boards.scp_calls import ScpCalls
from spinnlive.errors import BoardLost, BoardUnreachable, DeadCore, ScpError
from spinnlive.live.database import Core

AT_ONCE = 4
"""Cores that are asked in one look; the next look asks the next ones."""

REFUSALS = 3
"""Looks in a row in which a core must refuse before it counts as dead."""

TRIES = 2
"""How often a core is asked within a look."""


class Pulse:
    """Asks the cores of the network in turn whether they take messages."""

    def __init__(self, scp: ScpCalls, cores: Iterable[Core]) -> None:
        self._scp = scp
        # monitor cores are of no population, and need not know the question
        self._turn = deque(core for core in cores if core.population is not None)
        self._refused: Counter[Core] = Counter()

    async def feel(self, calm: Callable[[], Awaitable[None]]) -> None:
        """Ask the next cores, and again those that refused, each when ``calm`` returns. Raises `DeadCore`."""
        suspects = list(self._refused)
        for _ in range(min(AT_ONCE, len(self._turn))):
            if self._turn[0] not in suspects:
                suspects.append(self._turn[0])
            self._turn.rotate(-1)
        for core in suspects:
            await calm()
            await self._ask(core)

    def forget(self) -> None:
        """Begin anew with those that refused."""
        self._refused.clear()

    async def _ask(self, core: Core) -> None:
        try:
            await self._scp.call(wire.get_time_request(core.x, core.y, core.p), tries=TRIES)
        except ScpError as error:
            if error.code != wire.ResultCode.TIMEOUT:
                return  # it says nothing about the core
            self._refused[core] += 1
            if self._refused[core] >= REFUSALS:
                raise DeadCore(
                    f"core {core.p} of chip {core.x}, {core.y} (population {core.population!r}) is "
                    "dead: it takes no messages any more, though its board answers"
                ) from error
            return
        except (BoardLost, BoardUnreachable):
            return  # overloaded, or the board itself: the watch finds out
        self._refused.pop(core, None)
