"""See at once when a core of the network has failed, and say which one and how."""

from __future__ import annotations

import struct
from collections.abc import Iterable

import trio

from spinnlive import wire
from spinnlive.boards.scp_calls import ScpCalls
from spinnlive.errors import BoardLost, BoardUnreachable, CoreFailure, ScpError, SpinnliveError
from spinnlive.live.clock import Clock
from spinnlive.live.database import Core, NetworkMap
from spinnlive.live.pulse import Pulse
from spinnlive.live.vcpu import VCPU_BASE, VCPU_SIZE
from spinnlive.live.weights import poll_tick

POLL_S = 0.25
"""Pause between questions for the tick (seconds)."""

HEARD_S = 0.1
UNASKED_S = 1.0
"""While live packets come (the latest within the first) and the clock is sure, the core is asked only every so
often (seconds): what comes says that the board runs, and every question takes the host from a spike."""

SILENCE_S = 0.6
"""After so long without an answer cores are looked at, while the board is asked again (seconds)."""

LOOK_S = 0.5
"""Pause between looks for failed cores (seconds)."""

CONFIRMING_TRIES = 2
"""How often a board is asked for a sign of life when something has just gone wrong with it."""

UNSURE_S = 0.0004
FAST_POLL_S = 0.005
FAST_POLLS = 12
"""While the clock is unsure of the board's phase by so much (seconds), questions come faster
(seconds), so many in a row."""

SURE_S = 0.0003
"""When the clock is this sure of the board's phase (seconds), a question need not come between two ticks, which
is when SCAMP has live spikes to send."""

CALM_PHASE = 0.6
"""It comes then when this part of a tick is over: live spikes have been sent and answered, and what was injected
for the next tick is on its way."""

LONG_TICK_S = 0.005
"""In a tick as long as this (seconds) hardly a question comes at the wrong moment, so none is put off."""

TRAVEL_S = 0.0003
MOST_TRAVEL_S = 0.001
"""How long it takes from when a question should be asked until a core gets it: what is believed at
first, and at most (seconds)."""

TRAVEL_SHARE = 0.2
"""How much one question counts in what is believed of the next."""

START_POLL_S = 0.001
"""Pause before the first question of a run (seconds)."""

IDLE_POLL_S = 0.05
"""Pause before the board is asked again whether it has started (seconds)."""

FAILED = (wire.CpuState.RUN_TIME_EXCEPTION, wire.CpuState.WATCHDOG)

RTE_SENTENCES = {
    1: "it branched through address 0",
    2: "undefined instruction",
    3: "undefined supervisor call",
    4: "prefetch abort: it jumped to where there is no memory",
    5: "data abort: it read or wrote where there is no memory",
    6: "an interrupt without a handler",
    7: "a fast interrupt without a handler",
    8: "an interrupt that the controller was not set up for",
    9: "the application gave up (its I/O buffer may say why)",
    10: "out of memory: malloc failed",
    11: "division by zero",
    12: "the event loop could not start",
    13: "fatal software error (its I/O buffer may say why)",
    14: "no memory for the I/O buffer",
    15: "an event was enabled wrongly",
    16: "null pointer",
    17: "packets could not be started",
    18: "the timer could not be started",
    19: "the API could not be started",
    20: "built for another version of SARK",
}
"""Run-time error codes of SARK (spinnaker_tools ``sark.h``)."""

# link register, stack pointer before; then error code, physical core, state, application; name at
# 72
_VCPU = struct.Struct("<40xIBBBB24x16s")


async def failed_cores(scp: ScpCalls, cores: Iterable[Core]) -> list[Core]:
    """Give the cores that have failed, by one INFO for each chip.

    COUNT would need one request for each board, but SCAMP keeps one count at a time for the whole
    machine, and sPyNNaker counts while it waits for the end of a run: both would get wrong answers.
    """
    cores = list(cores)
    chips = sorted({(core.x, core.y) for core in cores})
    states = dict(
        zip(chips, [info.core_states for info in await scp.chip_infos(chips)], strict=True)
    )
    return [
        core
        for core in cores
        if core.p < len(states[core.x, core.y]) and states[core.x, core.y][core.p] in FAILED
    ]


async def describe_failure(scp: ScpCalls, cores: Iterable[Core]) -> CoreFailure | None:
    """Look at every core and name the failed ones in one error; None when all are well."""
    findings = []
    for core in cores:
        block = await scp.read(core.x, core.y, VCPU_BASE + VCPU_SIZE * core.p, VCPU_SIZE)
        link, code, _, state, _, name = _VCPU.unpack_from(block)
        if state in FAILED:
            findings.append(_finding(core, state, code, link, name))
    if not findings:
        return None
    return CoreFailure("; ".join(findings))


def _finding(core: Core, state: int, code: int, link: int, name: bytes) -> str:
    binary = name.split(b"\0")[0].decode("ascii", "replace")
    whose = f"population {core.population!r}, " if core.population else ""
    where = f"core {core.p} of chip {core.x}, {core.y} ({whose}{core.name}, binary {binary})"
    if state == wire.CpuState.WATCHDOG:
        return f"{where} was stopped by its watchdog: it hung"
    why = RTE_SENTENCES.get(code, "an unknown cause")
    return f"{where} stopped with run-time error {code}: {why} (link register {link:#010x})"


