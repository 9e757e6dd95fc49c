/* The Thumb instruction set of ARMv5TE (ARM ARM chapters A6 and A7), grouped by the top five bits. */
#include "internal.h"

#define LOW_RD (instruction & 7) /* also Rn of some */
#define LOW_RM (instruction >> 3 & 7)
#define LOW_R6 (instruction >> 6 & 7)
#define LOW_R8 (instruction >> 8 & 7)
#define IMM5   (instruction >> 6 & 31)
#define IMM8   (instruction & 0xff)

/* ---- arithmetic ---- */

static void shift_immediate(struct arm_core *core, uint32_t instruction) {
    uint32_t carry, result = shift_by_immediate(core, core->r[LOW_RM], instruction >> 11 & 3, IMM5, &carry);
    set_nz(core, result);
    core->c = carry;
    core->r[LOW_RD] = result;
}

static void add_or_subtract(struct arm_core *core, uint32_t instruction) {
    uint32_t b = instruction & 0x400 ? LOW_R6 : core->r[LOW_R6];
    uint32_t a = core->r[LOW_RM];
    core->r[LOW_RD] = instruction & 0x200 ? add_with_flags(core, a, ~b, 1) : add_with_flags(core, a, b, 0);
}

enum register_operation { AND, EOR, LSL, LSR, ASR, ADC, SBC, ROR, TST, NEG, CMP, CMN, ORR, MUL, BIC, MVN };

static void register_operation(struct arm_core *core, uint32_t instruction) {
    enum register_operation operation = instruction >> 6 & 15;
    uint32_t rd = LOW_RD, a = core->r[rd], b = core->r[LOW_RM], carry, result;

    switch (operation) {
    case LSL:
    case LSR:
    case ASR:
    case ROR: {
        enum arm_shift type = operation == ROR ? ARM_ROR : (enum arm_shift)(operation - LSL);
        result = shift_by_register(core, a, type, b, &carry);
        core->c = carry;
        arm_spend(core, ARM_EXTRA_REGISTER_SHIFT);
        break;
    }
    case ADC:
        core->r[rd] = add_with_flags(core, a, b, core->c);
        return;
    case SBC:
        core->r[rd] = add_with_flags(core, a, ~b, core->c);
        return;
    case NEG:
        core->r[rd] = add_with_flags(core, 0, ~b, 1);
        return;
    case CMP:
        add_with_flags(core, a, ~b, 1);
        return;
    case CMN:
        add_with_flags(core, a, b, 0);
        return;
    case TST:
        set_nz(core, a & b);
        return;
    case AND:
        result = a & b;
        break;
    case EOR:
        result = a ^ b;
        break;
    case ORR:
        result = a | b;
        break;
    case MUL:
        result = a * b;
        arm_spend(core, ARM_EXTRA_MULTIPLY + ARM_EXTRA_MULTIPLY_FLAGS);
        break;
    case BIC:
        result = a & ~b;
        break;
    default:
        result = ~b;
        break;
    }
    set_nz(core, result);
    core->r[rd] = result;
}

/* ADD, CMP and MOV on all sixteen registers, BX and BLX. */
static void high_register_operation(struct arm_core *core, uint32_t instruction) {
    uint32_t rd = (instruction & 7) | (instruction >> 4 & 8), value = core->r[instruction >> 3 & 15];

    switch (instruction >> 8 & 3) {
    case 0:
        value += core->r[rd];
        break;
    case 1:
        add_with_flags(core, core->r[rd], ~value, 1);
        return;
    case 2:
        break;
    default:
        if (instruction & 0x80)
            core->r[14] = (core->pc + 2) | 1;
        arm_branch_exchange(core, value);
        return;
    }
    if (rd == 15)
        arm_branch(core, value);
    else
        core->r[rd] = value;
}

/* ---- loads and stores ---- */

ARM_INLINE void keep_loaded(struct arm_core *core, uint32_t rd, uint32_t value, enum arm_late late) {
    if (unlikely(core->aborted))
        return;
    core->r[rd] = value;
    arm_result_late(core, 1u << rd, late);
}

