"""Test code that holds a live run, without a board: pytest examples/test_reflex.py."""

import spinnlive
from spinnlive.testing import open_scripted

import trio


async def keep_away(live: spinnlive.LiveRun) -> list[int]:
    """Whatever moves is touched 5 ms later, three times; give when it moved. This is under test."""
    moves: list[int] = []
    async for batch in live.spikes("motor"):
        moves.append(batch.tick)
        if len(moves) == 3:
            break
        await live.clock.wait_until(batch.tick + 5)
        await live.injector("touch").send(batch.neuron_ids)
    return moves


async def test_it_touches_what_moves(autojump_clock: trio.testing.MockClock) -> None:
    """The network: what is touched moves in the same tick, and neuron 2 in tick 0."""

    def network(tick, injected):
        return {"motor": [2] if tick == 0 else injected["touch"]}

    async with (
        open_scripted(network, live={"motor": 5}, injectors={"touch": 5}) as live,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(live.run)
        assert await keep_away(live) == [0, 5, 10]
        nursery.cancel_scope.cancel()
