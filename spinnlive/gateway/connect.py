"""`spinnlive.connect`. What it needs is imported when it is called: most who import spinnlive serve."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spinnlive.gateway.remote import Remote


@asynccontextmanager
async def connect(
    url: str, *, token: str | None = None, name: str | None = None
) -> AsyncIterator[Remote]:
    """Follow a live run that another process serves; works on trio and on asyncio.

    ``url``: ``tcp://HOST:PORT`` (what `Gateway.url` says), ``ws://HOST:PORT`` for WebSocket, or
    ``HOST`` alone. ``token``: what the server gave, else the environment's ``SPINNLIVE_TOKEN``.
    ``name``: who this is, for the server's log.

    Raises `ServerLost` when nothing answers there or it sends this client away, also from inside
    the block as soon as somebody waits for it; `UsageError` for what is no such URL.
    """
    from spinnlive.gateway.dial import dialled

    async with dialled(url, token, name) as remote:
        yield remote
