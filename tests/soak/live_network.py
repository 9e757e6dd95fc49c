"""The network of the long runs, and the tasks that make it live.

::

    beats (10 neurons, a spike each in every tick) ─────────────▶ live
    noise (50 Poisson sources of 20 Hz) ──plastic, STDP──▶ cells ─▶ live (noise as well)
    ping (injected, 5) ──static──▶ echo (5, a spike for each) ──▶ live

Spikes are injected one at a time, each waiting for its echo, and the plastic weights are read twice a second.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import trio

BEATS = 10
NOISE = 50
NOISE_HZ = 20.0
PINGS = 5

WEIGHTS_EVERY_MS = 500.0
"""Of biological time, from one reading of all weights to the next."""

ECHO_PATIENCE_S = 5.0
"""A ping whose echo has not come after this is lost (seconds)."""

BUFFER = 1 << 16
"""Batches for a reader: a machine that stalls for half a minute loses none."""


class Counts:
    """What has come so far, and the tick of the latest beat."""

    def __init__(self) -> None:
        self.first_tick: int | None = None
        self.tick = 0
        self.spikes = {"beats": 0, "noise": 0, "cells": 0, "echo": 0}
        self.pings = self.lost = self.weights_read = 0
        self.weight_mean = 0.0


def define(sim: Any) -> dict[str, Any]:
    """Build the network; give its populations by label, and the plastic projection as ``plastic``."""
    beats = sim.Population(BEATS, sim.IF_curr_exp(tau_refrac=0.0, i_offset=1000.0), label="beats")
    noise = sim.Population(NOISE, sim.SpikeSourcePoisson(rate=NOISE_HZ), label="noise", seed=1)
    cells = sim.Population(NOISE, sim.IF_curr_exp(), label="cells")
    ping = sim.Population(PINGS, sim.external_devices.SpikeInjector(), label="ping")
    echo = sim.Population(PINGS, sim.IF_curr_exp(tau_syn_E=0.3), label="echo")
    rule = sim.STDPMechanism(
        timing_dependence=sim.SpikePairRule(A_plus=0.01, A_minus=0.012),
        weight_dependence=sim.MultiplicativeWeightDependence(w_min=0.0, w_max=2.0),
        weight=1.0,
        delay=1.0,
    )
    plastic = sim.Projection(noise, cells, sim.AllToAllConnector(), synapse_type=rule)
    relay = sim.StaticSynapse(weight=80.0, delay=1.0)
    sim.Projection(ping, echo, sim.OneToOneConnector(), synapse_type=relay)
    # on other chips than the one with the Ethernet: spikes, reading and writing go over links
    cells.add_placement_constraint(1, 1)
    echo.add_placement_constraint(1, 0)
    noise.add_placement_constraint(0, 1)
    for population in (beats, noise, cells, echo):
        sim.external_devices.activate_live_output_for(population)
    return {"ping": ping, "plastic": plastic}


async def count_beats(stream: Any, counts: Counts) -> None:
    """Count the beats, and follow the board's ticks by them."""
    async for batch in stream:
        if counts.first_tick is None:
            counts.first_tick = batch.tick
        for each in (
            batch,
            *stream.take(),
        ):  # a board in free pace may be faster than a turn for each
            counts.tick = each.tick
            counts.spikes["beats"] += len(each.neuron_ids)


async def count(stream: Any, label: str, counts: Counts) -> None:
    """Count a population's spikes."""
    async for batch in stream:
        counts.spikes[label] += sum(len(each.neuron_ids) for each in (batch, *stream.take()))


async def ping(injector: Any, echoes: Any, counts: Counts) -> None:
    """Send spikes one after the other, each when the one before has come back."""
    neuron = 0
    while True:
        neuron = (neuron + 1) % PINGS
        await injector.send([neuron])
        with trio.move_on_after(ECHO_PATIENCE_S) as waiting:
            async for batch in echoes:
                counts.spikes["echo"] += len(batch.neuron_ids)
                if neuron in batch.neuron_ids:
                    break
        counts.pings += 1
        counts.lost += waiting.cancelled_caught


async def read_weights(snapshots: Any, counts: Counts) -> None:
    """Read the plastic weights again and again."""
    async for snapshot in snapshots:
        counts.weights_read += 1
        counts.weight_mean = float(np.mean(snapshot.weights))


def start(live: Any, network: dict[str, Any], counts: Counts, nursery: trio.Nursery) -> None:
    """Start the tasks that read, inject and look at weights."""
    nursery.start_soon(count_beats, live.spikes("beats", buffer=BUFFER), counts)
    for label in ("noise", "cells"):
        nursery.start_soon(count, live.spikes(label, buffer=BUFFER), label, counts)
    echoes = live.spikes("echo", buffer=BUFFER)
    nursery.start_soon(ping, live.injector("ping"), echoes, counts)
    weights = live.weights(network["plastic"], every=WEIGHTS_EVERY_MS)
    nursery.start_soon(read_weights, weights, counts)


@asynccontextmanager
async def ended(sim: Any) -> AsyncIterator[None]:
    """See that sPyNNaker ends while there still is a board to tell."""
    try:
        yield
    finally:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(sim.end)
