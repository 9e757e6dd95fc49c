"""Who may do what: rights by token, and which web pages may connect."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from spinnlive.errors import UsageError
from spinnlive.gateway.settings import RIGHTS, Right

SHORTEST_TOKEN = 16
"""Fewest characters of a token; ``secrets.token_urlsafe()`` gives 43."""


@dataclass(frozen=True, slots=True)
class Access:
    """``rights`` without a token, ``tokens`` with theirs, ``hosts`` and ``origins`` that HTTP may
    name."""

    rights: tuple[Right, ...]
    tokens: Mapping[str, tuple[Right, ...]]
    hosts: frozenset[str]
    origins: frozenset[str]

    def rights_of(self, token: str | None) -> tuple[Right, ...]:
        """Give what a client with this token may do; nothing for a wrong one.

        Every token is compared, in constant time: how long it takes tells nothing.
        """
        if token is None:
            return self.rights
        found: tuple[Right, ...] = ()
        for known, rights in self.tokens.items():
            if hmac.compare_digest(known.encode(), token.encode()):
                found = rights
        return found

    def host_allowed(self, host: str | None) -> bool:
        """Say whether an HTTP ``Host`` is an IP address, localhost or an allowed name.

        A web page of somebody else's that has its own name point to this machine is refused so.
        """
        if host is None:
            return False
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        name = name.strip("[]").lower()
        return name == "localhost" or name in self.hosts or is_address(name)

    def origin_allowed(self, origin: str | None, host: str | None) -> bool:
        """Say whether a WebSocket may come from a page of this origin: ours, or one that was
        allowed; programs that are no browsers send none."""
        return origin is None or origin == f"http://{host}" or origin in self.origins


def arrange_access(
    host: str,
    rights: Iterable[Right] | None,
    tokens: Mapping[str, Iterable[Right]],
    hosts: Iterable[str] = (),
    origins: Iterable[str] = (),
) -> Access:
    """Check what was asked for; without ``rights``, everybody on this machine may read.

    Raises `UsageError` for an unknown right, a short token, and for a server that listens beyond
    loopback without tokens or gives rights to those who have none.
    """
    checked = {token: _checked(given) for token, given in tokens.items()}
    for token in checked:
        if len(token) < SHORTEST_TOKEN:
            raise UsageError(
                f"a token has {len(token)} characters; at least {SHORTEST_TOKEN} keep guessing "
                "out: secrets.token_urlsafe() makes a good one"
            )
    if is_loopback(host):
        everybody = _checked(("read",) if rights is None else rights)
    else:
        if not checked:
            raise UsageError(
                f"listening on {host!r} lets other machines in: give tokens={{token: rights}}, "
                "or listen on 127.0.0.1"
            )
        if rights:
            raise UsageError(
                f"listening on {host!r}, rights without a token would be everybody's: "
                "give them with tokens={token: rights}"
            )
        everybody = ()
    return Access(everybody, checked, frozenset(name.lower() for name in hosts), frozenset(origins))


def is_loopback(host: str) -> bool:
    """Say whether only this machine reaches a server that listens there."""
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)


def is_address(name: str) -> bool:
    """Say whether this is an IP address rather than a name."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _checked(rights: Iterable[Right]) -> tuple[Right, ...]:
    asked = (rights,) if isinstance(rights, str) else tuple(rights)
    for right in asked:
        if right not in RIGHTS:
            raise UsageError(f"there is no right {right!r}; there are {', '.join(RIGHTS)}")
    return tuple(right for right in RIGHTS if right in asked)
