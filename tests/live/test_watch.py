"""Failed cores are found and named; a silent core is told from a lost board."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import trio
import trio.testing

from spinnlive import wire
from spinnlive.errors import BoardLost, CoreFailure, DeadCore, ScpError
from spinnlive.live.clock import Clock, ClockObservation
from spinnlive.live.database import Core
from spinnlive.live.pulse import Pulse
from spinnlive.live.watch import CALM_PHASE, FAST_POLL_S, HEARD_S, TRAVEL_S, UNASKED_S, Watch

CORES = (
    Core(0, 0, 3, "out(0:99)", "out"),
    Core(0, 0, 4, "in(0:4)", "in"),
    Core(1, 0, 2, "LiveSpikeReceiver", None),
)


class Board:
    """A board with the cores' states, as SCP tells them."""

    def __init__(self) -> None:
        self.states: dict[tuple[int, int, int], tuple[wire.CpuState, int]] = {}
        self.silent_core = False
        self.dead_core: int | None = None
        self.overloaded_core: int | None = None
        self.lost = False
        self.patient = False

    async def chip_infos(self, chips: list[tuple[int, int]]) -> list[Any]:
        self._answer()
        return [
            SimpleNamespace(core_states=tuple(self._state(x, y, p)[0] for p in range(18)))
            for x, y in chips
        ]

    async def read(self, x: int, y: int, address: int, length: int) -> bytes:
        self._answer()
        p = (address - 0xE5007000) // 128
        state, code = self._state(x, y, p)
        block = bytearray(128)
        block[40:44] = (0x1234).to_bytes(4, "little")
        block[44], block[46] = code, state
        block[72:88] = b"IF_curr_exp".ljust(16, b"\0")
        return bytes(block)

    async def tick(self, x: int, y: int, p: int) -> int:
        self._answer()
        if self.silent_core:
            if self.patient:
                await trio.sleep_forever()
            raise BoardLost("no reply")
        return 5

    async def call(self, request: wire.ScpRequest, tries: int) -> None:
        self._answer()
        if request.command == wire.RunControl.GET_TIME and request.cpu == self.dead_core:
            raise ScpError("refused", wire.ResultCode.TIMEOUT)
        if request.command == wire.RunControl.GET_TIME and request.cpu == self.overloaded_core:
            raise BoardLost("no reply")

    def _state(self, x: int, y: int, p: int) -> tuple[wire.CpuState, int]:
        return self.states.get((x, y, p), (wire.CpuState.RUNNING, 0))

    def _answer(self) -> None:
        if self.lost:
            raise BoardLost("the board has stopped answering")


def watch(board: Board) -> Watch:
    clock = Clock(1000, 1)
    clock.start(None)
    return Watch(board, clock, SimpleNamespace(cores=CORES), CORES[0])  # type: ignore[arg-type]


async def test_a_run_time_error_is_named_with_core_population_binary_and_cause(
    autojump_clock: trio.testing.MockClock,
) -> None:
    board = Board()
    board.states[0, 0, 3] = (wire.CpuState.RUN_TIME_EXCEPTION, 10)
    seen = watch(board)
    with pytest.raises(CoreFailure) as caught:
        await seen.run()
    message = str(caught.value)
    for part in ("core 3 of chip 0, 0", "'out'", "IF_curr_exp", "error 10", "malloc", "0x00001234"):
        assert part in message
    assert seen.failure is caught.value


async def test_all_failed_cores_are_in_one_error(autojump_clock: trio.testing.MockClock) -> None:
    board = Board()
    board.states[0, 0, 4] = (wire.CpuState.WATCHDOG, 0)
    board.states[1, 0, 2] = (wire.CpuState.RUN_TIME_EXCEPTION, 99)
    with pytest.raises(CoreFailure, match=r"core 4 .*watchdog.*; core 2 of chip 1, 0 .*unknown"):
        await watch(board).run()


async def test_a_core_of_somebody_else_is_none_of_ours(
    autojump_clock: trio.testing.MockClock,
) -> None:
    board = Board()
    board.states[0, 0, 9] = (wire.CpuState.RUN_TIME_EXCEPTION, 10)
    with trio.move_on_after(5) as long_enough:
        await watch(board).run()
    assert long_enough.cancelled_caught


async def test_a_lost_board(autojump_clock: trio.testing.MockClock) -> None:
    board = Board()
    board.lost = True
    with pytest.raises(BoardLost):
        await watch(board).run()


async def test_a_silent_core_on_a_board_that_answers(
    autojump_clock: trio.testing.MockClock,
) -> None:
    board = Board()
    board.silent_core = True
    with pytest.raises(CoreFailure, match="no longer answers, though its board does"):
        await watch(board).run()


