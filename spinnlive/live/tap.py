"""The one place where everything that goes in and out of a live run passes by a listener.

Whoever has something worth keeping calls ``tap.put(kind, value)``: the kind's name, and a frozen
dataclass of plain values, numpy arrays, and tuples or dataclasses of those. To have it recorded and
replayed, its class is entered in `spinnlive.recording.kinds`, in one line. Where building the value
costs something, ask `Tap.active` first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Listener = Callable[[str, Any], None]
"""Takes a kind and a value. It is called in the middle of the live path: it must return at once,
and never raise."""


class Tap:
    """Hands what it is given to its listeners, in the same moment; without any, does nothing."""

    __slots__ = ("_listeners",)

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    @property
    def active(self) -> bool:
        """Whether anybody listens."""
        return bool(self._listeners)

    def put(self, kind: str, value: Any) -> None:
        """Show a value to whoever listens."""
        for listener in self._listeners:
            listener(kind, value)

    def listen(self, listener: Listener) -> None:
        """Give everything to this one as well from now on."""
        self._listeners.append(listener)

    def leave(self, listener: Listener) -> None:
        """Give this one nothing more."""
        self._listeners.remove(listener)
