"""Patience with a board that a busy host starves: a long run at the lowest priority may get no processor for seconds.

A live run that hears nothing from its board for four seconds takes it for lost, which is right for a robot. A long
run that looks for leaks and losses would end for nothing. So its questions are repeated for longer; by way of names
that are private to `spinnlive`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from spinnlive.boards import scp
from spinnlive.live import intake, receiver

TIMES = 40
"""How many times as often as usual a board is asked before it counts as lost: for two minutes and more."""


@contextmanager
def patient() -> Iterator[None]:
    """Ask boards so often while it is open."""
    defaults = scp.open_scp.__wrapped__.__kwdefaults__  # type: ignore[attr-defined]
    usual = defaults["tries"], intake.TRIES, receiver.TAG_TRIES
    defaults["tries"], intake.TRIES, receiver.TAG_TRIES = (TIMES * tries for tries in usual)
    try:
        yield
    finally:
        defaults["tries"], intake.TRIES, receiver.TAG_TRIES = usual