static void register_offset_transfer(struct arm_core *core, uint32_t instruction) {
    uint32_t address = core->r[LOW_RM] + core->r[LOW_R6], rd = LOW_RD;

    switch (instruction >> 9 & 7) {
    case 0:
        store_word(core, address, core->r[rd]);
        return;
    case 1:
        store_half(core, address, core->r[rd]);
        return;
    case 2:
        store_byte(core, address, core->r[rd]);
        return;
    case 3:
        keep_loaded(core, rd, (uint32_t)(int8_t)load_byte(core, address), ARM_LATE_NARROW);
        return;
    case 4:
        keep_loaded(core, rd, load_word(core, address), ARM_LATE_WORD);
        return;
    case 5:
        keep_loaded(core, rd, load_half(core, address), ARM_LATE_NARROW);
        return;
    case 6:
        keep_loaded(core, rd, load_byte(core, address), ARM_LATE_NARROW);
        return;
    default:
        keep_loaded(core, rd, (uint32_t)(int16_t)load_half(core, address), ARM_LATE_NARROW);
        return;
    }
}

ARM_INLINE void spend_multiple(struct arm_core *core, uint32_t list) {
    arm_spend(core, arm_extra_multiple((uint32_t)__builtin_popcount(list), list >> 15));
}

/* The last of several registers comes late. */
ARM_INLINE void last_is_late(struct arm_core *core, uint32_t list) {
    if (list & (list - 1))
        arm_result_late(core, 1u << (31 - __builtin_clz(list)), ARM_LATE_WORD);
}

/* Read the words for `list` from `address` on; false if one was refused. */
static bool load_list(struct arm_core *core, uint32_t list, uint32_t address, uint32_t values[9]) {
    unsigned count = 0;
    for (; list; list &= list - 1, address += 4) {
        values[count++] = load_word(core, address & ~3u);
        if (core->aborted)
            return false;
    }
    return true;
}

static void push(struct arm_core *core, uint32_t instruction) {
    uint32_t list = IMM8 | (instruction & 0x100 ? 1u << 14 : 0);
    uint32_t base = core->r[13] - 4 * (uint32_t)__builtin_popcount(list), address = base;

    spend_multiple(core, list);
    for (; list; list &= list - 1, address += 4) {
        store_word(core, address & ~3u, core->r[__builtin_ctz(list)]);
        if (core->aborted)
            return;
    }
    core->r[13] = base;
}

static void pop(struct arm_core *core, uint32_t instruction) {
    uint32_t list = IMM8 | (instruction & 0x100 ? 1u << 15 : 0), values[9], count = 0;

    spend_multiple(core, list);
    if (!load_list(core, list, core->r[13], values))
        return;
    core->r[13] += 4 * (uint32_t)__builtin_popcount(list);
    for (; list; list &= list - 1) {
        unsigned index = (unsigned)__builtin_ctz(list);
        if (index == 15) {
            arm_branch_exchange(core, values[count]);
            arm_spend(core, ARM_EXTRA_LOAD_PC);
        } else {
            core->r[index] = values[count++];
        }
    }
    if (!(instruction & 0x100))
        last_is_late(core, IMM8);
}

static void store_multiple(struct arm_core *core, uint32_t instruction) {
    uint32_t rn = LOW_R8, list = IMM8, address = core->r[rn];
    uint32_t new_base = address + 4 * (uint32_t)__builtin_popcount(list);
    bool first = true;

    spend_multiple(core, list);
    for (; list; list &= list - 1, address += 4) {
        unsigned index = (unsigned)__builtin_ctz(list);
        store_word(core, address & ~3u, index == rn && !first ? new_base : core->r[index]);
        first = false;
        if (core->aborted)
            return;
    }
    core->r[rn] = new_base;
}

static void load_multiple(struct arm_core *core, uint32_t instruction) {
    uint32_t rn = LOW_R8, list = IMM8, values[9], count = 0;

    spend_multiple(core, list);
    if (!load_list(core, list, core->r[rn], values))
        return;
    core->r[rn] += 4 * (uint32_t)__builtin_popcount(list);
    for (; list; list &= list - 1)
        core->r[__builtin_ctz(list)] = values[count++]; /* a base in the list gets the loaded word */
    last_is_late(core, IMM8);
}

/* ---- the rest ---- */

/* Stack pointer adjustment, PUSH, POP and BKPT. */
static void stack_operation(struct arm_core *core, uint32_t instruction) {
    uint32_t offset = 4 * (instruction & 0x7f);

    if ((instruction & 0xff00) == 0xb000)
        core->r[13] += instruction & 0x80 ? -offset : offset;
    else if ((instruction & 0xfe00) == 0xb400)
        push(core, instruction);
    else if ((instruction & 0xfe00) == 0xbc00)
        pop(core, instruction);
    else if ((instruction & 0xff00) == 0xbe00)
        arm_enter_exception(core, ARM_ABT, ARM_VECTOR_PREFETCH_ABORT, core->pc + 4);
    else
        arm_undefined(core);
}