async def test_a_core_that_is_dead_without_having_failed(
    autojump_clock: trio.testing.MockClock,
) -> None:
    board = Board()
    board.dead_core = 4  # not the one that is asked for the tick
    with pytest.raises(DeadCore, match=r"core 4 of chip 0, 0 \(population 'in'\) is dead"):
        await watch(board).run()


async def test_a_core_is_dead_when_it_has_refused_in_three_looks() -> None:
    board = Board()
    board.dead_core = 4
    pulse = Pulse(board, CORES)  # type: ignore[arg-type]
    await pulse.feel(trio.lowlevel.checkpoint)
    await pulse.feel(trio.lowlevel.checkpoint)
    board.dead_core = None  # it had only been late
    await pulse.feel(trio.lowlevel.checkpoint)
    board.dead_core = 4
    await pulse.feel(trio.lowlevel.checkpoint)
    await pulse.feel(trio.lowlevel.checkpoint)
    with pytest.raises(DeadCore):
        await pulse.feel(trio.lowlevel.checkpoint)


async def test_a_core_that_is_only_overloaded_lives(
    autojump_clock: trio.testing.MockClock,
) -> None:
    board = Board()
    board.overloaded_core = 4
    with trio.move_on_after(60) as long_enough:
        await watch(board).run()
    assert long_enough.cancelled_caught


async def test_every_core_is_asked_in_turn() -> None:
    asked: list[int] = []

    class Scp:
        async def call(self, request: wire.ScpRequest, tries: int) -> None:
            asked.append(request.cpu)

    pulse = Pulse(Scp(), [Core(0, 0, p, "", "many") for p in range(1, 11)])  # type: ignore[arg-type]
    for _ in range(5):
        await pulse.feel(trio.lowlevel.checkpoint)
    assert asked == [*range(1, 11), *range(1, 11)]


async def test_a_failed_core_that_is_the_one_asked_is_found_before_the_board_counts_as_lost(
    autojump_clock: trio.testing.MockClock,
) -> None:
    board = Board()
    board.states[0, 0, 3] = (wire.CpuState.RUN_TIME_EXCEPTION, 5)
    board.silent_core = board.patient = True
    with pytest.raises(CoreFailure, match="data abort"):
        await watch(board).run()


@pytest.mark.parametrize("sure", [False, True])
async def test_a_sure_clock_is_asked_about_in_the_middle_of_a_tick(
    autojump_clock: trio.testing.MockClock, sure: bool
) -> None:
    """Between two ticks an answer tells the clock most, but that is when live spikes are sent."""
    now = 100.0

    async def sleep_until(moment: float) -> None:
        nonlocal now
        await trio.lowlevel.checkpoint()
        now = max(now, moment)

    clock = Clock(1000, 1, lambda: now, sleep_until=sleep_until)
    clock.start(None)
    clock.observe(ClockObservation(now, 50.3, 0.1 if sure else 0.9))
    phases: list[float] = []
    board = Board()

    async def tick(x: int, y: int, p: int) -> int:
        phases.append(round(clock.position + TRAVEL_S / clock.tick_s, 6) % 1.0)
        return int(clock.position)

    board.tick = tick  # type: ignore[method-assign]
    seen = Watch(board, clock, SimpleNamespace(cores=CORES), CORES[0])  # type: ignore[arg-type]
    with trio.move_on_after(FAST_POLL_S * 1.5):
        await seen.run()
    assert phases[0] == pytest.approx(CALM_PHASE if sure else 0.0, abs=0.01)


@pytest.mark.parametrize("heard", [False, True])
async def test_a_board_that_is_heard_is_asked_only_now_and_then(
    autojump_clock: trio.testing.MockClock, heard: bool
) -> None:
    clock = Clock(1000, 1, trio.current_time, sleep_until=trio.sleep_until)
    clock.start(None)
    begin = trio.current_time()
    asked = 0
    board = Board()

    def position() -> int:
        return int((trio.current_time() - begin) / clock.tick_s)

    async def tick(x: int, y: int, p: int) -> int:
        nonlocal asked
        asked += 1
        return position()

    async def hear() -> None:
        while heard:
            await trio.sleep(HEARD_S / 2)
            clock.observe_packet(position() - 1, clock.now)

    board.tick = tick  # type: ignore[method-assign]
    seen = Watch(board, clock, SimpleNamespace(cores=CORES), CORES[0])  # type: ignore[arg-type]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(hear)
        nursery.start_soon(seen.run)
        await trio.sleep(1.0)
        asked = 0
        await trio.sleep(20 * UNASKED_S)
        nursery.cancel_scope.cancel()
    assert (15 <= asked <= 30) if heard else (asked >= 60)
