"""Random instructions and states for the comparison of the ARM core with an oracle.

Only encodings whose outcome the architecture defines are made: no UNPREDICTABLE use of r15, no
base register in the list of a load multiple with write-back, no unaligned word. What the oracle
cannot judge (exceptions, modes, unaligned accesses, CP15) is tested in C.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

CODE = 0x1000
"""Address of the instruction, in ITCM."""

DATA = 0x00400000
"""Start of DTCM."""

DATA_BYTES = 4096
"""How much of DTCM the cases use (bytes)."""

SVC = 0xD3
"""CPSR: supervisor mode, interrupts masked, ARM state."""

THUMB = 0x20
"""CPSR: the T bit."""


@dataclass
class Case:
    """One instruction with the state before it."""

    instruction: int
    thumb: bool
    cpsr: int
    registers: list[int]
    """r0 to r14."""

    name: str = ""
    note: str = field(default="")


def interesting_word(rng: random.Random) -> int:
    """A word that is more often at the edge of something than a plain random one."""
    kind = rng.randrange(4)
    if kind == 0:
        return rng.choice(
            [
                0,
                1,
                2,
                0x7FFFFFFF,
                0x80000000,
                0x80000001,
                0xFFFFFFFF,
                0xFFFF,
                0x10000,
                0x8000,
                0xFFFF8000,
            ]
        )
    if kind == 1:
        return rng.randrange(0, 300)
    return rng.getrandbits(32)


class _Maker:
    """Makes the fields of one instruction; ``registers`` collects values that it needs to be there."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.registers = [interesting_word(rng) for _ in range(15)]

    def reg(self, *, avoid: tuple[int, ...] = (), top: int = 15) -> int:
        """A register number below ``top``, not one of ``avoid``."""
        return self.rng.choice([r for r in range(top) if r not in avoid])

    def bits(self, count: int) -> int:
        return self.rng.getrandbits(count)

    def address(self, register: int, *, align: int, room: int = 0) -> int:
        """Put an aligned address of the data area into a register; ``room`` bytes on either side stay inside."""
        place = self.rng.randrange(room, DATA_BYTES - room - 64) // align * align
        self.registers[register] = DATA + place
        return self.registers[register]


# ---- ARM ----

_MOVES = (13, 15)
"""MOV and MVN: their field for the first operand should be zero, and the oracle insists on it."""


def _data_processing(m: _Maker) -> int:
    opcode, sets = m.bits(4), m.bits(1)
    if 8 <= opcode <= 11:
        sets = 1
    form = m.rng.randrange(3)
    rd = 0 if 8 <= opcode <= 11 else m.reg()
    rn = 0 if opcode in _MOVES else m.reg(top=15 if form == 2 else 16)
    word = opcode << 21 | sets << 20 | rn << 16 | rd << 12
    if form == 0:
        return word | 1 << 25 | m.bits(12)
    if form == 1:
        return word | m.bits(7) << 5 | m.reg(top=16)
    return word | m.reg() << 8 | m.bits(2) << 5 | 1 << 4 | m.reg()


def _data_processing_to_pc(m: _Maker) -> int:
    """ADD, MOV and so on with r15 as destination, without flags."""
    opcode = m.rng.choice([0, 1, 2, 3, 4, 5, 6, 7, 12, 13, 14, 15])
    rn = 0 if opcode in _MOVES else m.reg()
    return opcode << 21 | rn << 16 | 15 << 12 | m.bits(7) << 5 | m.reg()


def _multiply(m: _Maker) -> int:
    rd, accumulate = m.reg(), m.bits(1)
    addend = m.reg() if accumulate else 0
    return (
        accumulate << 21
        | m.bits(1) << 20
        | rd << 16
        | addend << 12
        | m.reg() << 8
        | 0x90
        | m.reg(avoid=(rd,))
    )


def _multiply_long(m: _Maker) -> int:
    high = m.reg()
    low = m.reg(avoid=(high,))
    return (
        1 << 23
        | m.bits(3) << 20
        | high << 16
        | low << 12
        | m.reg() << 8
        | 0x90
        | m.reg(avoid=(high, low))
    )


