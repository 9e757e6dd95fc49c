"""Cores that stand and wait, on a board whose cores do what the test says."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import trio

from spinnlive import wire
from spinnlive.errors import BoardLost, CoreFailure, UsageError
from spinnlive.live.database import Core, SourceCore
from spinnlive.live.outbox import PAIRS, SPIKES, Outbox
from spinnlive.live.standing import SimulationCores
from spinnlive.wire import CpuState

CORES = (
    Core(0, 0, 3, "pop_synapses(0:99)", "pop"),
    Core(0, 0, 4, "pop_neurons(0:99)", "pop"),
    Core(1, 0, 2, "LiveSpikeReceiver", None),
)


class Board:
    """States of cores, one after the other with each look; what it was asked."""

    def __init__(self, *looks: tuple[CpuState, CpuState, CpuState]) -> None:
        self.looks = list(looks)
        self.asked: list[wire.ScpRequest] = []
        self.silent = False

    async def chip_infos(self, chips: list[tuple[int, int]]) -> list[Any]:
        await trio.sleep(0.0005)
        now = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        states = {(core.x, core.y, core.p): state for core, state in zip(CORES, now, strict=True)}
        return [
            SimpleNamespace(
                core_states=[states.get((x, y, p), CpuState.IDLE).value for p in range(18)]
            )
            for x, y in chips
        ]

    async def read(self, x: int, y: int, address: int, length: int) -> bytes:
        if address == 0xF5007FA8:
            return bytes(range(1, length + 1))
        block = bytearray(length)
        block[46] = CpuState.WATCHDOG
        return bytes(block)

    async def call(self, request: wire.ScpRequest, tries: int = 8) -> None:
        self.asked.append(request)
        if self.silent and request.command == wire.RunControl.GET_TIME:
            raise BoardLost("no reply")

    async def burst(self, requests: list[wire.ScpRequest], **how: float) -> None:
        self.asked += requests


def cores(board: Board) -> SimulationCores:
    return SimulationCores(board, CORES, 17)  # type: ignore[arg-type]


RUN, SYNC0, SYNC1, READY = CpuState.RUNNING, CpuState.SYNC0, CpuState.SYNC1, CpuState.READY


async def test_it_waits_for_the_last_core(autojump_clock: Any) -> None:
    board = Board((RUN, RUN, RUN), (SYNC1, RUN, RUN), (SYNC1, RUN, SYNC1), (SYNC1, SYNC1, SYNC1))
    assert await cores(board).come_to((SYNC1, READY), 0.003) is SYNC1
    assert len(board.looks) == 1


async def test_it_looks_when_the_step_should_be_over(autojump_clock: Any) -> None:
    board = Board((SYNC0, SYNC0, SYNC0))
    begin = trio.current_time()
    await cores(board).come_to((SYNC0,), 0.1)
    assert 0.09 < trio.current_time() - begin <= 0.1


async def test_cores_in_different_states_are_an_error(autojump_clock: Any) -> None:
    with pytest.raises(CoreFailure, match="READY, SYNC1"):
        await cores(Board((SYNC1, READY, SYNC1))).come_to((SYNC1, READY))


async def test_a_failed_core_is_named(autojump_clock: Any) -> None:
    with pytest.raises(CoreFailure, match="watchdog"):
        await cores(Board((SYNC1, CpuState.WATCHDOG, SYNC1))).come_to((SYNC1, READY))


async def test_a_slow_core_is_waited_for_and_a_dead_one_is_not(autojump_clock: Any) -> None:
    board = Board((SYNC1, RUN, SYNC1))
    with trio.move_on_after(60) as patience:
        await cores(board).come_to((SYNC1, READY))
    assert patience.cancelled_caught
    assert {request.cpu for request in board.asked} == {4}
    board.silent = True
    with pytest.raises(CoreFailure, match=r"core 4 of chip 0, 0 .*nor answers"):
        await cores(board).come_to((SYNC1, READY))


async def test_ending_a_run_lets_one_core_go_on_after_the_other() -> None:
    board = Board((SYNC1, SYNC1, RUN))
    await cores(board).end_run(release=True)
    told = [(each.x, each.cpu, each.command) for each in board.asked if each.cpu]
    assert sorted(told) == [(0, 3, 10), (0, 4, 10), (1, 2, 10)]
    written = [(each.arg1, each.data.hex()) for each in board.asked if each.command == 3]
    # flag of the virtual core, then interrupt to the physical one
    assert sorted(written) == [
        (0xE2000008, "1000c05e"),
        (0xE2000008, "2000c05e"),
        (0xE2000058, "0800c05e"),
        (0xE2000058, "1000c05e"),
    ]
    # the request is in the mailbox before its core goes on
    assert [each.command for each in board.asked[:3]] in ([10, 3, 3], [10, 10, 3])


async def test_cores_at_the_begin_of_a_part_are_only_told() -> None:
    board = Board((SYNC0, SYNC0, READY))
    await cores(board).end_run(release=False)
    assert [each.command for each in board.asked] == [10, 10]


def test_what_is_injected_while_standing_leaves_in_few_datagrams() -> None:
    core, other = SourceCore(0, 0, 5, 0, 299), SourceCore(0, 1, 3, 300, 599)
    header = wire.SdpHeader(0, 0, 5, 1).encode()
    outbox = Outbox()
    for each in range(200):
        outbox.hold(header + wire.encode_ids16([each])[0], core)
    outbox.hold(header + wire.encode_ids16([7])[0], other)
    datagrams = outbox.take()
    assert [to for _, to in datagrams] == [core, core, other]
    ids = [wire.decode_events(each[10:]).keys.tolist() for each, _ in datagrams]
    assert ids == [list(range(127)), list(range(127, 200)), [7]]
    assert outbox.take() == []


def test_more_than_a_standing_core_takes_is_refused() -> None:
    core = SourceCore(0, 0, 5, 0, 299)
    header = wire.SdpHeader(0, 0, 5, 1).encode()
    outbox = Outbox()
    packets = wire.encode_ids16([1] * SPIKES)
    for packet in packets:
        outbox.hold(header + packet, core)
    with pytest.raises(UsageError, match=r"508 spikes .* has 508 waiting and was to get 1 more"):
        outbox.hold(header + wire.encode_ids16([1])[0], core)
    assert len(outbox.take()) == len(packets) == 4


def test_of_rates_that_wait_the_latest_of_each_neuron_leaves() -> None:
    core, header, outbox = SourceCore(0, 0, 3, 0, 9), bytes(10), Outbox()
    outbox.hold_pairs(header, core, np.array([7, 8]), np.array([1, 2]))
    outbox.hold_pairs(header, core, np.array([8, 9]), np.array([3, 4]))
    ((datagram, where),) = outbox.take()
    assert where == core
    assert datagram == header + wire.encode_pairs32([7, 8, 9], [1, 3, 4])[0]
    assert outbox.take() == []
    outbox.hold_pairs(header, core, np.arange(PAIRS), np.zeros(PAIRS, np.int64))
    with pytest.raises(UsageError, match=rf"rates of {PAIRS} neurons .* 1 more"):
        outbox.hold_pairs(header, core, np.array([PAIRS]), np.array([0]))
    assert len(outbox.take()) == 4
