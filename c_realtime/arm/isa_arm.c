/* The ARM instruction set of ARMv5TE, one function for each group of the ARM ARM's chapter A3. */
#include "internal.h"

/* Fields that nearly every instruction has. */
#define BIT(n)   (instruction >> (n) & 1)
#define FIELD_RN (instruction >> 16 & 15)
#define FIELD_RD (instruction >> 12 & 15)
#define FIELD_RS (instruction >> 8 & 15)
#define FIELD_RM (instruction & 15)

/* ---- A3.4, data processing ---- */

enum data_operation { AND, EOR, SUB, RSB, ADD, ADC, SBC, RSC, TST, TEQ, CMP, CMN, ORR, MOV, BIC, MVN };

/* Where an operand of r15 is read: one word further on if the shift amount comes from a register (ARM ARM A5.1.5). */
ARM_INLINE uint32_t operand(const struct arm_core *core, uint32_t index, bool register_shift) {
    return core->r[index] + (index == 15 && register_shift ? 4 : 0);
}

ARM_INLINE void data_processing(struct arm_core *core, uint32_t instruction) {
    enum data_operation operation = instruction >> 21 & 15;
    bool immediate = BIT(25), register_shift = !immediate && BIT(4), sets_flags = BIT(20);
    uint32_t carry, b, result;

    if (immediate) {
        uint32_t rotation = 2 * FIELD_RS;
        b = rotate_right(instruction & 0xff, rotation);
        carry = rotation ? b >> 31 : core->c;
    } else if (register_shift) {
        b = shift_by_register(core, operand(core, FIELD_RM, true), instruction >> 5 & 3, core->r[FIELD_RS], &carry);
        arm_spend(core, ARM_EXTRA_REGISTER_SHIFT);
    } else {
        b = shift_by_immediate(core, core->r[FIELD_RM], instruction >> 5 & 3, instruction >> 7 & 31, &carry);
    }
    uint32_t a = operand(core, FIELD_RN, register_shift), rd = FIELD_RD;

    if (!sets_flags || rd == 15) {
        /* Without flags; and with r15 as destination the S form restores CPSR instead of setting flags. */
        switch (operation) {
        case AND:
            result = a & b;
            break;
        case EOR:
            result = a ^ b;
            break;
        case SUB:
            result = a - b;
            break;
        case RSB:
            result = b - a;
            break;
        case ADD:
            result = a + b;
            break;
        case ADC:
            result = a + b + core->c;
            break;
        case SBC:
            result = a - b - !core->c;
            break;
        case RSC:
            result = b - a - !core->c;
            break;
        case ORR:
            result = a | b;
            break;
        case MOV:
            result = b;
            break;
        case BIC:
            result = a & ~b;
            break;
        case MVN:
            result = ~b;
            break;
        default:
            goto with_flags; /* a comparison, whose destination field should be zero but need not be */
        }
        if (rd != 15) {
            core->r[rd] = result;
            return;
        }
        if (sets_flags)
            arm_restore_cpsr(core);
        arm_branch(core, result);
        return;
    }

with_flags:
    switch (operation) {
    case SUB:
        core->r[rd] = add_with_flags(core, a, ~b, 1);
        return;
    case RSB:
        core->r[rd] = add_with_flags(core, b, ~a, 1);
        return;
    case ADD:
        core->r[rd] = add_with_flags(core, a, b, 0);
        return;
    case ADC:
        core->r[rd] = add_with_flags(core, a, b, core->c);
        return;
    case SBC:
        core->r[rd] = add_with_flags(core, a, ~b, core->c);
        return;
    case RSC:
        core->r[rd] = add_with_flags(core, b, ~a, core->c);
        return;
    case CMP:
        add_with_flags(core, a, ~b, 1);
        return;
    case CMN:
        add_with_flags(core, a, b, 0);
        return;
    case AND:
    case TST:
        result = a & b;
        break;
    case EOR:
    case TEQ:
        result = a ^ b;
        break;
    case ORR:
        result = a | b;
        break;
    case MOV:
        result = b;
        break;
    case BIC:
        result = a & ~b;
        break;
    default:
        result = ~b;
        break;
    }
    set_nz(core, result);
    core->c = carry;
    if (operation != TST && operation != TEQ)
        core->r[rd] = result;
}