def _multiply_half(m: _Maker) -> int:
    high, operation, halves = m.reg(), m.bits(2), m.bits(2)
    accumulates = operation in (0, 2) or (operation == 1 and not halves & 1)
    addend = m.reg(avoid=(high,)) if accumulates else 0
    return (
        1 << 24
        | operation << 21
        | high << 16
        | addend << 12
        | m.reg() << 8
        | 0x80
        | halves << 5
        | m.reg()
    )


def _saturating(m: _Maker) -> int:
    return 1 << 24 | m.bits(2) << 21 | m.reg() << 16 | m.reg() << 12 | 0x50 | m.reg()


def _count_zeros(m: _Maker) -> int:
    return 0x016F0F10 | m.reg() << 12 | m.reg()


def _word_byte(m: _Maker) -> int:
    load, byte, up, pre, write = (m.bits(1) for _ in range(5))
    base = m.reg()
    data = m.reg(avoid=(base,))
    align = 1 if byte else 4
    m.address(base, align=align, room=1100)
    word = (
        1 << 26
        | pre << 24
        | up << 23
        | byte << 22
        | (write if pre else 0) << 21
        | load << 20
        | base << 16
        | data << 12
    )
    if m.bits(1):
        return word | m.rng.randrange(0, 1024) // align * align
    index = m.reg(avoid=(base, data))
    m.registers[index] = m.rng.randrange(0, 64) // align * align
    shift = m.rng.choice([0, 1, 2, 3, 4])
    return word | 1 << 25 | shift << 7 | index


def _literal(m: _Maker) -> int:
    return 0x051F0000 | m.reg() << 12 | m.rng.randrange(0, 256) * 4


def _half(m: _Maker) -> int:
    base = m.reg()
    data = m.reg(avoid=(base,))
    pre, up, load = m.bits(1), m.bits(1), m.bits(1)
    write = m.bits(1) if pre else 0
    kind = m.rng.choice([1, 2, 3]) if load else 1
    align = 1 if kind == 2 else 2
    m.address(base, align=align, room=300)
    word = (
        pre << 24 | up << 23 | write << 21 | load << 20 | base << 16 | data << 12 | 0x90 | kind << 5
    )
    if m.bits(1):
        offset = m.rng.randrange(0, 256) // align * align
        return word | 1 << 22 | offset >> 4 << 8 | offset & 15
    index = m.reg(avoid=(base, data))
    m.registers[index] = m.rng.randrange(0, 256) // align * align
    return word | index


def _double(m: _Maker) -> int:
    data = m.rng.choice([0, 2, 4, 6, 8, 10, 12])
    base = m.reg(avoid=(data, data + 1))
    pre, up = m.bits(1), m.bits(1)
    write = m.bits(1) if pre else 0
    m.address(base, align=8, room=300)
    offset = m.rng.randrange(0, 256) // 8 * 8
    kind = m.rng.choice([2, 3])
    return (
        pre << 24
        | up << 23
        | 1 << 22
        | write << 21
        | base << 16
        | data << 12
        | offset >> 4 << 8
        | 0x90
        | kind << 5
        | offset & 15
    )


def _swap(m: _Maker) -> int:
    byte = m.bits(1)
    base = m.reg()
    m.address(base, align=1 if byte else 4)
    return 0x01000090 | byte << 22 | base << 16 | m.reg(avoid=(base,)) << 12 | m.reg(avoid=(base,))


def _multiple(m: _Maker) -> int:
    load, pre, up, write = (m.bits(1) for _ in range(4))
    base = m.reg()
    m.address(base, align=4, room=128)
    allowed = 0x7FFF
    if write:
        allowed &= ~(1 << base)
    registers = m.bits(15) & allowed
    if not registers:
        registers = 1 << m.reg(avoid=(base,))
    return 4 << 25 | pre << 24 | up << 23 | write << 21 | load << 20 | base << 16 | registers


