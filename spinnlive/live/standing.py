"""Cores that stand and wait for a SYNC signal: see that they do, let them go on, end their run.

A core that waits for SYNC0 or SYNC1 waits inside its timer callback (``simulation.c``), most of them
with interrupts off: a message to it lies in its mailbox until it goes on, and a second one would
wait behind the first in SCAMP. So standing cores are asked nothing. SCAMP knows what state they are
in, and tells it for all cores of a chip at once.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from functools import partial

import trio

from spinnlive import wire
from spinnlive.boards.scp_calls import ScpCalls
from spinnlive.boards.together import together
from spinnlive.errors import BoardLost, CoreFailure, ScpError
from spinnlive.live.database import Core
from spinnlive.live.watch import FAILED, describe_failure

SYNC_STATES = (wire.CpuState.SYNC0, wire.CpuState.SYNC1)

_ALIVE = (*SYNC_STATES, wire.CpuState.RUNNING, wire.CpuState.PAUSED)

OVERHEAD_S = 0.0012
"""How long before its end a step is looked at for the first time (seconds): trio wakes up 0.6 ms
late, and an answer takes 0.3 ms."""

LOOK_EVERY_S = 0.002
"""Pause between looks at cores that are late (seconds); the first looks follow each other at once."""

EAGER_LOOKS = 20

SILENCE_S = 5.0
"""How late a core may be before it is asked whether it lives (seconds)."""

ANSWER_S = 3.0
"""How long to wait for the answer of a core whose run is ended (seconds). It is not told twice: the
second time would end its next run."""

AT_ONCE = 3
"""Cores whose run is ended at once: each keeps one of our four places, of SCAMP's 8 transient tags and
of its chip's 7 message buffers until it goes on."""

_SC_SET_IRQ = 0xE2000008
_SC_SET_FLAG = 0xE2000058
_SC_CLEAR_FLAG = 0xE200005C
_SC_CODE = 0x5EC00000
"""Registers of a chip's system controller, and what allows writing to them (spinnaker_tools
``spinnaker.h``). SYNC0 clears and SYNC1 sets a core's flag there, by virtual core; then SCAMP
interrupts the core, by physical core (``scamp-app.c``, ``signal_app``)."""

_CORE_MAP = 0xF5007FA8
"""Where a chip keeps the physical number of each virtual core, a byte each (``sark.h``, v2p_map)."""

_WORD = struct.Struct("<I")


class SimulationCores:
    """The cores of a network that take part in its runs, as SCAMP sees them.

    ``asked`` says that some core was asked whether it lives: if it stands, its mailbox is full until
    it goes on.
    """

    def __init__(self, scp: ScpCalls, cores: Iterable[Core], app_id: int) -> None:
        self._scp = scp
        self._cores = tuple(cores)
        self._app_id = app_id
        self._physical: dict[tuple[int, int], bytes] = {}
        self.asked = False

    async def come_to(self, wanted: Sequence[wire.CpuState], after_s: float = 0.0) -> wire.CpuState:
        """Wait until every core is in one state of ``wanted``, all in the same; give it.

        Looks for the first time shortly before ``after_s`` seconds are over. Raises `CoreFailure`
        when a core fails or is silent, `BoardLost` and `ScpError` as SCP does. A core that is only
        slow is waited for.
        """
        begin = trio.current_time()
        if after_s > OVERHEAD_S:
            await trio.sleep(after_s - OVERHEAD_S)
        doubted = begin + after_s + SILENCE_S
        missing = list(self._cores)
        found: set[wire.CpuState] = set()
        looks = 0
        while True:
            states = await self._states(missing)
            if any(state in FAILED for state in states.values()):
                failure = await describe_failure(self._scp, missing)
                if failure is not None:
                    raise failure
            found.update(state for state in states.values() if state in wanted)
            missing = [core for core in missing if states[core] not in wanted]
            if not missing:
                break
            if trio.current_time() > doubted:
                await self._must_live(missing, wanted)
                doubted = trio.current_time() + SILENCE_S
            looks += 1
            if looks > EAGER_LOOKS:
                await trio.sleep(LOOK_EVERY_S)
        if len(found) > 1:
            raise CoreFailure(
                "the cores of the network wait for different signals: "
                + ", ".join(sorted(state.name for state in found))
            )
        return found.pop()

    async def signal(self, signal: wire.Signal) -> None:
        """Send a SYNC signal to all cores. Repeating it does no harm: the next one is another."""
        self.asked = False
        await self._scp.call(wire.signal_request(self._app_id, signal))

    async def end_run(self, *, release: bool) -> None:
        """Make every core that stands or runs end its run.

        ``release``: standing cores go on for one tick and end before the next, a few at a time, the
        gatherers of live spikes last. Without it they end when they would begin their run. Cores
        that have failed or do not answer are left alone.
        """
        states = await self._states(self._cores)
        order = sorted((core for core in states if states[core] in _ALIVE), key=_order)
        for begin in range(0, len(order), AT_ONCE):
            await together(
                [
                    partial(self._end_one, core, states[core], release)
                    for core in order[begin : begin + AT_ONCE]
                ]
            )

    async def _end_one(self, core: Core, state: wire.CpuState, release: bool) -> None:
        """Put the request into the core's mailbox, then let this core alone go on: SCAMP takes
        requests in turn."""
        requests = [wire.pause_request(core.x, core.y, core.p)]
        if release and state in SYNC_STATES:
            register = _SC_CLEAR_FLAG if state is wire.CpuState.SYNC0 else _SC_SET_FLAG
            physical = await self._physical_core(core)
            for address, number in ((register, core.p), (_SC_SET_IRQ, physical)):
                word = _WORD.pack(_SC_CODE | 1 << number)
                requests.append(wire.write_request(core.x, core.y, address, word))
        try:
            await self._scp.burst(requests, timeout_s=ANSWER_S, tries=1)
        except (BoardLost, ScpError):
            await self._scp.call(wire.version_request(), tries=2)  # it is the core that is silent

    async def _physical_core(self, core: Core) -> int:
        chip = core.x, core.y
        if chip not in self._physical:
            self._physical[chip] = await self._scp.read(*chip, _CORE_MAP, wire.scp.MAX_CORES)
        return self._physical[chip][core.p]

    async def _states(self, cores: Sequence[Core]) -> dict[Core, wire.CpuState]:
        chips = sorted({(core.x, core.y) for core in cores})
        infos = dict(zip(chips, await self._scp.chip_infos(chips), strict=True))
        return {
            core: wire.CpuState(infos[core.x, core.y].core_states[core.p])
            for core in cores
            if core.p < len(infos[core.x, core.y].core_states)
        }

    async def _must_live(self, late: Sequence[Core], wanted: Sequence[wire.CpuState]) -> None:
        """Ask late cores for the time: one that runs answers. Raises `CoreFailure` for one that
        neither does nor has come to where it should by now."""
        for core in late:
            self.asked = True
            try:
                await self._scp.call(wire.get_time_request(core.x, core.y, core.p), tries=2)
            except (BoardLost, ScpError) as silence:
                await self._scp.call(wire.version_request(), tries=2)
                if (await self._states([core]))[core] not in wanted:
                    raise CoreFailure(
                        f"core {core.p} of chip {core.x}, {core.y} (population "
                        f"{core.population!r}) neither came to the end of its step nor answers, "
                        "though its board does"
                    ) from silence


def _order(core: Core) -> tuple[bool, bool]:
    """Neuron cores before the synapse cores that write their input, what belongs to no population
    (gatherers) last."""
    return core.population is None, "synapse" in core.name.lower()