/* ---- A3.5, multiplies ---- */

static void multiply(struct arm_core *core, uint32_t instruction) {
    uint32_t result = core->r[FIELD_RM] * core->r[FIELD_RS];

    if (BIT(21))
        result += core->r[FIELD_RD];
    core->r[FIELD_RN] = result;
    arm_spend(core, ARM_EXTRA_MULTIPLY);
    if (BIT(20)) {
        set_nz(core, result);
        arm_spend(core, ARM_EXTRA_MULTIPLY_FLAGS);
    } else {
        arm_result_late(core, 1u << FIELD_RN, ARM_LATE_PRODUCT);
    }
}

static void multiply_long(struct arm_core *core, uint32_t instruction) {
    uint32_t low = FIELD_RD, high = FIELD_RN;
    uint64_t result;

    if (BIT(22))
        result = (uint64_t)((int64_t)(int32_t)core->r[FIELD_RM] * (int32_t)core->r[FIELD_RS]);
    else
        result = (uint64_t)core->r[FIELD_RM] * core->r[FIELD_RS];
    if (BIT(21))
        result += (uint64_t)core->r[high] << 32 | core->r[low];
    core->r[low] = (uint32_t)result;
    core->r[high] = (uint32_t)(result >> 32);
    arm_spend(core, ARM_EXTRA_MULTIPLY_LONG);
    if (BIT(20)) {
        core->n = (uint8_t)(result >> 63);
        core->z = result == 0;
        arm_spend(core, ARM_EXTRA_MULTIPLY_FLAGS);
    } else {
        arm_result_late(core, 1u << low | 1u << high, ARM_LATE_PRODUCT);
    }
}

/* ---- A3.5.2 and A3.6, the DSP extension: 16-bit multiplies and saturating additions ---- */

ARM_INLINE int32_t half_of(uint32_t value, bool top) {
    return top ? (int32_t)value >> 16 : (int16_t)value;
}

ARM_INLINE uint32_t saturate(struct arm_core *core, int64_t value) {
    if (value > INT32_MAX || value < INT32_MIN) {
        core->q = 1;
        return value > 0 ? (uint32_t)INT32_MAX : (uint32_t)INT32_MIN;
    }
    return (uint32_t)value;
}

/* An addition that sets Q when it overflows but does not saturate. */
ARM_INLINE uint32_t accumulate(struct arm_core *core, int32_t product, uint32_t addend) {
    int64_t sum = (int64_t)product + (int32_t)addend;
    if (sum != (int32_t)sum)
        core->q = 1;
    return (uint32_t)sum;
}

static void signed_multiply_half(struct arm_core *core, uint32_t instruction) {
    uint32_t rm = core->r[FIELD_RM], destination = FIELD_RN, addend = FIELD_RD;
    int32_t y = half_of(core->r[FIELD_RS], BIT(6));

    uint32_t late = 1u << destination;

    switch (instruction >> 21 & 3) {
    case 0: /* SMLA<x><y> */
        core->r[destination] = accumulate(core, half_of(rm, BIT(5)) * y, core->r[addend]);
        break;
    case 1: { /* SMLAW<y>, SMULW<y> */
        int32_t product = (int32_t)(((int64_t)(int32_t)rm * y) >> 16);
        core->r[destination] = BIT(5) ? (uint32_t)product : accumulate(core, product, core->r[addend]);
        break;
    }
    case 2: { /* SMLAL<x><y> */
        uint64_t sum = (uint64_t)core->r[destination] << 32 | core->r[addend];
        sum += (uint64_t)(int64_t)(half_of(rm, BIT(5)) * y);
        core->r[addend] = (uint32_t)sum;
        core->r[destination] = (uint32_t)(sum >> 32);
        late |= 1u << addend;
        arm_spend(core, ARM_EXTRA_MULTIPLY);
        break;
    }
    default: /* SMUL<x><y> */
        core->r[destination] = (uint32_t)(half_of(rm, BIT(5)) * y);
        break;
    }
    arm_result_late(core, late, ARM_LATE_PRODUCT);
}

