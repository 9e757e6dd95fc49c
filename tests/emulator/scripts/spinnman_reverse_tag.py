"""Plain SpiNNMan: a reverse IP tag on a UDP port of its own, set and cleared; an EIEIO datagram in between."""

import socket
import sys

from spinn_machine.tags import ReverseIPTag
from spinn_utilities.config_holder import set_config
from spinnman.config_setup import unittest_setup
from spinnman.messages.eieio import EIEIOType
from spinnman.messages.eieio.data_messages import EIEIODataMessage, KeyDataElement
from spinnman.transceiver import create_transceiver_from_hostname

PORT = 12345

unittest_setup()
set_config("Machine", "version", "3")
transceiver = create_transceiver_from_hostname(sys.argv[1])
transceiver.discover_scamp_connections()


def reverse_tags() -> set[tuple[int, int]]:
    """The tags that are set, without SCAMP's own for answers; SpiNNMan asks over each of its two connections."""
    tags = transceiver.get_tags()
    return {(each.tag, each.port) for each in tags if isinstance(each, ReverseIPTag)}


transceiver.set_reverse_ip_tag(ReverseIPTag(sys.argv[1], 1, PORT, 0, 0, 2))
print("tags", reverse_tags())

message = EIEIODataMessage.create(EIEIOType.KEY_32_BIT)
message.add_element(KeyDataElement(0x1234))
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    sender.connect((sys.argv[1], PORT))
    sender.send(message.bytestring)
    print("sent")
    transceiver.clear_ip_tag(1)
    print("tags", reverse_tags())
    try:
        sender.send(message.bytestring)
        sender.send(message.bytestring)
    except ConnectionRefusedError:
        print("refused")