static void conditional_branch_or_swi(struct arm_core *core, uint32_t instruction) {
    uint32_t condition = instruction >> 8 & 15;

    if (condition == 15)
        arm_enter_exception(core, ARM_SVC, ARM_VECTOR_SWI, core->pc + 2);
    else if (condition == 14)
        arm_undefined(core);
    else if (arm_condition(core, condition))
        arm_branch(core, core->r[15] + 2 * (uint32_t)(int8_t)instruction);
}

/* The second half of BL (back to Thumb) or BLX (on to ARM); r14 holds what the first half left there. */
static void long_branch(struct arm_core *core, uint32_t instruction, bool to_arm) {
    uint32_t target = core->r[14] + 2 * (instruction & 0x7ff);

    core->r[14] = (core->pc + 2) | 1;
    core->thumb = !to_arm;
    arm_branch(core, target);
}

void arm_execute_thumb(struct arm_core *core, uint32_t instruction) {
    uint32_t *r = core->r;

    switch (instruction >> 11) {
    case 0:
    case 1:
    case 2:
        shift_immediate(core, instruction);
        return;
    case 3:
        add_or_subtract(core, instruction);
        return;
    case 4: /* MOV */
        r[LOW_R8] = IMM8;
        set_nz(core, IMM8);
        return;
    case 5: /* CMP */
        add_with_flags(core, r[LOW_R8], ~IMM8, 1);
        return;
    case 6: /* ADD */
        r[LOW_R8] = add_with_flags(core, r[LOW_R8], IMM8, 0);
        return;
    case 7: /* SUB */
        r[LOW_R8] = add_with_flags(core, r[LOW_R8], ~IMM8, 1);
        return;
    case 8:
        if (instruction & 0x400)
            high_register_operation(core, instruction);
        else
            register_operation(core, instruction);
        return;
    case 9: /* LDR from the literal pool */
        keep_loaded(core, LOW_R8, load_word(core, (r[15] & ~3u) + 4 * IMM8), ARM_LATE_WORD);
        return;
    case 10:
    case 11:
        register_offset_transfer(core, instruction);
        return;
    case 12:
        store_word(core, r[LOW_RM] + 4 * IMM5, r[LOW_RD]);
        return;
    case 13:
        keep_loaded(core, LOW_RD, load_word(core, r[LOW_RM] + 4 * IMM5), ARM_LATE_WORD);
        return;
    case 14:
        store_byte(core, r[LOW_RM] + IMM5, r[LOW_RD]);
        return;
    case 15:
        keep_loaded(core, LOW_RD, load_byte(core, r[LOW_RM] + IMM5), ARM_LATE_NARROW);
        return;
    case 16:
        store_half(core, r[LOW_RM] + 2 * IMM5, r[LOW_RD]);
        return;
    case 17:
        keep_loaded(core, LOW_RD, load_half(core, r[LOW_RM] + 2 * IMM5), ARM_LATE_NARROW);
        return;
    case 18:
        store_word(core, r[13] + 4 * IMM8, r[LOW_R8]);
        return;
    case 19:
        keep_loaded(core, LOW_R8, load_word(core, r[13] + 4 * IMM8), ARM_LATE_WORD);
        return;
    case 20:
        r[LOW_R8] = (r[15] & ~3u) + 4 * IMM8;
        return;
    case 21:
        r[LOW_R8] = r[13] + 4 * IMM8;
        return;
    case 22:
    case 23:
        stack_operation(core, instruction);
        return;
    case 24:
        store_multiple(core, instruction);
        return;
    case 25:
        load_multiple(core, instruction);
        return;
    case 26:
    case 27:
        conditional_branch_or_swi(core, instruction);
        return;
    case 28:
        arm_branch(core, r[15] + (uint32_t)((int32_t)(instruction << 21) >> 20));
        return;
    case 29:
        if (instruction & 1) /* BLX to an odd half-word does not exist (ARM ARM A7.1.18) */
            arm_undefined(core);
        else
            long_branch(core, instruction, true);
        return;
    case 30: /* the first half of BL and BLX: the upper part of the offset */
        r[14] = r[15] + (uint32_t)((int32_t)(instruction << 21) >> 9);
        return;
    default:
        long_branch(core, instruction, false);
        return;
    }
}
