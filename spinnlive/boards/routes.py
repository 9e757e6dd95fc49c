"""A machine of several boards: each chip is asked through the Ethernet of its own board.

SCAMP would carry a request from any Ethernet to any chip, but slowly, with the transient tags of the
board where it came in, and past datagrams that came in elsewhere: what is injected through one
Ethernet and what is asked through another arrive in any order.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Hashable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TypeVar

import trio

from spinnlive import wire
from spinnlive.boards.bulk import BulkMemory, Memory, Span
from spinnlive.boards.link import UDP, Link
from spinnlive.boards.scp import open_scp
from spinnlive.boards.scp_calls import ScpCalls
from spinnlive.boards.together import together
from spinnlive.wire.sdp import ROOT_CHIP

Chip = tuple[int, int]
Way = TypeVar("Way", bound=Hashable)
Found = TypeVar("Found")

ROOT = (0, 0)
"""The chip that ``ROOT_CHIP, ROOT_CHIP`` stands for."""


@asynccontextmanager
async def open_routes(
    ethernet: Mapping[Chip, str], *, link: Link = UDP, window: int = 4
) -> AsyncIterator[ScpCalls]:
    """Open an SCP client to every board of a machine that the tool chain has talked to: one that is silent
    now is `BoardLost`. Nothing is sent yet.

    ``ethernet`` gives for every chip the address of its board; chip 0, 0 must be among them.
    ``window`` is how many requests may be under way at once to each board. Raises
    `BoardUnreachable` when an address cannot be used.
    """
    async with AsyncExitStack() as stack:
        clients: dict[str, ScpCalls] = {}
        for address in ethernet.values():
            if address not in clients:
                clients[address] = await stack.enter_async_context(
                    open_scp(address, window=window, link=link, answered=True)
                )
        if len(clients) == 1:
            yield clients[ethernet[ROOT]]
        else:
            yield RoutedScp({chip: clients[board] for chip, board in ethernet.items()})


class RoutedScp(ScpCalls):
    """SCP with several boards; ``clients`` has for every chip the client of its board.

    What goes to a chip that is not among them goes to the root board, which knows best why not.
    """

    def __init__(self, clients: Mapping[Chip, ScpCalls]) -> None:
        self._clients = clients
        self.address = clients[ROOT].address

    async def burst(
        self,
        requests: Sequence[wire.ScpRequest],
        *,
        timeout_s: float | None = None,
        tries: int | None = None,
    ) -> list[wire.ScpReply]:
        """See `ScpCalls.burst`: each board gets its own part of it, all at once."""
        parts = _divided([self._client(each) for each in requests])
        calls = [
            partial(client.burst, [requests[i] for i in places], timeout_s=timeout_s, tries=tries)
            for client, places in parts.items()
        ]
        return _in_order(parts, await together(calls))

    def _client(self, request: wire.ScpRequest) -> ScpCalls:
        chip = (request.x, request.y)
        return self._clients.get(ROOT if ROOT_CHIP in chip else chip, self._clients[ROOT])


def open_memory(
    ethernet: Mapping[Chip, str], window: Callable[[], int], *, link: Link = UDP
) -> Memory:
    """Give the memory of every chip; arguments as for `open_routes` and `BulkMemory`. Close it."""
    memories: dict[str, BulkMemory] = {}
    for address in ethernet.values():
        if address not in memories:
            memories[address] = BulkMemory(address, window, link=link)
    if len(memories) == 1:
        return memories[ethernet[ROOT]]
    return RoutedMemory({chip: memories[board] for chip, board in ethernet.items()})


class RoutedMemory:
    """The memory of several boards; ``memories`` has for every chip the one of its board."""

    def __init__(self, memories: Mapping[Chip, BulkMemory]) -> None:
        self._memories = memories
        self._turn = trio.Lock()

    @property
    def turn(self) -> trio.Lock:
        """Whoever holds this keeps everybody from reading and writing."""
        return self._turn

    def close(self) -> None:
        """Close every socket."""
        for memory in set(self._memories.values()):
            memory.close()

    async def read(self, spans: Sequence[Span]) -> list[bytes]:
        """See `BulkMemory.read`: each board gets its own part, all at once."""
        parts = self._parts(spans)
        async with self._turn:
            found = await together(
                [
                    partial(memory.read, [spans[i] for i in places])
                    for memory, places in parts.items()
                ]
            )
        return _in_order(parts, found)

    async def write(self, pieces: Sequence[tuple[Span, bytes]]) -> None:
        """See `BulkMemory.write`, likewise."""
        parts = self._parts([span for span, _ in pieces])
        async with self._turn:
            await together(
                [
                    partial(memory.write, [pieces[i] for i in places])
                    for memory, places in parts.items()
                ]
            )

    def _parts(self, spans: Sequence[Span]) -> dict[BulkMemory, list[int]]:
        root = self._memories[ROOT]
        return _divided([self._memories.get((span.x, span.y), root) for span in spans])


def _divided(ways: Sequence[Way]) -> dict[Way, list[int]]:
    """Give for each way the places of what takes it."""
    parts: dict[Way, list[int]] = {}
    for place, way in enumerate(ways):
        parts.setdefault(way, []).append(place)
    return parts


def _in_order(parts: dict[Way, list[int]], found: list[list[Found]]) -> list[Found]:
    """Put together what came over each way, in the order in which it was asked for."""
    by_place = {
        place: each
        for places, answers in zip(parts.values(), found, strict=True)
        for place, each in zip(places, answers, strict=True)
    }
    return [by_place[place] for place in sorted(by_place)]
