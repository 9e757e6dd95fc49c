"""A reflex closed over CartPole, stepped and in real time. Usage: reflex.py ADDRESS|emulated

Prints what was seen as one line of JSON; tests/gym/test_on_board.py says what it must be.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import gymnasium
import pyNN.spiNNaker as sim
import trio

import spinnlive
from spinnlive.gym import closed_loop

BOARD = None if sys.argv[1] == "emulated" else sys.argv[1]
STEPS = 8

sim.setup(timestep=1.0)
senses = sim.Population(2, sim.external_devices.SpikeInjector(), label="senses")
motor = sim.Population(2, sim.IF_curr_exp(), label="motor")
reflex = sim.StaticSynapse(weight=20.0, delay=1.0)
sim.Projection(senses, motor, sim.OneToOneConnector(), synapse_type=reflex)
sim.external_devices.activate_live_output_for(motor)

seen: dict[str, Any] = {}


def options() -> dict[str, Any]:
    """The side to which the pole leans is touched, and the cart goes there."""
    return {
        "sensors": {senses: lambda state, duration_ms: [int(state[2] > 0)]},
        "motors": [motor],
        "act": lambda counts: int(counts["motor"].argmax()),
        "period_ms": 20.0,
    }


async def steps(loop: Any) -> list[Any]:
    """Give of each step: tick, side to which the pole leaned before it, action, motor spikes."""
    done, (state, _) = [], await loop.reset(seed=1)
    for _ in range(STEPS):
        leaning = int(state[2] > 0)
        step = await loop.step()
        done.append([step.tick, leaning, step.action, step.counts["motor"].tolist()])
        state = step.observation
    return done


async def main() -> None:
    """Let it go some steps either way."""
    async with spinnlive.open_live(sim, board=BOARD) as live:
        async with closed_loop(live, gymnasium.make("CartPole-v1"), **options()) as loop:
            seen["stepped"] = await steps(loop)
        async with closed_loop(
            live, gymnasium.make("CartPole-v1"), **options(), mode="real time"
        ) as loop:
            seen["real time"] = await steps(loop)
            seen["held"] = loop.held


trio.run(main)
sim.end()
print(json.dumps(seen))
