"""How fast this machine is: unicorn (QEMU's translator behind an API) on a loop of ARM code.

The proof of concept of the emulated board was measured beside it; by this both are put on one scale.
"""

from __future__ import annotations

import time
from importlib import import_module
from typing import Any

LOOP = (
    0xE2800001,  # add r0, r0, #1
    0xE0211000,  # eor r1, r1, r0
    0xE0822001,  # add r2, r2, r1
    0xE1A03182,  # mov r3, r2, lsl #3
    0xE5843000,  # str r3, [r4]
    0xE5945000,  # ldr r5, [r4]
    0xE0866005,  # add r6, r6, r5
    0xE2577001,  # subs r7, r7, #1
    0x1AFFFFF6,  # bne the beginning
)
TURNS = 3_000_000
CODE, DATA = 0x0, 0x400000


def unicorn_mips() -> float | None:
    """Millions of instructions for each second of processor time; None where unicorn is not installed."""
    try:
        unicorn: Any = import_module("unicorn")
        registers: Any = import_module("unicorn.arm_const")
    except ImportError:
        return None
    machine = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_ARM)
    machine.mem_map(CODE, 0x1000)
    machine.mem_map(DATA, 0x1000)
    machine.mem_write(CODE, b"".join(word.to_bytes(4, "little") for word in LOOP))
    machine.reg_write(registers.UC_ARM_REG_R4, DATA)
    machine.reg_write(registers.UC_ARM_REG_R7, TURNS)
    began = time.process_time()
    machine.emu_start(CODE, CODE + 4 * len(LOOP))
    return len(LOOP) * TURNS / (time.process_time() - began) / 1e6
