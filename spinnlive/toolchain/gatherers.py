"""A gatherer of live spikes of our own, beside the one that official live clients take theirs from.

A gatherer (sPyNNaker's live packet gather) sends over one IP tag, and a tag has one receiver: whoever
turned it last. An official client that is there looks for the gatherer ``LiveSpikeReceiver`` and
turns its tag to itself. So when one is there, every population whose spikes go to a gatherer sends
them to a second one, whose label is ours. It costs a core on each Ethernet chip.
"""

from __future__ import annotations

import errno
import inspect
import socket
from collections.abc import Iterable
from typing import Any

LABEL = "SpinnliveReceiver"
"""Label of our gatherers; their cores' labels begin with it."""


def anyone_listens(addresses: Iterable[Any]) -> bool:
    """Say whether a program waits for notifications at any of sPyNNaker's addresses for them.

    sPyNNaker has one, port 19999, for every network with live output, whether or not a client is
    there. A port of this machine that can be bound has none.
    """
    return any(
        _is_taken(str(each.notify_host_name), int(each.notify_port_no)) for each in addresses
    )


def add_ours() -> None:
    """Let what goes to gatherers go to ones of ours as well. Before the network is mapped."""
    from spinn_front_end_common.data import FecDataView

    if not FecDataView.has_live_packet_recorder_params():
        return
    for parameters, gatherer in list(FecDataView.get_live_packet_recorder_params().items()):
        if parameters.label == LABEL:
            continue
        ours = _relabelled(parameters)
        for partition in list(FecDataView.iterate_partitions()):
            for edge in list(partition.edges):
                if edge.post_vertex is gatherer:
                    FecDataView.add_live_packet_gatherer_parameters(
                        ours, edge.pre_vertex, partition.identifier
                    )


def _relabelled(parameters: Any) -> Any:
    """Give the same parameters under our label, with any tag that is free."""
    kind = type(parameters)
    names = [name for name in inspect.signature(kind.__init__).parameters if name != "self"]
    values = {name: getattr(parameters, name) for name in names}
    return kind(**{**values, "label": LABEL, "tag": None})


def _is_taken(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((host, port))
        except OSError as error:
            # an address of another machine cannot be tried: somebody gave it on purpose
            return error.errno in (errno.EADDRINUSE, errno.EADDRNOTAVAIL)
    return False
