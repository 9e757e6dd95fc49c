/* Interlocks: a result that comes late makes the instruction that needs it wait (TRM DDI 0240, 8.2; examples in the
 * ARM9E-S TRM, DDI 0165B). The wait is charged to the instruction that yields the result, judged by the one or two
 * instructions that lie behind it in memory. So it depends on the code alone and not on the way by which it is reached:
 * every engine can know it beforehand. What that leaves out: a conditional instruction that is not executed and an
 * interrupt in between are charged as well, and code outside ITCM, where each fetch waits longer than any interlock,
 * has none. A branch costs more than the longest interlock, so nothing is ever owed across one. */
#include "internal.h"

#define BIT(n)          (word >> (n) & 1)
#define REGISTER(shift) (1u << (word >> (shift) & 15))
#define LOW(shift)      (1u << (word >> (shift) & 7))

static uint32_t lowest(uint32_t list) {
    return list & -list;
}

/* ---- ARM ---- */

/* Multiplies add register bits 12..15, the long ones to bits 16..19 as well; that operand is needed a cycle later. */
static uint32_t arm_addends(uint32_t word) {
    if ((word & 0x0fe000f0u) == 0x00200090u) /* MLA */
        return REGISTER(12);
    if ((word & 0x0fa000f0u) == 0x00a00090u) /* UMLAL, SMLAL */
        return REGISTER(12) | REGISTER(16);
    if ((word & 0x0ff00090u) == 0x01000080u || (word & 0x0ff000b0u) == 0x01200080u) /* SMLAxy, SMLAWy */
        return REGISTER(12);
    if ((word & 0x0ff00090u) == 0x01400080u) /* SMLALxy */
        return REGISTER(12) | REGISTER(16);
    return 0;
}

static bool is_move(uint32_t word) { /* MOV, MVN: no first operand */
    return (word >> 21 & 13) == 13;
}

static uint32_t arm_reads(uint32_t word) {
    if (word >> 28 == 15)
        return 0;
    switch (word >> 25 & 7) {
    case 0:
        if ((word & 0x90) == 0x90) {
            if (word & 0x60) { /* half-words and doubles; bit 6 without bit 20 makes a double */
                uint32_t data = BIT(20) || (word & 0x60) == 0x40 ? 0 : REGISTER(12);
                return REGISTER(16) | (BIT(22) ? 0 : REGISTER(0)) | data;
            }
            if (BIT(24)) /* SWP */
                return REGISTER(16) | REGISTER(0);
            return REGISTER(0) | REGISTER(8) | arm_addends(word);
        }
        if ((word & 0x01900000u) == 0x01000000u) {
            if (BIT(7)) /* 16-bit multiplies */
                return REGISTER(0) | REGISTER(8) | arm_addends(word);
            if ((word & 0xf0) == 0x50) /* saturating */
                return REGISTER(0) | REGISTER(16);
            return (word & 0xf0) == 0 && !BIT(21) ? 0 : REGISTER(0); /* MRS reads none; MSR, BX, BLX, CLZ */
        }
        return REGISTER(0) | (BIT(4) ? REGISTER(8) : 0) | (is_move(word) ? 0 : REGISTER(16));
    case 1:
        return is_move(word) || (word & 0x01900000u) == 0x01000000u ? 0 : REGISTER(16);
    case 2:
    case 3:
        return REGISTER(16) | (BIT(25) ? REGISTER(0) : 0) | (BIT(20) ? 0 : REGISTER(12));
    case 4:
        return REGISTER(16) | (BIT(20) ? 0 : lowest(word & 0xffff));
    case 7:
        return BIT(24) || BIT(20) ? 0 : REGISTER(12); /* MCR */
    default:
        return 0;
    }
}

