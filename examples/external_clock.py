"""The board's time paces a robot: every 20 ms of it, and with a brake for when somebody falls behind."""

import spinnlive

import pyNN.spiNNaker as sim
import trio

sim.setup(timestep=1.0, time_scale_factor=2)
cells = sim.Population(5, sim.IF_curr_exp(i_offset=2.0), label="cells")


async def brake(stalled: spinnlive.Stalled) -> None:
    """Stop the wheels: the network's answers are too old."""
    print(f"tick {stalled.tick}: the {stalled.who} is {stalled.behind_ms:.1f} ms behind, braking")


async def main() -> None:
    """Run for 2 s of biological time, 4 s of real time at a timeScaleFactor of 2."""
    async with spinnlive.open_live(sim) as live, trio.open_nursery() as nursery:

        async def control() -> None:
            async for tick in live.ticks(every=20.0):  # ms of biological time
                print(f"{tick.time_ms:6.0f} ms  known {tick.late_ms:.2f} ms late: move the robot")

        async def look() -> None:
            async for pace in live.telemetry(every=500.0):  # ms of real time
                print(f"timeScaleFactor {pace.asked} asked, {pace.achieved} achieved")

        nursery.start_soon(control)
        nursery.start_soon(look)
        await live.run(2000.0, stall=spinnlive.Stall(behind_ms=50, then="slow down", call=brake))
        nursery.cancel_scope.cancel()


trio.run(main)
sim.end()
