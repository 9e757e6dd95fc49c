"""One spike in every tick through the board's own live path, so that a tick without it is a loss.

A gatherer sends a datagram in a tick only if it has a spike to send, and its datagrams carry no
sequence number. With a neuron that fires in every tick there is one in every tick, and the first of
tick t + 1 says that everything of tick t is on its way.

A gatherer keeps what it has until the tick ends, but sends a full datagram at once. So a *prompt* heartbeat
has as many neurons as fill one: what the network fired in a tick leaves in that tick, with the heartbeat's
spikes, and is here a tick sooner.

The heartbeat costs one core for each Ethernet chip. It has no synapse and no PyNN population, so the
network does not notice it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spinnlive import wire
from spinnlive.toolchain.gatherers import LABEL as OURS

LABEL = "spinnlive heartbeat"
"""What the tool chain calls it; followed by its Ethernet chip if there are several."""

SHORTEST_PROMPT_MS = 1.0
"""Shortest tick, in ms of real time, in which a heartbeat is prompt unless told otherwise. A datagram of 262
bytes in each of them is 2.1 Mbit/s, of an Ethernet link's 100."""

SENTENCE = (
    "One core of them is for the heartbeat by which lost live spikes are noticed while the network "
    "runs; open_live(..., heartbeat=False) does without"
)
"""For whoever lacks just that core."""

CURRENT_NA = 1000.0
"""Current that makes a LIF neuron of the default parameters fire in every tick of 0.1 to 10 ms:
at 0.1 ms it adds 100 mV. 5000 overflows (nA)."""


def is_heartbeat(label: str) -> bool:
    """Say whether a population of the loaded network is a heartbeat."""
    return label.startswith(LABEL)


def add(ethernets: Sequence[tuple[int, int]], prompt: bool | None = None) -> bool:
    """Give every gatherer of live spikes a heartbeat, on the boards of these Ethernet chips.

    With none or one of them there is one heartbeat, wherever there is room. ``prompt``: whether it
    fills a datagram; None lets it where a tick lasts `SHORTEST_PROMPT_MS`. Returns whether there is
    anything to give a heartbeat to. To be called once, before the network is mapped.
    """
    from spynnaker.pyNN.data import SpynnakerDataView
    from spynnaker.pyNN.models.neuron.builds import IFCurrExpBase
    from spynnaker.pyNN.utilities.constants import SPIKE_PARTITION_ID

    if not SpynnakerDataView.has_live_packet_recorder_params():
        return False
    gatherers = [
        parameters
        for parameters in SpynnakerDataView.get_live_packet_recorder_params()
        if _timed(parameters)
    ]
    # official clients, if there are any, do not expect it
    gatherers = [each for each in gatherers if each.label == OURS] or gatherers
    if not gatherers:
        return False
    if prompt is None:
        tick_us = SpynnakerDataView.get_simulation_time_step_us()
        prompt = tick_us * SpynnakerDataView.get_time_scale_factor() >= SHORTEST_PROMPT_MS * 1000
    neurons = wire.FULL_PACKET if prompt else 1
    for chip in ethernets if len(ethernets) > 1 else [None]:
        label = LABEL if chip is None else f"{LABEL} {chip[0]}, {chip[1]}"
        model: Any = IFCurrExpBase(i_offset=CURRENT_NA, tau_refrac=0.0)
        vertex = model.create_vertex(neurons, label)
        vertex.set_max_atoms_per_dimension_per_core(neurons)  # whatever the user's model has
        if chip is not None:
            vertex.set_fixed_location(*chip)
        SpynnakerDataView.add_vertex(vertex)
        for parameters in gatherers:
            SpynnakerDataView.add_live_packet_gatherer_parameters(
                parameters, vertex, [SPIKE_PARTITION_ID]
            )
    return True


def _timed(parameters: Any) -> bool:
    """Say whether a gatherer sends what a live run understands: spikes under one tick, all of
    them."""
    return bool(
        parameters.strip_sdp
        and parameters.payload_as_time_stamps
        and parameters.use_payload_prefix
        and not parameters.translate_keys
        and not parameters.number_of_packets_sent_per_time_step
    )
