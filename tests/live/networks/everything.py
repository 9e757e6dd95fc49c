"""A network with everything that is live, in one process. Usage: everything.py ADDRESS|emulated

Prints what was seen as one line of JSON; tests/live/test_end_to_end.py says what it must be.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import pyNN.spiNNaker as sim
import trio

import spinnlive

BOARD = None if sys.argv[1] == "emulated" else sys.argv[1]
seen: dict[str, Any] = {}

sim.setup(timestep=1.0)
touch = sim.Population(8, sim.external_devices.SpikeInjector(), label="touch")
reflex = sim.Population(8, sim.IF_curr_exp(tau_syn_E=0.3), label="reflex")
one_spike = sim.StaticSynapse(weight=80.0, delay=1.0)
sim.Projection(touch, reflex, sim.OneToOneConnector(), synapse_type=one_spike)

source = sim.Population(40, sim.SpikeSourcePoisson(rate=40.0), label="source")
learner = sim.Population(20, sim.IF_curr_exp(i_offset=1.0), label="learner")
gated = sim.Population(10, sim.IF_cond_exp(), label="gated")


def stdp(weight: float, weights: Any) -> Any:
    """Make pair STDP with this rule for the weights."""
    rule = sim.SpikePairRule(tau_plus=20.0, tau_minus=20.0, A_plus=0.05, A_minus=0.02)
    spread = sim.RandomDistribution("uniform", low=1, high=40)
    return sim.STDPMechanism(
        timing_dependence=rule, weight_dependence=weights, weight=weight, delay=spread
    )


additive = stdp(0.5, sim.AdditiveWeightDependence(w_min=0.0, w_max=2.0))
multiplicative = stdp(0.01, sim.MultiplicativeWeightDependence(w_min=0.0, w_max=0.05))
mixed = sim.StaticSynapse(
    weight=sim.RandomDistribution("uniform", low=0.01, high=0.02),
    delay=sim.RandomDistribution("uniform", low=1, high=40),
)
wide = sim.Population(40, sim.IF_curr_exp(), label="wide", neurons_per_core=16)
some = sim.FixedProbabilityConnector(0.3)
projections = {
    "additive STDP, delays": sim.Projection(source, learner, some, synapse_type=additive),
    "multiplicative STDP, µS": sim.Projection(
        source, gated, sim.AllToAllConnector(), synapse_type=multiplicative
    ),
    "static, delays": sim.Projection(source, reflex, some, synapse_type=mixed),
    "static, several cores": sim.Projection(
        source, wide, some, synapse_type=sim.StaticSynapse(weight=0.1, delay=2.0)
    ),
}
for population in (reflex, learner):
    sim.external_devices.activate_live_output_for(population)
    population.record("spikes")


async def refused(call: Any) -> str:
    """Name the error of a call that must not work."""
    try:
        result = call()
        if hasattr(result, "__await__"):
            await result
    except spinnlive.SpinnliveError as error:
        return type(error).__name__
    return "nothing"


async def main() -> None:
    """Run four times, in all the ways there are, and watch."""
    batches: dict[str, list[spinnlive.SpikeBatch]] = {"reflex": [], "learner": []}
    ticks: list[int] = []
    ended: list[str] = []
    async with trio.open_nursery() as nursery:
        async with spinnlive.open_live(sim, board=BOARD, progress=False) as live:

            async def watch(population: Any) -> None:
                async for batch in live.spikes(population):
                    batches[population.label].append(batch)
                ended.append(population.label)

            async def feel() -> None:
                for turn in range(10):
                    await live.injector("touch").send([turn % 8, (turn + 3) % 8])
                    await live.clock.wait_until(live.clock.tick + 20)

            async def weigh() -> None:
                stream = live.weights(projections["additive STDP, delays"], every=50.0)
                async for snapshot in stream:
                    ticks.append(snapshot.tick)
                ended.append("weights")

            for population in (reflex, learner):
                nursery.start_soon(watch, population)
            nursery.start_soon(feel)
            nursery.start_soon(weigh)
            seen["tick before"] = live.clock.tick
            await live.run(250.0)
            seen["tick after 250 ms"] = live.clock.tick
            seen["watermark after 250 ms"] = live.watermark
            report = await live.report()
            seen["report complete"] = report.complete
            seen["report"] = {
                each.label: [
                    each.delivered - len(_received(batches[each.label])),
                    each.late,
                    each.lost,
                    each.extra,
                    each.same_ticks,
                ]
                for each in report.populations
            }

            async def cancel_at(tick: int, scope: trio.CancelScope) -> None:
                await live.clock.wait_until(tick)
                scope.cancel()

            for name, duration in (("a long run", 600_000.0), ("an endless run", None)):
                begin = live.clock.tick
                with trio.CancelScope() as scope:
                    nursery.start_soon(cancel_at, begin + 50, scope)
                    await live.run(duration)
                seen[f"{name} went on for"] = live.clock.tick - begin
                seen[f"{name} left sPyNNaker behind by"] = live.clock.tick - sim.get_current_time()
            await live.run(50.0)
            seen["errors"] = [
                await refused(call)
                for call in (
                    lambda: live.spikes("nobody"),
                    lambda: live.spikes(touch),
                    lambda: live.injector(reflex),
                    lambda: live.injector(touch).send([8]),
                    lambda: live.weights("nothing", every=1.0),
                    lambda: live.run(0.25),
                    spinnlive.open_live(sim).__aenter__,
                )
            ]
            weights = {
                name: await anext(live.weights(projection, every=1.0))
                for name, projection in projections.items()
            }
            seen["units"] = {name: snapshot.unit for name, snapshot in weights.items()}
            seen["statistics"] = {
                name: getattr(live.statistics(), name)
                for name in (
                    "spikes_out",
                    "kernel_drops",
                    "network_drops",
                    "missed_ticks",
                    "unknown_keys",
                    "malformed",
                    "strangers",
                )
            }
        seen["after closing"] = await refused(lambda: live.run(1.0))
    seen["weight ticks"] = ticks
    seen["ended"] = sorted(ended)
    seen["weights equal PyNN's"] = {
        name: bool(np.array_equal(_list(projections[name]), _columns(snapshot)))
        for name, snapshot in weights.items()
    }
    seen["synapses"] = min(len(snapshot.weights) for snapshot in weights.values())
    seen["live equals recorded"] = {
        population.label: sorted(neuron for _, neuron in _recorded(population))
        == sorted(neuron for _, neuron in _received(batches[population.label]))
        for population in (reflex, learner)
    }
    seen["spikes"] = min(len(_recorded(population)) for population in (reflex, learner))


def _list(projection: Any) -> Any:
    rows = projection.get(["weight", "delay"], "list")
    return np.array([list(row) for row in rows], float)


def _columns(snapshot: spinnlive.WeightSnapshot) -> Any:
    return np.column_stack([snapshot.pre, snapshot.post, snapshot.weights, snapshot.delays_ms])


def _recorded(population: Any) -> list[tuple[int, int]]:
    trains = population.get_data("spikes").segments[0].spiketrains
    return sorted(
        (round(float(time)), neuron) for neuron, train in enumerate(trains) for time in train
    )


def _received(batches: list[spinnlive.SpikeBatch]) -> list[tuple[int, int]]:
    return sorted((batch.tick, int(neuron)) for batch in batches for neuron in batch.neuron_ids)


trio.run(main)
sim.end()
print(json.dumps(seen))