def _branch(m: _Maker) -> int:
    return 5 << 25 | m.bits(1) << 24 | m.rng.randrange(-0x3C0, 0x800) & 0xFFFFFF


def _branch_exchange(m: _Maker) -> int:
    target = m.reg()
    m.registers[target] = m.rng.randrange(0x100, 0x7F00) & ~3 | m.bits(1)
    return 0x012FFF10 | m.bits(1) << 5 | target


def _status(m: _Maker) -> int:
    kind = m.rng.randrange(3)
    if kind == 0:
        return 0x010F0000 | m.reg() << 12
    if kind == 1:
        return 0x0128F000 | m.reg()
    return 0x0328F000 | m.bits(12)


ARM_KINDS: dict[str, Callable[[_Maker], int]] = {
    "data processing": _data_processing,
    "data processing to pc": _data_processing_to_pc,
    "multiply": _multiply,
    "multiply long": _multiply_long,
    "multiply half-words": _multiply_half,
    "saturating": _saturating,
    "count leading zeros": _count_zeros,
    "word or byte": _word_byte,
    "literal": _literal,
    "half-word": _half,
    "double word": _double,
    "swap": _swap,
    "multiple": _multiple,
    "branch": _branch,
    "branch exchange": _branch_exchange,
    "status": _status,
}


# ---- Thumb ----


def _t_shift_add(m: _Maker) -> int:
    return m.bits(13)


def _t_immediate(m: _Maker) -> int:
    return 1 << 13 | m.bits(13)


def _t_register(m: _Maker) -> int:
    return 0x4000 | m.bits(10)


def _t_high(m: _Maker) -> int:
    operation, rd, rm = m.rng.randrange(3), m.reg(), m.reg(top=16)
    if rd < 8 and rm < 8:
        rm += 8
    if operation == 1 and rm == 15:
        rm = 14
    return 0x4400 | operation << 8 | (rd & 8) << 4 | rm << 3 | rd & 7


def _t_branch_exchange(m: _Maker) -> int:
    target = m.reg()
    m.registers[target] = m.rng.randrange(0x100, 0x7F00) & ~3 | m.bits(1)
    return 0x4700 | m.bits(1) << 7 | target << 3


def _t_literal(m: _Maker) -> int:
    return 0x4800 | m.bits(11)


def _t_register_offset(m: _Maker) -> int:
    base = m.reg(top=8)
    index = m.reg(top=8, avoid=(base,))
    data = m.reg(top=8, avoid=(base, index))
    m.address(base, align=4, room=300)
    m.registers[index] = m.rng.randrange(0, 256) & ~3
    return 0x5000 | m.bits(3) << 9 | index << 6 | base << 3 | data


def _t_immediate_offset(m: _Maker) -> int:
    base = m.reg(top=8)
    m.address(base, align=4, room=300)
    kind = m.rng.randrange(6)
    word = 0x6000 + (kind << 11) if kind < 4 else 0x8000 + ((kind - 4) << 11)
    return word | m.bits(5) << 6 | base << 3 | m.reg(top=8, avoid=(base,))


def _t_stack_word(m: _Maker) -> int:
    m.address(13, align=4, room=1100)
    return 0x9000 | m.bits(12)


def _t_address(m: _Maker) -> int:
    return 0xA000 | m.bits(12)


def _t_adjust(m: _Maker) -> int:
    return 0xB000 | m.bits(8)


def _t_push_pop(m: _Maker) -> int:
    m.address(13, align=4, room=64)
    pop = m.bits(1)
    registers = m.bits(8) or 1
    return 0xB400 | pop << 11 | (0 if pop else m.bits(1)) << 8 | registers


def _t_multiple(m: _Maker) -> int:
    base = m.reg(top=8)
    m.address(base, align=4, room=64)
    registers = m.bits(8) & ~(1 << base)
    return 0xC000 | m.bits(1) << 11 | base << 8 | (registers or 1 << (base + 1) % 8)


