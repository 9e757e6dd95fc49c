"""The demo's network, in PyNN: a reflex that balances the pole, and a pathway that learns.

::

    sensors (injected) ──reflex, static───────▶ left, right   (motors, LIF)
            │      └──────plastic, STDP───────▶    │
    ping (injected) ─▶ echo    metronome           └─▶ live to the host: the vote that pushes the
    cart

The **reflex** is wired by hand. Sensor neuron i of variable v pushes to the right with strength

    s_i = gain_v · c_i        (c_i: preferred value, -1 to 1; below 0: to the left)

as excitation of the motor population of that side and as inhibition of the other one. Summed over
the population code this is a linear feedback of the four state variables; the gains are in
proportion to those by which linear-quadratic control balances this pole.

The **plastic** pathway starts with small, nearly equal weights from every sensor to every motor
neuron and changes by pair-based STDP (trace τ 20 ms; additive). Where a sensor neuron tells
beforehand that a motor population will fire, its weight to that population grows; elsewhere, as
depression outweighs potentiation, weights shrink. So the pathway learns from the reflex which
sensors mean left and which mean right, and comes to share its work.

**ping → echo** relays each injected spike once: its way there and back is the latency of the loop.
The **metronome** fires in every tick: its live spikes are the board's clock, by which the
environment is stepped.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinnlive.coding import PopulationCode
from spinnlive.demo.coding import sensor_bank

SIDES = ("left", "right")
"""The motor populations, in the order of CartPole's actions."""

TIMESTEP_MS = 1.0
"""One tick (ms)."""


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """The network's numbers. Weights and currents in nA, times in ms, capacitance in nF.

    Chosen with a float simulation of network and cart, in which the pole stood to the end of 300
    episodes of 300, with 0, 5 or 10 ms added to the latency each way.
    """

    bank: PopulationCode = field(default_factory=sensor_bank)
    motor_neurons: int = 12
    gains: tuple[float, float, float, float] = (0.125, 0.25, 0.625, 1.0)
    reflex_weight: float = 0.2
    tau_m: float = 10.0
    cm: float = 0.25
    tau_syn: float = 5.0
    bias: float = 0.35
    bias_spread: float = 0.03
    plastic_start: float = 0.02
    plastic_max: float = 0.08
    tau_plus: float = 20.0
    tau_minus: float = 20.0
    a_plus: float = 0.0008
    a_minus: float = 0.00092

    def biases(self) -> NDArray[np.float64]:
        """Give each motor neuron's constant current (nA).

        They differ, so that a population does not fire as one neuron: how many of its neurons fire
        tells how strongly it is driven.
        """
        away = self.bias_spread * np.linspace(-1.0, 1.0, self.motor_neurons)
        return np.asarray(self.bias + away, np.float64)

    def steering(self) -> NDArray[np.float64]:
        """Give s_i of every sensor neuron.

        Above 0 to the right, below 0 to the left; 1 is the strongest.
        """
        return np.repeat(self.gains, self.bank.neurons) * self.bank.preferred()


@dataclass(frozen=True, slots=True)
class DemoNetwork:
    """The network's parts as PyNN objects; ``motors`` and ``plastic`` by side, as `SIDES`."""

    spec: NetworkSpec
    sensors: Any
    ping: Any
    motors: tuple[Any, Any]
    plastic: tuple[Any, Any]
    echo: Any
    metronome: Any

    @property
    def watched(self) -> tuple[Any, ...]:
        """The populations whose spikes come live to the host and are recorded as well."""
        return (*self.motors, self.echo, self.metronome)


def build(sim: Any, spec: NetworkSpec, seed: int) -> DemoNetwork:
    """Build the network; ``sim`` is ``pyNN.spiNNaker`` after its ``setup``.

    ``seed`` sets the plastic pathway's first weights, `NetworkSpec.plastic_start` ± a quarter.
    """
    sensors = sim.Population(spec.bank.size, sim.external_devices.SpikeInjector(), label="sensors")
    ping = sim.Population(1, sim.external_devices.SpikeInjector(), label="ping")
    cell = sim.IF_curr_exp(
        tau_m=spec.tau_m,
        cm=spec.cm,
        v_rest=-65.0,
        v_reset=-65.0,
        v_thresh=-50.0,
        tau_refrac=2.0,
        tau_syn_E=spec.tau_syn,
        tau_syn_I=spec.tau_syn,
        i_offset=spec.biases().tolist(),
    )
    left, right = (sim.Population(spec.motor_neurons, cell, label=side) for side in SIDES)
    steering = spec.steering()
    _reflex(sim, spec, sensors, left, right, np.maximum(-steering, 0.0))
    _reflex(sim, spec, sensors, right, left, np.maximum(steering, 0.0))
    rng = np.random.default_rng(seed)
    plastic = (_plastic(sim, spec, sensors, left, rng), _plastic(sim, spec, sensors, right, rng))

    # so short and strong an input makes exactly one spike
    relay = sim.IF_curr_exp(tau_syn_E=0.3)
    echo = sim.Population(1, relay, label="echo")
    sim.Projection(
        ping, echo, sim.OneToOneConnector(), synapse_type=sim.StaticSynapse(weight=80.0, delay=1.0)
    )
    # far above threshold and never refractory: a spike in every tick
    metronome = sim.Population(
        1, sim.IF_curr_exp(tau_refrac=0.0, i_offset=1000.0), label="metronome"
    )
    network = DemoNetwork(spec, sensors, ping, (left, right), plastic, echo, metronome)
    for population in network.watched:
        population.record("spikes")
        sim.external_devices.activate_live_output_for(population)
    sensors.record("spikes")
    ping.record("spikes")
    return network


def _reflex(
    sim: Any, spec: NetworkSpec, sensors: Any, to: Any, against: Any, strength: NDArray[np.float64]
) -> None:
    """Let sensor neurons excite one motor population and inhibit the other, by strength (0.

    Not at all).
    """
    rows = [
        (int(pre), post, spec.reflex_weight * strength[pre], TIMESTEP_MS)
        for pre in np.flatnonzero(strength)
        for post in range(spec.motor_neurons)
    ]
    for target, receptor in ((to, "excitatory"), (against, "inhibitory")):
        sim.Projection(
            sensors,
            target,
            sim.FromListConnector(rows),
            synapse_type=sim.StaticSynapse(),
            receptor_type=receptor,
        )


def _plastic(
    sim: Any, spec: NetworkSpec, sensors: Any, motor: Any, rng: np.random.Generator
) -> Any:
    """Join every sensor neuron to every neuron of a motor population by a plastic synapse."""
    rows = [
        (pre, post, spec.plastic_start * rng.uniform(0.75, 1.25), TIMESTEP_MS)
        for pre in range(spec.bank.size)
        for post in range(spec.motor_neurons)
    ]
    rule = sim.STDPMechanism(
        timing_dependence=sim.SpikePairRule(
            tau_plus=spec.tau_plus,
            tau_minus=spec.tau_minus,
            A_plus=spec.a_plus,
            A_minus=spec.a_minus,
        ),
        weight_dependence=sim.AdditiveWeightDependence(w_min=0.0, w_max=spec.plastic_max),
    )
    return sim.Projection(sensors, motor, sim.FromListConnector(rows), synapse_type=rule)
