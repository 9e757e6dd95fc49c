"""Plain SpiNNMan against a board that is not booted: boot it, discover the machine, write and read back memory."""

import os
import sys

from spinn_utilities.config_holder import set_config
from spinnman.config_setup import unittest_setup
from spinnman.transceiver import create_transceiver_from_hostname

MEGABYTE = 1 << 20

unittest_setup()
set_config("Machine", "version", "3")
transceiver = create_transceiver_from_hostname(sys.argv[1])
machine = transceiver.get_machine_details()
cores = sum(chip.n_processors for chip in machine.chips)
print("chips", machine.n_chips, "cores", cores)
for x, y in ((0, 0), (1, 1)):
    data = os.urandom(MEGABYTE)
    transceiver.write_memory(x, y, 0x61000000, bytearray(data))
    assert transceiver.read_memory(x, y, 0x61000000, MEGABYTE) == data
print("memory is as written")
