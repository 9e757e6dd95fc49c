"""The networks that the bench measures the emulated board with: a script for `spinnlive run`.

    spinnlive run --board ADDRESS --time-scale-factor 10 networks.py balanced 1000

Each is defined, mapped and loaded by sPyNNaker as any user's would be, and runs for so many ms.
"""

from __future__ import annotations

import sys
from typing import Any

CELL = {
    "tau_m": 20.0,
    "cm": 1.0,
    "v_rest": -65.0,
    "v_reset": -65.0,
    "v_thresh": -50.0,
    "tau_syn_E": 5.0,
    "tau_syn_I": 5.0,
    "tau_refrac": 2.0,
}
"""IF_curr_exp's parameters (ms, nF, mV)."""


def synfire(sim: Any) -> None:
    """Four populations of 100 LIF neurons in a ring, at random, each driven by Poisson noise of its own."""
    sim.setup(1.0)
    sim.set_number_of_neurons_per_core(sim.IF_curr_exp, 100)
    pools = [sim.Population(100, sim.IF_curr_exp(**CELL), label=f"pool {i}") for i in range(4)]
    for i, pool in enumerate(pools):
        noise = sim.Population(100, sim.SpikeSourcePoisson(rate=40.0), label=f"noise {i}", seed=i)
        sim.Projection(noise, pool, sim.OneToOneConnector(), sim.StaticSynapse(3.0, 1.0))
        forward, across = sim.FixedProbabilityConnector(0.1), sim.FixedProbabilityConnector(0.1)
        sim.Projection(pool, pools[(i + 1) % 4], forward, sim.StaticSynapse(0.3, 5.0))
        sim.Projection(pool, pool, across, sim.StaticSynapse(-0.2, 2.0), receptor_type="inhibitory")


def balanced(sim: Any) -> None:
    """The workshop's balanced random network: 800 + 200 neurons, each with a Poisson source, 0.1 ms; a tick takes
    ten times as long (time scale factor 10)."""
    from pyNN.random import RandomDistribution

    sim.setup(0.1)
    pools, sources = {}, {}
    for name, neurons in (("excitatory", 800), ("inhibitory", 200)):
        pools[name] = sim.Population(neurons, sim.IF_curr_exp(), label=name)
        pools[name].initialize(v=RandomDistribution("uniform", low=-65.0, high=-55.0))
        sources[name] = sim.Population(
            neurons, sim.SpikeSourcePoisson(rate=10.0), label=f"stimulus, {name}"
        )
        delays = RandomDistribution("uniform", low=1.0, high=1.6)
        one_to_one = sim.OneToOneConnector()
        sim.Projection(sources[name], pools[name], one_to_one, sim.StaticSynapse(2.0, delays))
    for name, weight in (("excitatory", 0.2), ("inhibitory", -1.0)):
        for target in pools.values():
            connector, synapse = sim.FixedProbabilityConnector(0.1), sim.StaticSynapse(weight, 2.0)
            sim.Projection(pools[name], target, connector, synapse, receptor_type=name)
    pools["excitatory"].record("spikes")


def lif(sim: Any, neurons: int) -> None:
    """LIF neurons at 1 ms that each fire at 10 Hz, driven by a Poisson source, and each hear 100 others."""
    sim.setup(1.0)
    cells = sim.Population(neurons, sim.IF_curr_exp(**CELL), label="cells")
    drive = sim.Population(neurons, sim.SpikeSourcePoisson(rate=10.0), label="drive")
    sim.Projection(drive, cells, sim.OneToOneConnector(), sim.StaticSynapse(16.0, 1.0))
    hear = sim.FixedNumberPreConnector(LIF_IN_DEGREE)
    sim.Projection(cells, cells, hear, sim.StaticSynapse(0.01, 2.0))


LIF_IN_DEGREE = 100


def main(name: str, run_ms: float) -> None:
    """Define a network and run it: ``synfire``, ``balanced``, or ``lif`` followed by its size."""
    import pyNN.spiNNaker as sim

    if name.startswith("lif"):
        lif(sim, int(name.removeprefix("lif")))
    else:
        {"synfire": synfire, "balanced": balanced}[name](sim)
    sim.run(run_ms)
    sim.end()


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
