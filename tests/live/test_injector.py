"""Ids are checked, split over cores and datagrams, and sent no faster than the board takes them."""

from __future__ import annotations

import numpy as np
import pytest
import trio
import trio.testing

from spinnlive import wire
from spinnlive.errors import NeuronIdError, RunStateError
from spinnlive.live.database import SourceCore
from spinnlive.live.injector import IN_FLIGHT, PAUSE_S, Injector


class Board:
    """Takes datagrams and answers barriers; its log has one entry for each."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.sent: list[tuple[tuple[int, int, int], list[int]]] = []
        self.may_start = trio.Event()
        self.may_start.set()

    async def ready(self) -> None:
        await self.may_start.wait()

    async def transmit(self, datagram: bytes, core: SourceCore) -> None:
        header, data = wire.decode_sdp(datagram)
        assert (header.dest_port, header.flags) == (1, 0x07)
        keys = wire.decode_events(bytes(data)).keys.tolist()
        self.sent.append(((header.dest_x, header.dest_y, header.dest_cpu), keys))
        self.log.append("data")

    async def barrier(self, core: SourceCore) -> None:
        self.log.append("barrier")


def injector(board: Board, *cores: SourceCore, size: int = 500) -> Injector:
    cores = cores or (SourceCore(0, 1, 4, 0, size - 1),)
    return Injector(
        "in", size, cores, ready=board.ready, transmit=board.transmit, barrier=board.barrier
    )


async def test_ids_go_out_bare_and_in_order() -> None:
    board = Board()
    await injector(board).send([3, 0, 3])
    assert board.sent == [((0, 1, 4), [3, 0, 3])]


async def test_numpy_arrays_and_single_ids_and_none_at_all() -> None:
    board = Board()
    way = injector(board)
    await way.send(np.array([1, 2], np.uint8))
    await way.send(7)
    await way.send([])
    assert [keys for _, keys in board.sent] == [[1, 2], [7]]
    assert way.spikes_sent == 3


@pytest.mark.parametrize(
    "ids", [[500], [-1], [0, 500], [1.5], [[1, 2]], [[1], [2, 3]], ["a"], [True]]
)
async def test_what_is_no_id_is_refused_before_anything_is_sent(ids: list[object]) -> None:
    board = Board()
    with pytest.raises(NeuronIdError, match="'in'"):
        await injector(board).send(ids)  # type: ignore[arg-type]
    assert board.sent == []


async def test_the_error_names_id_and_limit() -> None:
    with pytest.raises(NeuronIdError, match=r"no neuron 500: its 500 neurons are 0 to 499"):
        await injector(Board()).send([1, 500])


async def test_cores_get_their_own_neurons_counted_from_their_first() -> None:
    board = Board()
    way = injector(
        board,
        SourceCore(0, 0, 1, 0, 1),
        SourceCore(1, 0, 2, 2, 3),
        SourceCore(1, 1, 3, 4, 9),
        size=10,
    )
    await way.send([9, 0, 3, 2])
    assert board.sent == [((0, 0, 1), [0]), ((1, 0, 2), [1, 0]), ((1, 1, 3), [5])]


async def test_many_spikes_wait_for_the_core_after_each_few_datagrams(
    autojump_clock: trio.testing.MockClock,
) -> None:
    board = Board()
    await injector(board).send(np.arange(127 * 9 + 1) % 500)
    few = ["data"] * IN_FLIGHT
    assert board.log == [*few, "barrier", *few, "barrier", "data", "data"]
    assert [len(keys) for _, keys in board.sent] == [127] * 9 + [1]


async def test_a_pause_makes_room(autojump_clock: trio.testing.MockClock) -> None:
    board = Board()
    way = injector(board)
    for _ in range(3 * IN_FLIGHT):
        await way.send([1])
        await trio.sleep(PAUSE_S)
    assert "barrier" not in board.log


async def test_before_the_run_starts_it_waits() -> None:
    board = Board()
    board.may_start = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(injector(board).send, [1])
        await trio.testing.wait_all_tasks_blocked()
        assert board.sent == []
        board.may_start.set()
    assert len(board.sent) == 1


async def test_a_closed_run_refuses() -> None:
    board = Board()

    async def closed() -> None:
        raise RunStateError("the live run is closed")

    way = Injector(
        "in",
        1,
        (SourceCore(0, 0, 1, 0, 0),),
        ready=closed,
        transmit=board.transmit,
        barrier=board.barrier,
    )
    with pytest.raises(RunStateError):
        await way.send([0])
