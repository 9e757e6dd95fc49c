"""A simulated environment and a network advance in lockstep: the same every time it is run."""

import spinnlive

import pyNN.spiNNaker as sim
import trio

sim.setup(timestep=1.0)
senses = sim.Population(10, sim.external_devices.SpikeInjector(), label="senses")
muscle = sim.Population(10, sim.IF_curr_exp(), label="muscle")
reflex = sim.StaticSynapse(weight=8.0, delay=1.0)
sim.Projection(senses, muscle, sim.OneToOneConnector(), synapse_type=reflex)
sim.external_devices.activate_live_output_for(muscle)


async def main() -> None:
    """Push a ball along ten places; where it is, a neuron is touched, and what fires pushes it."""
    position = 0
    async with spinnlive.open_live(sim) as live:
        spikes = live.spikes(muscle)
        await live.step(10.0)  # ms; only now can spikes be injected
        for _ in range(100):
            await live.injector(senses).send([position])
            await live.step(10.0)  # all spikes of these 10 ms are there when it returns
            fired = sum(len(batch.neuron_ids) for batch in spikes.take())
            position = (position + fired) % 10
            print(f"{live.clock.time_ms:6.0f} ms  {fired} spikes, at {position}")


trio.run(main)
sim.end()
