"""A packet that came alone, between its readers and its count: whoever waits for its spikes has his turn first.

Between the socket and a robot's reflex every microsecond counts, and most of what is to be done for a packet is to
count it: it can be done while the reader's own answer is on its way to the board. A task that asks for the counts
meanwhile has it done at once. Only what is called while the packet is given out, the ``when`` of a `wait_for`, finds it
missing in the counts of packets, losses and late spikes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Heard(NamedTuple):
    """What a packet that came alone says of others: ``gap``, that one before it seems to be missing; ``heartbeat``,
    that it holds some of it, so that its own loss would have been noticed."""

    gap: bool
    heartbeat: bool


class Handed(NamedTuple):
    """A packet that has been given to its readers: whether it ``has_spikes`` of theirs, and what is to be called,
    once, to have it counted: ``settle``."""

    has_spikes: bool
    settle: Callable[[], Heard]
