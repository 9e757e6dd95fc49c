"""Several calls at once, whose errors come out as themselves and not in a group."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import trio

Result = TypeVar("Result")


async def together(calls: Sequence[Callable[[], Awaitable[Result]]]) -> list[Result]:
    """Make several calls at once and give what they return, in order; the first error cancels the
    others and comes out as itself. A single call is made as it is."""
    if len(calls) == 1:
        return [await calls[0]()]
    failed: list[Exception] = []
    results: dict[int, Result] = {}
    async with trio.open_nursery() as nursery:

        async def one(place: int, call: Callable[[], Awaitable[Result]]) -> None:
            try:
                results[place] = await call()
            except Exception as error:
                failed.append(error)
                nursery.cancel_scope.cancel()

        for place, call in enumerate(calls):
            nursery.start_soon(one, place, call)
    if failed:
        raise failed[0]
    return [results[place] for place in range(len(calls))]
