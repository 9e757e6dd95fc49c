"""Plain SpiNNMan: discover the machine, and tell its chips, cores and links."""

import sys

from spinn_utilities.config_holder import set_config
from spinnman.config_setup import unittest_setup
from spinnman.transceiver import create_transceiver_from_hostname

unittest_setup()
set_config("Machine", "version", "3")
machine = create_transceiver_from_hostname(sys.argv[1]).get_machine_details()
for chip in sorted(machine.chips, key=lambda each: (each.x, each.y)):
    links = sorted(link.source_link_id for link in chip.router.links)
    print(f"chip {chip.x},{chip.y}: {chip.n_processors} cores, links {links}")
