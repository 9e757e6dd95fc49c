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

DATA = 0x60250018
"""SDRAM, where the binaries are told that their data begin; there is nothing but zeros."""

_WAIT = 1 << 18
_VCPU, _VCPU_BYTES, _USER0 = 0xE5007000, 128, 112
_CPU_STATE = 46
"""Where a core's state stands in its status block, one byte (SARK: vcpu_t.cpu_state)."""


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
    """Start the binary on a core of the root chip, as SpiNNMan does. Without data it soon fails.

    A core takes no signal before it is ready for one, so this waits for that; a debugger may hold it for long.
    """
    status = _VCPU + _VCPU_BYTES * core
    await scp.write(0, 0, STAGING, binary.data)
    await scp.call(wire.ScpRequest(0, 0, wire.Command.AR, APP_ID << 24 | _WAIT | 1 << core))
    await scp.write(0, 0, status + _USER0, DATA.to_bytes(4, "little"))
    while (await scp.read(0, 0, status + _CPU_STATE, 1))[0] != wire.CpuState.READY:
        pass
    await scp.call(wire.signal_request(APP_ID, wire.Signal.START))
