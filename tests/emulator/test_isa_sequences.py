"""The fast engine against an independent oracle: random sequences of instructions, translated and executed in grants of
any length, with registers, flags and memory compared at the end. (One instruction at a time: test_isa.py.)"""

from __future__ import annotations

import ctypes
import os
import random
from pathlib import Path

import pytest
from isa_cases import CODE, DATA, DATA_BYTES, Case, make_sequence

unicorn = pytest.importorskip("unicorn")
from test_isa import (  # noqa: E402
    FLAGS_AND_STATE,
    ITCM_BYTES,
    NOP,
    REGISTERS,
    SHIM_VARIABLE,
    Oracle,
    Ours,
    State,
    arm_const,
    describe,
)

SEQUENCES = 200
LENGTH = 40
WARM_UP = 3
"""How often a sequence is executed before it counts: the engine translates what is executed again and again."""

AT_ONCE_CYCLES = 4000
"""More than any sequence takes."""


class Fast(Ours):
    """Our core on the fast engine, running to a branch to itself."""

    def __init__(self, library: ctypes.CDLL) -> None:
        super().__init__(library)
        library.shim_use_fast.restype = ctypes.c_bool
        if not library.shim_use_fast(self._core):
            pytest.skip("this host has no fast engine")

    def load_code(self, code: bytes) -> None:
        self._library.shim_load(self._core, CODE, code, len(code))

    def run(self, case: Case, data: bytes, end: int, grant: int) -> tuple[list[int], int, bytes]:
        ctypes.memmove(self._dtcm, data, len(data))
        state = State((ctypes.c_uint32 * 16)(*case.registers, CODE), case.cpsr)
        self._library.shim_set(self._core, ctypes.byref(state))
        for _ in range(AT_ONCE_CYCLES // grant):
            self._library.shim_run(self._core, grant)
        self._library.shim_get(self._core, ctypes.byref(state))
        assert state.r[15] == end
        return list(state.r), state.cpsr & FLAGS_AND_STATE, ctypes.string_at(self._dtcm, DATA_BYTES)


def ask(
    oracle: Oracle, case: Case, code: bytes, data: bytes, end: int
) -> tuple[list[int], int, bytes]:
    """What the oracle makes of a sequence up to the address ``end``."""
    uc = oracle._uc
    uc.mem_write(CODE, code)
    uc.mem_write(DATA, data)
    uc.ctl_remove_cache(CODE, CODE + len(code))
    uc.reg_write(arm_const.UC_ARM_REG_CPSR, case.cpsr)
    for register, value in zip(REGISTERS, case.registers, strict=False):
        uc.reg_write(register, value)
    uc.emu_start(CODE | case.thumb, end)
    registers = [uc.reg_read(register) for register in REGISTERS]
    cpsr = uc.reg_read(arm_const.UC_ARM_REG_CPSR) & FLAGS_AND_STATE
    return registers, cpsr, bytes(uc.mem_read(DATA, DATA_BYTES))


@pytest.mark.parametrize("thumb", [False, True])
def test_sequences_do_what_the_oracle_does(thumb: bool) -> None:
    path = os.environ.get(SHIM_VARIABLE)
    if path is None or not Path(path).exists():
        pytest.skip(f"{SHIM_VARIABLE} names no library; `make test` builds it and sets it")
    fast, oracle = Fast(ctypes.CDLL(path)), Oracle()
    rng = random.Random(f"sequences {thumb}")
    itcm = NOP * (ITCM_BYTES // len(NOP))
    oracle.load(itcm)
    fast.load(itcm)
    for _ in range(SEQUENCES):
        words, case = make_sequence(rng, LENGTH, thumb)
        size = 2 if thumb else 4
        code = b"".join(word.to_bytes(size, "little") for word in words)
        end, data = CODE + len(code), rng.randbytes(DATA_BYTES)
        code += (0xE7FE if thumb else 0xEAFFFFFE).to_bytes(size, "little") + NOP
        wanted = ask(oracle, case, code, data, end)
        fast.load_code(code)
        for _ in range(WARM_UP):
            fast.run(case, data, end, AT_ONCE_CYCLES)
        for grant in (AT_ONCE_CYCLES, rng.randrange(1, 60), 1):
            got = fast.run(case, data, end, grant)
            listing = " ".join(f"{word:0{2 * size}x}" for word in words)
            assert got == wanted, f"{listing}\n{describe(case, wanted, got)}"