static void saturating_add(struct arm_core *core, uint32_t instruction) {
    int64_t a = (int32_t)core->r[FIELD_RM], b = (int32_t)core->r[FIELD_RN];

    if (BIT(22)) /* QDADD, QDSUB: the doubling saturates by itself */
        b = (int32_t)saturate(core, 2 * b);
    core->r[FIELD_RD] = saturate(core, BIT(21) ? a - b : a + b);
    arm_result_late(core, 1u << FIELD_RD, ARM_LATE_WORD);
}

/* ---- A3.10, status registers ---- */

static void move_to_status(struct arm_core *core, uint32_t instruction, uint32_t value) {
    uint32_t mask = (BIT(16) ? 0x000000ffu : 0) | (BIT(17) ? 0x0000ff00u : 0) | (BIT(18) ? 0x00ff0000u : 0) |
                    (BIT(19) ? 0xff000000u : 0);

    if (BIT(22)) {
        uint32_t *spsr = &core->banked_spsr[arm_bank_of(core->mode)];
        *spsr = (*spsr & ~mask) | (value & mask);
        return;
    }
    if (core->mode == ARM_USR)
        mask &= 0xff000000u;
    mask &= ~ARM_CPSR_T; /* the state changes by BX alone */
    arm_set_cpsr(core, (arm_cpsr(core) & ~mask) | (value & mask));
    if (mask & 0xff)
        arm_spend(core, ARM_EXTRA_MSR_CONTROL);
}

/* The space of comparisons without flags: MRS, MSR, BX, BLX, CLZ, saturating and 16-bit arithmetic (ARM ARM A3.16.4).
 */
static void miscellaneous(struct arm_core *core, uint32_t instruction) {
    uint32_t operation = instruction >> 21 & 3;

    switch (instruction >> 4 & 15) {
    case 0x0:
        if (operation & 1) {
            move_to_status(core, instruction, core->r[FIELD_RM]);
        } else {
            core->r[FIELD_RD] = BIT(22) ? core->banked_spsr[arm_bank_of(core->mode)] : arm_cpsr(core);
            arm_spend(core, ARM_EXTRA_STATUS_READ);
        }
        return;
    case 0x1:
        if (operation == 1) { /* BX */
            arm_branch_exchange(core, core->r[FIELD_RM]);
            return;
        }
        if (operation == 3) { /* CLZ */
            uint32_t value = core->r[FIELD_RM];
            core->r[FIELD_RD] = value ? (uint32_t)__builtin_clz(value) : 32;
            return;
        }
        break;
    case 0x3:
        if (operation == 1) { /* BLX register */
            uint32_t target = core->r[FIELD_RM];
            core->r[14] = core->pc + 4;
            arm_branch_exchange(core, target);
            return;
        }
        break;
    case 0x5:
        saturating_add(core, instruction);
        return;
    case 0x7: /* BKPT */
        if (operation == 1) {
            arm_enter_exception(core, ARM_ABT, ARM_VECTOR_PREFETCH_ABORT, core->pc + 4);
            return;
        }
        break;
    case 0x8:
    case 0xa:
    case 0xc:
    case 0xe:
        signed_multiply_half(core, instruction);
        return;
    }
    arm_undefined(core);
}

/* ---- A3.11 to A3.13, loads and stores ---- */

ARM_INLINE void load_pc(struct arm_core *core, uint32_t value) {
    arm_branch_exchange(core, value);
    arm_spend(core, ARM_EXTRA_LOAD_PC);
}

