"""The ARM core of the emulated board against an independent oracle: unicorn (QEMU's ARM946, an ARMv5TE as well).

Each case sets the same registers, flags and memory on both, executes one instruction and compares everything. The
library with our core is built by `make ctest` (c_realtime/tests/arm_shim.c).
"""

from __future__ import annotations

import ctypes
import os
import random
from pathlib import Path

import isa_cases
import pytest
from isa_cases import CODE, DATA, DATA_BYTES, Case, make_case

unicorn = pytest.importorskip("unicorn")
from unicorn import arm_const  # noqa: E402

CASES_OF_A_KIND = 1000
SHIM_VARIABLE = "SPINNLIVE_ARM_SHIM"
ITCM_BYTES = 0x8000
NOP = bytes.fromhex("c046c046")
"""mov r8, r8 in Thumb, twice; as an ARM instruction it exists as well."""
FLAGS_AND_STATE = 0xF800003F
"""What is compared of CPSR: N Z C V Q, the T bit and the mode."""

REGISTERS = [getattr(arm_const, f"UC_ARM_REG_R{index}") for index in range(16)]


class State(ctypes.Structure):
    """struct shim_state of arm_shim.c."""

    _fields_ = [("r", ctypes.c_uint32 * 16), ("cpsr", ctypes.c_uint32)]  # noqa: RUF012


class Ours:
    """Our core, through the shared library."""

    def __init__(self, library: ctypes.CDLL) -> None:
        library.shim_create.restype = ctypes.c_void_p
        for name in ("shim_itcm", "shim_dtcm"):
            getattr(library, name).restype = ctypes.POINTER(ctypes.c_uint8)
        self._library = library
        self._core = ctypes.c_void_p(library.shim_create())
        self._itcm = ctypes.addressof(library.shim_itcm(self._core).contents)
        self._dtcm = ctypes.addressof(library.shim_dtcm(self._core).contents)

    def load(self, itcm: bytes) -> None:
        ctypes.memmove(self._itcm, itcm, len(itcm))

    def execute(self, case: Case, code: bytes, data: bytes) -> tuple[list[int], int, bytes]:
        ctypes.memmove(self._itcm + CODE, code, len(code))
        ctypes.memmove(self._dtcm, data, len(data))
        state = State((ctypes.c_uint32 * 16)(*case.registers, CODE), case.cpsr)
        self._library.shim_set(self._core, ctypes.byref(state))
        self._library.shim_step(self._core)
        self._library.shim_get(self._core, ctypes.byref(state))
        return list(state.r), state.cpsr & FLAGS_AND_STATE, ctypes.string_at(self._dtcm, DATA_BYTES)


class Oracle:
    """The same through unicorn."""

    def __init__(self) -> None:
        self._uc = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_ARM)
        self._uc.ctl_set_cpu_model(arm_const.UC_CPU_ARM_946)
        self._uc.mem_map(0, ITCM_BYTES)
        self._uc.mem_map(DATA, DATA_BYTES)

    def load(self, itcm: bytes) -> None:
        self._uc.mem_write(0, itcm)

    def execute(self, case: Case, code: bytes, data: bytes) -> tuple[list[int], int, bytes]:
        uc = self._uc
        uc.mem_write(CODE, code)
        uc.mem_write(DATA, data)
        uc.ctl_remove_cache(CODE, CODE + 64)
        uc.reg_write(arm_const.UC_ARM_REG_CPSR, case.cpsr)
        for register, value in zip(REGISTERS, case.registers, strict=False):
            uc.reg_write(register, value)
        try:
            uc.emu_start(CODE | case.thumb, 0, count=1)
        except unicorn.UcError as error:
            # It looks ahead at the place of the next instruction, where there may be no memory.
            if error.errno != unicorn.UC_ERR_FETCH_UNMAPPED:
                raise AssertionError(f"the oracle refuses {case.name} {case.instruction:08x}: {error}") from error
        registers = [uc.reg_read(register) for register in REGISTERS]
        return registers, uc.reg_read(arm_const.UC_ARM_REG_CPSR) & FLAGS_AND_STATE, bytes(uc.mem_read(DATA, DATA_BYTES))


@pytest.fixture(scope="module")
def ours() -> Ours:
    path = os.environ.get(SHIM_VARIABLE)
    if path is None or not Path(path).exists():
        pytest.skip(f"{SHIM_VARIABLE} names no library; `make test` builds it and sets the variable")
    return Ours(ctypes.CDLL(path))


def describe(case: Case, wanted: tuple[list[int], int, bytes], got: tuple[list[int], int, bytes]) -> str:
    width = 4 if case.thumb else 8
    lines = [f"{case.name}: instruction {case.instruction:0{width}x}, CPSR {case.cpsr:08x}"]
    lines += [
        f"  r{index}: before {before:08x}, oracle {right:08x}, ours {mine:08x}"
        for index, (before, right, mine) in enumerate(zip([*case.registers, CODE], wanted[0], got[0], strict=True))
        if right != mine or before != right
    ]
    lines.append(f"  CPSR: oracle {wanted[1]:08x}, ours {got[1]:08x}")
    lines += [
        f"  byte {DATA + at:08x}: oracle {right:02x}, ours {mine:02x}"
        for at, (right, mine) in enumerate(zip(wanted[2], got[2], strict=True))
        if right != mine
    ]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("thumb", "kind"),
    [(False, kind) for kind in isa_cases.ARM_KINDS] + [(True, kind) for kind in isa_cases.THUMB_KINDS],
)
def test_instructions_do_what_the_oracle_does(ours: Ours, thumb: bool, kind: str) -> None:
    oracle = Oracle()
    rng = random.Random(f"{thumb} {kind}")
    # The oracle looks ahead at the next instruction and refuses to go where there is none that it knows.
    itcm = rng.randbytes(ITCM_BYTES) if kind == "literal" else NOP * (ITCM_BYTES // len(NOP))
    data = rng.randbytes(DATA_BYTES)
    oracle.load(itcm)
    ours.load(itcm)
    for _ in range(CASES_OF_A_KIND):
        case = make_case(rng, kind, thumb)
        code = case.instruction.to_bytes(2 if thumb else 4, "little") + NOP
        wanted = oracle.execute(case, code, data)
        got = ours.execute(case, code, data)
        assert got == wanted, describe(case, wanted, got)


def test_thumb_long_branches(ours: Ours) -> None:
    """BL and BLX are two instructions each; the oracle takes them as one, so the outcome is compared after both."""
    rng = random.Random("long branches")
    for _ in range(2000):
        offset, exchange = rng.randrange(-0xF00, 0x6000) // 4 * 4, rng.random() < 0.5
        first = 0xF000 | offset >> 12 & 0x7FF
        second = (0xE800 if exchange else 0xF800) | offset >> 1 & 0x7FF
        case = Case(first, True, isa_cases.SVC | isa_cases.THUMB, [0] * 15, "long branch")
        code = first.to_bytes(2, "little") + second.to_bytes(2, "little")
        registers, _, _ = ours.execute(case, code, bytes(DATA_BYTES))
        case = Case(second, True, case.cpsr, [*registers[:15]], "long branch")
        registers, cpsr, _ = ours.execute(case, code[2:], bytes(DATA_BYTES))
        # Executed at the same address, the second half sits where the first did: 4 bytes on from r14's base.
        target = (CODE + 4 + offset) & 0xFFFFFFFF
        assert registers[15] == (target & ~3 if exchange else target)
        assert registers[14] == (CODE + 2) | 1
        assert bool(cpsr & isa_cases.THUMB) is not exchange
