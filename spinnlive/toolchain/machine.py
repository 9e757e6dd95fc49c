"""Which board sPyNNaker maps the network to.

Works on the settings that ``sim.setup()`` has read: our defaults below the user's cfg files.
"""

from __future__ import annotations

from typing import Any

from spinnlive.errors import UsageError
from spinnlive.toolchain.values import Machine

MACHINE = "Machine"


def is_configured() -> bool:
    """Say whether the user's cfg names a machine: a board, or a service that allocates one.

    Raises `UsageError` for ``virtual_board = True``, on which nothing can run.
    """
    from spinn_utilities.config_holder import get_config_bool, is_config_none

    if get_config_bool(MACHINE, "virtual_board"):
        raise UsageError(
            "the cfg asks for virtual_board = True, a machine that can be mapped to but runs "
            "nothing: remove that line, or name a board with open_live(board=...)"
        )
    return not all(
        is_config_none(MACHINE, option)
        for option in ("machine_name", "spalloc_server", "remote_spinnaker_url")
    )


def configured_address() -> str | None:
    """Give the board's address or name in the user's cfg; None when a service allocates one."""
    from spinn_utilities.config_holder import get_config_str_or_none

    return get_config_str_or_none(MACHINE, "machine_name")


def configured_version() -> int | None:
    """Give the hardware version in the user's cfg."""
    from spinn_utilities.config_holder import get_config_int_or_none

    return get_config_int_or_none(MACHINE, "version")


def allocated_ethernets(sim: Any) -> list[tuple[int, int]]:
    """Give the Ethernet chips of the machine that a service allocates, having it allocated now.

    None where the cfg names a board, and where nobody has said how large the machine is to be
    (``sim.setup(n_boards_required=...)`` or ``n_chips_required``): sPyNNaker finds that out when it
    maps the network.
    """
    from spynnaker.pyNN.data import SpynnakerDataView

    if configured_address() is not None:
        return []
    if not (SpynnakerDataView.has_n_boards_required() or SpynnakerDataView.has_n_chips_needed()):
        return []
    return [(chip.x, chip.y) for chip in sim.get_machine().ethernet_connected_chips]


def use(machine: Machine) -> None:
    """Map to this board from now on, whatever the cfg names."""
    from spinn_utilities.config_holder import set_config

    for option in ("spalloc_server", "remote_spinnaker_url", "width", "height"):
        set_config(MACHINE, option, "None")
    set_config(MACHINE, "virtual_board", "False")
    set_config(MACHINE, "machine_name", machine.address)
    set_config(MACHINE, "version", str(machine.version))