ARM_INLINE void word_or_byte_transfer(struct arm_core *core, uint32_t instruction) {
    uint32_t rn = FIELD_RN, rd = FIELD_RD, offset, carry;
    bool pre_indexed = BIT(24), write_back = !pre_indexed || BIT(21);

    if (BIT(25)) {
        offset = shift_by_immediate(core, core->r[FIELD_RM], instruction >> 5 & 3, instruction >> 7 & 31, &carry);
        if (instruction & 0xfe0)
            arm_spend(core, ARM_EXTRA_SHIFTED_OFFSET);
    } else {
        offset = instruction & 0xfff;
    }
    uint32_t base = core->r[rn], indexed = BIT(23) ? base + offset : base - offset;
    uint32_t address = pre_indexed ? indexed : base;

    if (BIT(20)) {
        uint32_t value = BIT(22) ? load_byte(core, address) : load_word(core, address);
        if (unlikely(core->aborted))
            return;
        if (write_back)
            core->r[rn] = indexed;
        if (rd == 15) {
            load_pc(core, value);
        } else {
            core->r[rd] = value;
            arm_result_late(core, 1u << rd, BIT(22) ? ARM_LATE_NARROW : ARM_LATE_WORD);
        }
    } else {
        uint32_t value = core->r[rd] + (rd == 15 ? 4 : 0);
        if (BIT(22))
            store_byte(core, address, value);
        else
            store_word(core, address, value);
        if (unlikely(core->aborted))
            return;
        if (write_back)
            core->r[rn] = indexed;
    }
}

static void half_or_double_transfer(struct arm_core *core, uint32_t instruction) {
    uint32_t rn = FIELD_RN, rd = FIELD_RD;
    uint32_t offset = BIT(22) ? (instruction >> 4 & 0xf0) | (instruction & 15) : core->r[FIELD_RM];
    uint32_t base = core->r[rn], indexed = BIT(23) ? base + offset : base - offset;
    uint32_t address = BIT(24) ? indexed : base, first, second = 0;
    bool write_back = !BIT(24) || BIT(21);
    enum { UNSIGNED_HALF = 1, SIGNED_BYTE_OR_LOAD_DOUBLE = 2 } kind = instruction >> 5 & 3;

    if (!BIT(20)) {
        if (kind == UNSIGNED_HALF) {
            store_half(core, address, core->r[rd]);
        } else if (rd & 1) {
            arm_undefined(core);
            return;
        } else if (kind == SIGNED_BYTE_OR_LOAD_DOUBLE) { /* LDRD */
            first = load_word(core, address);
            if (!core->aborted)
                second = load_word(core, address + 4);
            if (core->aborted)
                return;
            if (write_back)
                core->r[rn] = indexed;
            core->r[rd] = first;
            core->r[rd + 1] = second;
            arm_spend(core, ARM_EXTRA_DOUBLE);
            arm_result_late(core, 1u << (rd + 1), ARM_LATE_WORD);
            return;
        } else { /* STRD */
            store_word(core, address, core->r[rd]);
            if (!core->aborted)
                store_word(core, address + 4, core->r[rd + 1]);
            arm_spend(core, ARM_EXTRA_DOUBLE);
        }
        if (!core->aborted && write_back)
            core->r[rn] = indexed;
        return;
    }
    if (kind == UNSIGNED_HALF)
        first = load_half(core, address);
    else if (kind == SIGNED_BYTE_OR_LOAD_DOUBLE)
        first = (uint32_t)(int8_t)load_byte(core, address);
    else
        first = (uint32_t)(int16_t)load_half(core, address);
    if (core->aborted)
        return;
    if (write_back)
        core->r[rn] = indexed;
    core->r[rd] = first;
    arm_result_late(core, 1u << rd, ARM_LATE_NARROW);
}

