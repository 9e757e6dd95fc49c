"""Change synapses while the network runs: a reflex is switched from one muscle to another."""

import spinnlive

import pyNN.spiNNaker as sim
import trio

sim.setup(timestep=1.0)
sense = sim.Population(1, sim.SpikeSourcePoisson(rate=20.0), label="sense")
muscles = sim.Population(2, sim.IF_curr_exp(tau_syn_E=0.3), label="muscles")
# the largest weight at the begin decides what fits the 16 bits of a synapse
strong = sim.StaticSynapse(weight=80.0, delay=1.0)
reflex = sim.Projection(sense, muscles, sim.AllToAllConnector(), synapse_type=strong)
sim.external_devices.activate_live_output_for(muscles)


async def main() -> None:
    """Every half second of biological time the other muscle gets the weight."""
    async with spinnlive.open_live(sim) as live, trio.open_nursery() as nursery:

        async def watch() -> None:
            async for batch in live.spikes(muscles):
                print(f"{batch.time_ms:6.0f} ms  muscle {batch.neuron_ids.tolist()}")

        async def switch() -> None:
            for turn in range(4):
                await live.clock.wait_until(500 * turn)
                weights = [[0, turn % 2, 80.0], [0, 1 - turn % 2, 0.0]]  # pre, post, nA
                await live.set_weights(reflex, weights)

        nursery.start_soon(watch)
        nursery.start_soon(switch)
        await live.run(2000.0)
        nursery.cancel_scope.cancel()


trio.run(main)
sim.end()