def _t_conditional(m: _Maker) -> int:
    return 0xD000 | m.rng.randrange(14) << 8 | m.bits(8)


def _t_branch(m: _Maker) -> int:
    return 0xE000 | m.rng.randrange(-0x380, 0x400) & 0x7FF


THUMB_KINDS: dict[str, Callable[[_Maker], int]] = {
    "shift, add": _t_shift_add,
    "immediate": _t_immediate,
    "register": _t_register,
    "high registers": _t_high,
    "branch exchange": _t_branch_exchange,
    "literal": _t_literal,
    "register offset": _t_register_offset,
    "immediate offset": _t_immediate_offset,
    "stack word": _t_stack_word,
    "address": _t_address,
    "adjust stack": _t_adjust,
    "push, pop": _t_push_pop,
    "multiple": _t_multiple,
    "conditional branch": _t_conditional,
    "branch": _t_branch,
}


def make_case(rng: random.Random, kind: str, thumb: bool) -> Case:
    """A random case of one kind: a name of `ARM_KINDS`, or of `THUMB_KINDS` if ``thumb``."""
    maker = _Maker(rng)
    word = (THUMB_KINDS if thumb else ARM_KINDS)[kind](maker)
    flags = rng.getrandbits(4) << 28
    if not thumb:
        condition = 14 if rng.random() < 0.8 else rng.randrange(14)
        word |= condition << 28
    return Case(word, thumb, SVC | flags | (THUMB if thumb else 0), maker.registers, kind)


# ---- sequences ----

BASE = 11
"""The register that sequences reach memory by; no instruction of a sequence writes it."""

_STRAIGHT = {
    False: (
        _data_processing,
        _multiply,
        _multiply_long,
        _multiply_half,
        _saturating,
        _count_zeros,
    ),
    True: (_t_shift_add, _t_immediate, _t_register, _t_address),
}


class _SequenceMaker(_Maker):
    def reg(self, *, avoid: tuple[int, ...] = (), top: int = 15) -> int:
        return super().reg(avoid=(*avoid, BASE), top=top)


def _by_base(m: _Maker) -> int:
    """LDR, STR, LDRB, STRB, LDRH, STRH, LDRSB, LDRSH, LDM or STM by the base, without write-back."""
    load, rd = m.bits(1) << 20, m.reg() << 12
    kind = m.rng.randrange(4)
    if kind == 0:
        return 0x05800000 | load | BASE << 16 | rd | m.rng.randrange(0, 1024) * 4
    if kind == 1:
        return 0x05C00000 | load | BASE << 16 | rd | m.bits(10)
    if kind == 2:
        sign = m.rng.randrange(1, 4) if load else 1
        offset = m.rng.randrange(0, 128) * 2
        return 0x01C00090 | load | BASE << 16 | rd | sign << 5 | (offset & 0xF0) << 4 | offset & 15
    registers = m.rng.getrandbits(15) & ~(1 << BASE) or 1
    return 0x08800000 | m.bits(1) << 24 | load | BASE << 16 | registers


def make_sequence(rng: random.Random, length: int, thumb: bool) -> tuple[list[int], Case]:
    """Random instructions that follow each other, some of them left out by a condition or skipped by a branch; and
    the state before them, as a case of the first one."""
    maker = _SequenceMaker(rng)
    words = []
    for number in range(length):
        if rng.random() < 0.1 and number + 2 < length:  # over the next one
            condition = rng.randrange(14)
            words.append(0xD000 | condition << 8 if thumb else condition << 28 | 0x0A000000)
            continue
        word = rng.choice(_STRAIGHT[thumb])(maker)
        if not thumb:
            if rng.random() < 0.3:
                word = _by_base(maker)
            word |= (14 if rng.random() < 0.5 else rng.randrange(14)) << 28
        words.append(word)
    maker.registers[BASE] = DATA
    flags = rng.getrandbits(4) << 28
    cpsr = SVC | flags | (THUMB if thumb else 0)
    return words, Case(words[0], thumb, cpsr, maker.registers, "sequence")
