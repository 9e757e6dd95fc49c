"""sPyNNaker's reports, for who asks for them."""

from __future__ import annotations

import shutil
from pathlib import Path


def keep(folder: Path) -> None:
    """Put the reports of this network into ``folder``, in a new folder named after the time of
    ``sim.setup()``.

    Turns on what sPyNNaker writes in its mode "Info". By the time this is called ``sim.setup()``
    has made its folders elsewhere: they are moved, and a link is left in their place.
    """
    from spinn_utilities.conf_loader import load_defaults
    from spinn_utilities.config_holder import get_default_cfgs, set_config
    from spynnaker.pyNN.data import SpynnakerDataView

    here = Path(SpynnakerDataView.get_timestamp_dir_path())
    there = folder.absolute() / here.name
    folder.mkdir(parents=True, exist_ok=True)
    shutil.move(here, there)
    here.symlink_to(there, target_is_directory=True)
    defaults = load_defaults(list(get_default_cfgs()))
    for option, value in defaults.items("Reports"):
        if value.strip().lower() == "info":
            set_config("Reports", option, "True")