class Watch:
    """Looks at the board while the network runs: feeds the clock, and raises when a core fails or
    the board is lost.

    ``core`` is any simulation core of the network; it is asked for the tick.
    """

    def __init__(self, scp: ScpCalls, clock: Clock, network: NetworkMap, core: Core) -> None:
        self.failure: SpinnliveError | None = None
        self._scp = scp
        self._clock = clock
        self._network = network
        self._core = core
        self._pulse = Pulse(scp, network.cores)
        self._travel_s = TRAVEL_S
        self._asked_s = float("-inf")

    async def run(self) -> None:
        """Watch until cancelled. Raises `CoreFailure` or `BoardLost`."""
        last_look, set_already = trio.current_time(), False
        while True:
            try:
                if self._clock.running:
                    await trio.sleep(POLL_S if set_already else START_POLL_S)
                    if not (set_already and self._knows_enough()):
                        await self._set_the_clock()
                    set_already = True
                else:
                    with trio.move_on_after(IDLE_POLL_S):
                        await self._clock.change()
                        continue
                    await self.tick()
                if trio.current_time() - last_look >= LOOK_S:
                    last_look = trio.current_time()
                    await self._look()
            except ScpError:
                continue  # one refused request says nothing about the run
            except (BoardLost, CoreFailure) as error:
                self.failure = error
                raise

    async def tick(self) -> int:
        """Ask the core for the tick. Raises `CoreFailure` when it is the core, not the board, that
        is silent."""
        core = self._core
        try:
            return await poll_tick(self._scp, self._clock, core.x, core.y, core.p)
        except BoardLost as error:
            await self._scp.call(wire.version_request(), tries=CONFIRMING_TRIES)
            raise await self.diagnose() or CoreFailure(
                f"core {core.p} of chip {core.x}, {core.y} (population {core.population!r}) no "
                "longer answers, though its board does"
            ) from error

    async def diagnose(self) -> CoreFailure | BoardLost | None:
        """Look at every core; None when all are well or nothing can be learnt."""
        try:
            await self._scp.call(wire.version_request(), tries=CONFIRMING_TRIES)
            return await describe_failure(self._scp, self._network.cores)
        except BoardLost as lost:
            return lost
        except (ScpError, BoardUnreachable):
            return None

    async def _set_the_clock(self) -> None:
        """Ask when the answer tells the clock most, until it is sure enough."""
        clock = self._clock
        for turn in range(FAST_POLLS):
            if turn:
                await trio.sleep(FAST_POLL_S)
            planned = (
                self._calm_moment()
                if self._is_sure()
                else clock.best_time_to_ask(clock.now, self._travel_s)
            )
            await clock.sleep_until_host(planned)
            asked = self._asked_s = clock.now
            with trio.move_on_after(SILENCE_S) as patience:
                await self.tick()
            if patience.cancelled_caught:
                # before the long wait for a board: it may be the core that failed, and a run that
                # ends meanwhile takes what it could tell with it
                await self._look()
                await self.tick()
            self._learn_travel((asked + clock.now) / 2 - planned)
            if clock.read().uncertainty * clock.tick_s < UNSURE_S or not clock.running:
                break

    def _is_sure(self) -> bool:
        return self._clock.read().uncertainty * self._clock.tick_s < SURE_S

    def _knows_enough(self) -> bool:
        """Whether the board is heard and the clock is sure, so that nobody need be asked now."""
        now = self._clock.now
        heard = now - self._clock.heard_s < HEARD_S
        return heard and now - self._asked_s < UNASKED_S - POLL_S / 2 and self._is_sure()

    def _calm_moment(self) -> float:
        """Give the next host time (seconds) at which a question comes in the middle of a tick."""
        clock = self._clock
        if clock.tick_s > LONG_TICK_S:
            return clock.now
        moment = clock.best_time_to_ask(clock.now, self._travel_s) + CALM_PHASE * clock.tick_s
        return moment - clock.tick_s if moment - clock.tick_s >= clock.now else moment

    async def _calm(self) -> None:
        """Wait until a question disturbs no spike."""
        if self._clock.running:
            await self._clock.sleep_until_host(self._calm_moment())

    def _learn_travel(self, seen_s: float) -> None:
        """Believe a little more of how long the latest question took to reach its core."""
        seen_s = min(seen_s, MOST_TRAVEL_S)
        self._travel_s += TRAVEL_SHARE * (seen_s - self._travel_s)

    async def _look(self) -> None:
        await self._calm()
        suspects = await failed_cores(self._scp, self._network.cores)
        if suspects:
            failure = await describe_failure(self._scp, suspects)
            if failure is not None:
                raise failure
        if self._clock.running:
            await self._pulse.feel(self._calm)
        else:
            self._pulse.forget()  # what stands need not take messages
