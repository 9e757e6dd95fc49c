"""Loopback addresses for emulated boards: which there are, and which nobody answers on yet."""

from __future__ import annotations

import ipaddress
import itertools
import socket
from collections.abc import Iterator

from spinnlive import wire

NOT_FOR_BOARDS = "127.0.0.1"
"""To SpiNNMan this name means a virtual board without input and output."""

FIRST_HOST = 2
"""The one after `NOT_FOR_BOARDS`."""

LAST_HOST = 254
"""One byte is plenty: a host that emulates 253 boards at once has other worries."""


def loopback_addresses() -> Iterator[str]:
    """The addresses that an emulated board may take, in the order in which they are tried."""
    return (f"127.0.0.{host}" for host in range(FIRST_HOST, LAST_HOST + 1))


def is_free(address: str, port: int = wire.SCP_UDP_PORT) -> bool:
    """Whether a board could answer SCP on this address: nobody else does.

    Only a look, not a claim: between it and the board's own ``bind`` somebody else may come.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, port))
        except OSError:
            return False
        return True


def free_addresses() -> Iterator[str]:
    """The addresses on which nobody answers now, first come first."""
    return filter(is_free, loopback_addresses())


def is_loopback(address: str) -> bool:
    """Whether an IPv4 address is this host's own, 127.0.0.0/8. False for what is no address."""
    try:
        return ipaddress.IPv4Address(address).is_loopback
    except ValueError:
        return False


def first_free(limit: int, together: int = 1) -> list[str]:
    """At most ``limit`` free addresses to try, each with ``together`` - 1 more free ones right after it."""
    free = list(itertools.islice(free_addresses(), limit + LAST_HOST * (together > 1)))
    hosts = {int(address.rsplit(".", 1)[1]) for address in free}
    return [
        address
        for address in free
        if hosts.issuperset(range(host := int(address.rsplit(".", 1)[1]), host + together))
    ][:limit]