static void swap(struct arm_core *core, uint32_t instruction) {
    uint32_t address = core->r[FIELD_RN], stored = core->r[FIELD_RM];
    uint32_t loaded = BIT(22) ? load_byte(core, address) : load_word(core, address);

    if (core->aborted)
        return;
    if (BIT(22))
        store_byte(core, address, stored);
    else
        store_word(core, address, stored);
    if (!core->aborted)
        core->r[FIELD_RD] = loaded;
    arm_spend(core, ARM_EXTRA_SWAP);
    arm_result_late(core, 1u << FIELD_RD, BIT(22) ? ARM_LATE_NARROW : ARM_LATE_WORD);
}

/* ---- A3.12, load and store multiple ---- */

/* Registers of user mode seen from another mode, for the ^ forms. */
static uint32_t *user_register(struct arm_core *core, unsigned index) {
    enum arm_bank bank = arm_bank_of(core->mode);

    if (bank == ARM_BANK_USR || index < 8 || index == 15)
        return &core->r[index];
    if (index < 13)
        return bank == ARM_BANK_FIQ ? &core->usr_r8_r12[index - 8] : &core->r[index];
    return index == 13 ? &core->banked_sp[ARM_BANK_USR] : &core->banked_lr[ARM_BANK_USR];
}

static void load_multiple(struct arm_core *core, uint32_t instruction, uint32_t address, uint32_t new_base) {
    uint32_t list = instruction & 0xffff, values[16];
    unsigned count = 0;
    bool with_pc = list & 0x8000, user_bank = BIT(22) && !with_pc;

    for (uint32_t rest = list; rest; rest &= rest - 1, address += 4) {
        values[count++] = load_word(core, address & ~3u);
        if (unlikely(core->aborted))
            return;
    }
    if (BIT(21))
        core->r[FIELD_RN] = new_base;
    count = 0;
    for (uint32_t rest = list & 0x7fff; rest; rest &= rest - 1) {
        unsigned index = (unsigned)__builtin_ctz(rest);
        *(user_bank ? user_register(core, index) : &core->r[index]) = values[count++];
    }
    if (!with_pc) {
        if (count > 1)
            arm_result_late(core, 1u << (31 - __builtin_clz(list)), ARM_LATE_WORD);
        return;
    }
    if (BIT(22)) { /* return from an exception */
        arm_restore_cpsr(core);
        arm_branch(core, values[count]);
        arm_spend(core, ARM_EXTRA_LOAD_PC);
    } else {
        load_pc(core, values[count]);
    }
}

static void store_multiple(struct arm_core *core, uint32_t instruction, uint32_t address, uint32_t new_base) {
    uint32_t rn = FIELD_RN, list = instruction & 0xffff;
    bool first = true, user_bank = BIT(22);

    for (uint32_t rest = list; rest; rest &= rest - 1, address += 4) {
        unsigned index = (unsigned)__builtin_ctz(rest);
        uint32_t value = user_bank ? *user_register(core, index) : core->r[index];
        if (index == 15)
            value += 4;
        if (index == rn && BIT(21) && !first)
            value = new_base; /* the base is stored as it was only when it is the lowest register of the list */
        first = false;
        store_word(core, address & ~3u, value);
        if (unlikely(core->aborted))
            return;
    }
    if (BIT(21))
        core->r[rn] = new_base;
}

static void multiple_transfer(struct arm_core *core, uint32_t instruction) {
    uint32_t base = core->r[FIELD_RN], words = (uint32_t)__builtin_popcount(instruction & 0xffff), bytes = 4 * words;
    bool up = BIT(23), before = BIT(24);
    uint32_t lowest = up ? base : base - bytes;
    uint32_t address = up == before ? lowest + 4 : lowest;

    arm_spend(core, arm_extra_multiple(words, BIT(20) && BIT(15)));
    if (BIT(20))
        load_multiple(core, instruction, address, up ? base + bytes : base - bytes);
    else
        store_multiple(core, instruction, address, up ? base + bytes : base - bytes);
}

/* ---- A3.3, branches; A3.14, exceptions; CP15 ---- */

ARM_INLINE uint32_t branch_target(const struct arm_core *core, uint32_t instruction) {
    return core->r[15] + (uint32_t)((int32_t)(instruction << 8) >> 6);
}

