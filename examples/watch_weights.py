"""Watch synapses learn: the mean weight of a plastic projection, four times a second."""

import spinnlive

import pyNN.spiNNaker as sim
import trio

sim.setup(timestep=1.0)
source = sim.Population(100, sim.SpikeSourcePoisson(rate=20.0), label="source")
target = sim.Population(100, sim.IF_curr_exp(), label="target")
push = sim.Population(100, sim.SpikeSourcePoisson(rate=20.0), label="push")
strong = sim.StaticSynapse(weight=5.0, delay=1.0)
sim.Projection(push, target, sim.OneToOneConnector(), synapse_type=strong)
rule = sim.STDPMechanism(
    timing_dependence=sim.SpikePairRule(tau_plus=20.0, tau_minus=20.0, A_plus=0.05, A_minus=0.02),
    weight_dependence=sim.AdditiveWeightDependence(w_min=0.0, w_max=5.0),
    weight=2.0,
    delay=1.0,
)
plastic = sim.Projection(source, target, sim.OneToOneConnector(), synapse_type=rule)


async def main() -> None:
    """Run for five seconds of biological time and print the mean weight every 250 ms of it."""
    async with spinnlive.open_live(sim) as live, trio.open_nursery() as nursery:

        async def watch() -> None:
            async for snapshot in live.weights(plastic, every=250.0):
                bar = "=" * round(10 * snapshot.weights.mean())
                print(f"{snapshot.time_ms:6.0f} ms  {snapshot.weights.mean():.3f} nA  {bar}")

        nursery.start_soon(watch)
        await live.run(5000.0)
        nursery.cancel_scope.cancel()


trio.run(main)
sim.end()
