"""What sPyNNaker says when a network does not fit its machine, in terms of what to do about it."""

from __future__ import annotations

import math

SPINN3_CHIPS, SPINN5_CHIPS = 4, 48
CORES_PER_CHIP = 17
"""Cores of a chip that a network may have: 18, less the one that runs SCAMP."""


def too_big(error: BaseException | None) -> bool:
    """Say whether an error of mapping means that there are too few cores."""
    from pacman.exceptions import PacmanPlaceException

    return isinstance(error, PacmanPlaceException)


def explain(error: BaseException) -> str | None:
    """Give the message for an error of mapping; None for any other error.

    To be called before the network is ended: it counts cores and chips.
    """
    from pacman.exceptions import PacmanPlaceException, PacmanTooBigToPlace

    if isinstance(error, PacmanTooBigToPlace):
        return (
            f"part of the network does not fit on any chip: {error}. Fewer neurons per core, set "
            "with set_number_of_neurons_per_core(), make smaller parts"
        )
    if not isinstance(error, PacmanPlaceException):
        return None
    from spynnaker.pyNN.data import SpynnakerDataView

    needed = SpynnakerDataView.get_n_machine_vertices()
    machine = SpynnakerDataView.get_machine()
    return does_not_fit(needed, machine.total_available_user_cores, machine.n_chips)


def does_not_fit(needed: int, cores: int, chips: int) -> str:
    """Say that a network needs more cores than there are, and which board has them."""
    if needed <= cores:
        lack = (
            f"the network's {needed} cores do not fit the machine's {cores} (on {chips} chips): cores "
            "that belong together must share a chip, and its memory"
        )
    else:
        lack = f"the network needs {needed} cores, the machine has {cores} (on {chips} chips)"
    if chips < SPINN5_CHIPS and needed <= SPINN5_CHIPS * CORES_PER_CHIP:
        remedy = (
            f"a SpiNN-5 has {SPINN5_CHIPS * CORES_PER_CHIP} (on {SPINN5_CHIPS} chips): "
            "`spinnlive run --chips 48` emulates one"
        )
    else:
        boards = math.ceil(max(needed, cores + 1) / (SPINN5_CHIPS * CORES_PER_CHIP))
        remedy = f"it takes a machine of at least {boards} SpiNN-5 boards, such as spalloc gives"
    return (
        f"{lack}. {remedy[0].upper()}{remedy[1:]}; or put more neurons on a core with "
        "set_number_of_neurons_per_core(), up to 256"
    )