#define CP15_ID 0x41059680u /* ARM968E-S (TRM, ID register) */

static void coprocessor_register(struct arm_core *core, uint32_t instruction) {
    uint32_t crn = FIELD_RN, crm = FIELD_RM, opcode2 = instruction >> 5 & 7, rd = FIELD_RD;

    if (FIELD_RS != 15) { /* there is no other coprocessor */
        arm_undefined(core);
        return;
    }
    if (BIT(20)) {
        uint32_t value = crn == 0 && opcode2 == 0 ? CP15_ID : crn == 1 ? core->cp15_control : 0;
        if (rd == 15) {
            core->n = value >> 31;
            core->z = value >> 30 & 1;
            core->c = value >> 29 & 1;
            core->v = value >> 28 & 1;
        } else {
            core->r[rd] = value;
        }
        return;
    }
    if (crn == 1)
        core->cp15_control = core->r[rd];
    else if (crn == 7 && ((crm == 0 && opcode2 == 4) || (crm == 8 && opcode2 == 2))) /* wait for interrupt */
        core->waiting = !(core->irq_line || core->fiq_line);
}

/* The unconditional space: BLX to a label, and PLD as a no-operation (ARM ARM A3.16.7). */
static void unconditional(struct arm_core *core, uint32_t instruction) {
    if ((instruction & 0xfe000000u) == 0xfa000000u) {
        uint32_t target = branch_target(core, instruction) + (BIT(24) << 1);
        core->r[14] = core->pc + 4;
        core->thumb = true;
        arm_branch(core, target);
    } else if ((instruction & 0xfd70f000u) != 0xf550f000u) {
        arm_undefined(core);
    }
}

/* Multiplies, swaps and the extra loads and stores: the encodings with bits 7 and 4 set (ARM ARM A3.16.2, A3.16.3). */
static void multiply_or_extra_transfer(struct arm_core *core, uint32_t instruction) {
    if (instruction & 0x60)
        half_or_double_transfer(core, instruction);
    else if ((instruction & 0x0fc00000u) == 0)
        multiply(core, instruction);
    else if ((instruction & 0x0f800000u) == 0x00800000u)
        multiply_long(core, instruction);
    else if ((instruction & 0x0fb00f00u) == 0x01000000u)
        swap(core, instruction);
    else
        arm_undefined(core);
}

void arm_execute_arm(struct arm_core *core, uint32_t instruction) {
    if (unlikely(instruction >> 28 == 15)) {
        unconditional(core, instruction);
        return;
    }
    switch (instruction >> 25 & 7) {
    case 0:
        if ((instruction & 0x90) == 0x90)
            multiply_or_extra_transfer(core, instruction);
        else if ((instruction & 0x01900000u) == 0x01000000u)
            miscellaneous(core, instruction);
        else
            data_processing(core, instruction);
        return;
    case 1:
        if ((instruction & 0x01b00000u) == 0x01200000u)
            move_to_status(core, instruction, rotate_right(instruction & 0xff, 2 * FIELD_RS));
        else if ((instruction & 0x01b00000u) == 0x01000000u)
            arm_undefined(core);
        else
            data_processing(core, instruction);
        return;
    case 3:
        if (unlikely(BIT(4))) {
            arm_undefined(core);
            return;
        }
        /* fall through */
    case 2:
        word_or_byte_transfer(core, instruction);
        return;
    case 4:
        multiple_transfer(core, instruction);
        return;
    case 5:
        if (BIT(24))
            core->r[14] = core->pc + 4;
        arm_branch(core, branch_target(core, instruction));
        return;
    case 7:
        if (BIT(24))
            arm_enter_exception(core, ARM_SVC, ARM_VECTOR_SWI, core->pc + 4);
        else if (BIT(4))
            coprocessor_register(core, instruction);
        else
            arm_undefined(core);
        return;
    default:
        arm_undefined(core);
        return;
    }
}
