"""Genuine sPyNNaker binaries on cores, without sPyNNaker: staged and started over SCP."""

from __future__ import annotations

import importlib.util
import struct
from dataclasses import dataclass
from pathlib import Path

from spinnlive import wire
from spinnlive.boards.scp import ScpClient

STAGING = 0x67800000
"""Where SCAMP expects the file of an application to be run."""

APP_ID = 30


@dataclass(frozen=True)
class Binary:
    """An ``.aplx`` file: a row of commands, of which the first copies the code to ITCM."""

    data: bytes

    @property
    def code(self) -> bytes:
        command, target, source, length = struct.unpack_from("<4I", self.data)
        assert (command, target) == (2, 0)
        return self.data[source : source + length]

    @property
    def reset_handler(self) -> int:
        """Where the reset vector, a load from the word 0x20 bytes on, leads."""
        return int(struct.unpack_from("<I", self.code, 0x20)[0])


def if_curr_exp() -> Binary:
    package = importlib.util.find_spec("spynnaker")
    assert package is not None and package.origin is not None
    folder = Path(package.origin).parent / "pyNN" / "model_binaries"
    data = (folder / "IF_curr_exp.aplx").read_bytes()
    return Binary(data + bytes(-len(data) % 4))


async def start(scp: ScpClient, binary: Binary, core: int) -> None:
    """Start the binary on a core of the root chip. Without its data it soon stops with a run-time error."""
    await scp.write(0, 0, STAGING, binary.data)
    await scp.call(wire.ScpRequest(0, 0, wire.Command.AR, APP_ID << 24 | 1 << core))