static bool arm_takes_one_cycle(uint32_t word) {
    bool to_pc = REGISTER(12) == 1u << 15;

    if (word >> 28 == 15)
        return false;
    switch (word >> 25 & 7) {
    case 0:
        if ((word & 0x90) == 0x90)
            return (word & 0x60) == 0x20 || ((word & 0x60) != 0 && BIT(20));
        if ((word & 0x01900000u) == 0x01000000u)
            return (BIT(7) && (word & 0x00600000u) != 0x00400000u) || (word & 0xf0) == 0x50 ||
                   (word & 0x0ff000f0u) == 0x01600010u;
        return !BIT(4) && !to_pc;
    case 1:
        return !to_pc;
    case 2:
        return !(to_pc && BIT(20));
    case 3:
        return !(to_pc && BIT(20)) && !(word & 0xfe0);
    default:
        return false;
    }
}

/* ---- Thumb ---- */

static uint32_t thumb_reads(uint32_t word) {
    uint32_t high_rd = 1u << ((word & 7) | (word >> 4 & 8)), operation = word >> 6 & 15;

    switch (word >> 11) {
    case 0:
    case 1:
    case 2:
        return LOW(3);
    case 3:
        return LOW(3) | (BIT(10) ? 0 : LOW(6));
    case 5:
    case 6:
    case 7:
        return LOW(8);
    case 8:
        if (BIT(10)) /* MOV, BX and BLX have one operand */
            return REGISTER(3) | (BIT(9) ? 0 : high_rd);
        return LOW(3) | (operation == 9 || operation == 15 ? 0 : LOW(0)); /* NEG, MVN */
    case 10:
    case 11:
        return LOW(3) | LOW(6) | ((word >> 9 & 7) < 3 ? LOW(0) : 0);
    case 12:
    case 14:
    case 16:
        return LOW(3) | LOW(0);
    case 13:
    case 15:
    case 17:
        return LOW(3);
    case 18:
        return 1u << 13 | LOW(8);
    case 19:
    case 21:
        return 1u << 13;
    case 22: /* PUSH reads the lowest of its list */
        return 1u << 13 | (BIT(10) ? lowest((word & 0xff) | (BIT(8) ? 1u << 14 : 0)) : 0);
    case 23:
        return 1u << 13;
    case 24:
        return LOW(8) | lowest(word & 0xff);
    case 25:
        return LOW(8);
    default:
        return 0;
    }
}

static bool thumb_takes_one_cycle(uint32_t word) {
    uint32_t operation = word >> 6 & 15;

    switch (word >> 11) {
    case 8:
        if (BIT(10))
            return (word & 0x0300) != 0x0300 && (word & 0x87) != 0x87;
        return !(operation >= 2 && operation <= 4) && operation != 7 && operation != 13; /* shifts, MUL */
    case 22:
        return !BIT(10);
    default:
        return word >> 11 < 22;
    }
}

/* ---- both ---- */

int32_t arm_interlock(const uint8_t *itcm, uint32_t pc, bool thumb, uint32_t registers, enum arm_late late) {
    uint32_t length = thumb ? 2 : 4, word[2] = {0, 0};

    if (pc >= ARM_ITCM_SIZE - 2 * length)
        return 0;
    memcpy(&word[0], itcm + pc + length, length);
    uint32_t reads = thumb ? thumb_reads(word[0]) : arm_reads(word[0]);
    if (late == ARM_LATE_PRODUCT && !thumb)
        reads &= ~arm_addends(word[0]) | 1u << (word[0] & 15) | 1u << (word[0] >> 8 & 15);
    if (reads & registers)
        return late == ARM_LATE_NARROW ? 2 : 1;
    if (late != ARM_LATE_NARROW || !(thumb ? thumb_takes_one_cycle(word[0]) : arm_takes_one_cycle(word[0])))
        return 0;
    if (pc >= ARM_ITCM_SIZE - 3 * length)
        return 0;
    memcpy(&word[1], itcm + pc + 2 * length, length);
    return ((thumb ? thumb_reads(word[1]) : arm_reads(word[1])) & registers) != 0;
}
