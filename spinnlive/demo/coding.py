"""Between the cart's state and spikes: the sensor neurons' population code, and the motors' vote.

The cart has four state variables: position (m), velocity (m/s), pole angle (rad), angular velocity
(rad/s). Each is seen by eight sensor neurons with preferred values, and their spikes are placed
evenly; the maths is in `spinnlive.coding`.
"""

from __future__ import annotations

from spinnlive.coding import PopulationCode, Ranges

VARIABLES = ("cart position", "cart velocity", "pole angle", "pole velocity")
"""The state variables, in the order of CartPole's observations."""

REACH = (0.5, 0.8, 0.06, 0.9)
"""How far from 0 the sensors tell each variable, in its unit."""

LEFT, RIGHT = 0, 1
"""CartPole's two actions: push the cart to the left or to the right."""


def sensor_bank() -> PopulationCode:
    """Give the code of the sensor neurons."""
    return PopulationCode(Ranges.around_zero(REACH), neurons=8, width=0.9, peak_hz=150.0)


def vote(left_spikes: int, right_spikes: int, previous: int) -> int:
    """Decide the next push by which motor population fired more; a tie keeps the push before."""
    if left_spikes == right_spikes:
        return previous
    return RIGHT if right_spikes > left_spikes else LEFT
