"""What comes of a gatherer's packets between the socket and those who want to know."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator
from contextlib import closing

import numpy as np
import pytest

from spinnlive import wire
from spinnlive.live.client import Connection
from spinnlive.live.database import LiveTag, NetworkMap
from spinnlive.live.datagrams import Single
from spinnlive.live.keys import KeyTable
from spinnlive.live.statistics import count

NOBODY = np.empty(0, np.int64)
HERE = "127.0.0.1"


@pytest.fixture
async def connection() -> AsyncIterator[Connection]:
    network = NetworkMap(
        ethernet={(0, 0): HERE},
        root=HERE,
        app_id=30,
        timestep_us=1000,
        time_scale_factor=1,
        tags=(LiveTag(HERE, 1, 0, 0, 1, heartbeat=True),),
        live=frozenset(),
        keys=KeyTable.build((), NOBODY, NOBODY, NOBODY),
        sources={},
        cores=(),
        ethernet_chips=((0, 0),),
        proxy=None,
    )
    with closing(Connection(network)) as connected:
        yield connected


async def test_statistics_have_what_readers_have_and_nobody_has_counted(
    connection: Connection,
) -> None:
    connection.clock.start(None)
    packet = struct.pack("<BBIII", 2, 0x38, 1, 7, 8)
    single = Single(packet, (HERE, wire.SCP_UDP_PORT), dropped=3)
    (receiver,) = connection.receivers
    receiver._take_one(single, connection.clock.now)
    assert receiver.packets == 0, "it will be when its readers have had their turn"
    counts = count(connection, 0)
    assert (counts.packets_in, counts.unknown_keys, counts.kernel_drops) == (1, 2, 3)
    receiver.settle()
    assert count(connection, 0) == counts, "once"


@pytest.mark.parametrize("bulk", [False, True])
@pytest.mark.parametrize("full", [False, True])
async def test_a_full_packet_does_not_say_that_its_tick_is_over(
    connection: Connection, bulk: bool, full: bool
) -> None:
    """The gatherer sends it when it is full, and any other when the tick ends."""
    connection.clock.start(None)
    spikes = wire.FULL_PACKET - (not full)
    received = connection.clock.now
    if bulk:
        ticks, counts = np.array([49, 50]), np.array([1, spikes])
        events = wire.BulkEvents(ticks, counts, np.zeros(1 + spikes, np.uint32), 0, 0)
        connection._deliver(0, events, received)
    else:
        connection._deliver_one(0, 50, (0,) * spikes, received)
    reading = connection.clock.read(received)
    assert reading.position - reading.uncertainty == pytest.approx(50 if full else 51)
