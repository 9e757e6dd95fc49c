"""The page of `spinnlive monitor` over a live run that a script plays: no board is needed to try it.

python monitor_page.py [SPIKES_PER_SECOND], then open the address that it prints.
"""

import sys

import spinnlive
from spinnlive.gateway.pages import MONITOR
from spinnlive.testing import open_scripted

import numpy as np
import trio

SIZES = {"sensors": 32, "excitatory": 800, "inhibitory": 200, "motors": 12}
HZ = float(sys.argv[1]) / sum(SIZES.values()) if len(sys.argv) > 1 else 12.0  # of each neuron

chance = np.random.default_rng(1)
places = {label: np.linspace(0.0, 1.0, size) for label, size in SIZES.items()}
begin = chance.uniform(0.2, 0.5, (SIZES["sensors"], SIZES["motors"]))
begin[chance.random(begin.shape) < 0.15] = np.nan  # no synapse
# what is learned: each motor listens to the sensors near its own place
goal = np.exp(-np.square(8.0 * (places["sensors"][:, None] - places["motors"][None, :])))


def network(tick: int, injected: object) -> dict[str, np.ndarray]:
    """Waves of activity that run through the populations at different speeds."""
    fired = {}
    for number, (label, place) in enumerate(places.items()):
        wave = 1.0 + np.cos(2 * np.pi * (place - tick / (900.0 + 400.0 * number)))
        chances = HZ / 1000.0 * wave**4 / 4.375  # the mean of wave**4 is 4.375
        fired[label] = np.flatnonzero(chance.random(len(place)) < chances)
    return fired


def weights(tick: int) -> np.ndarray:
    """They grow towards what is learned, within a minute or so."""
    learned = 1.0 - np.exp(-tick / 20_000.0)
    return begin + learned * (goal - begin)


async def main() -> None:
    """Serve until Ctrl-C."""
    async with (
        open_scripted(
            network,
            live=SIZES,
            weights={"sensors to motors": weights},
            projections={"sensors to motors": ("sensors", "motors")},
        ) as live,
        spinnlive.serve(live, port=0, pages=MONITOR) as server,
    ):
        print(f"http://{server.host}:{server.port}/", flush=True)
        await live.run()


if __name__ == "__main__":
    trio.run(main)
