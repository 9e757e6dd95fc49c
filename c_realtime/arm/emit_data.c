/* Machine code for data processing: registers, flags, the shifter. */
#include "translator.h"

enum operation { AND, EOR, SUB, RSB, ADD, ADC, SBC, RSC, TST, TEQ, CMP, CMN, ORR, MOV, BIC, MVN };

/* ---- registers ---- */

void emit_load_register(struct translator *translator, const struct step *step, unsigned host, unsigned index) {
    if (index == 15)
        x64_load_imm(translator->code, host, step->pc_value);
    else if (!is_mapped(index))
        x64_mem(translator->code, X64_MOV, host, CORE, register_offset(index));
    else if (arm_host_register[index] != host)
        x64_reg(translator->code, X64_MOV, host, arm_host_register[index]);
}

void emit_store_register(struct translator *translator, unsigned index, unsigned host) {
    if (!is_mapped(index))
        x64_mem(translator->code, X64_MOV_TO, host, CORE, register_offset(index));
    else if (arm_host_register[index] != host)
        x64_reg(translator->code, X64_MOV, arm_host_register[index], host);
}

/* host = host `opcode` register */
void emit_operate(struct translator *translator, const struct step *step, unsigned opcode, unsigned host,
                  unsigned index) {
    if (index == 15) {
        x64_load_imm(translator->code, RCX, step->pc_value);
        x64_reg(translator->code, opcode, host, RCX);
    } else if (is_mapped(index)) {
        x64_reg(translator->code, opcode, host, arm_host_register[index]);
    } else {
        x64_mem(translator->code, opcode, host, CORE, register_offset(index));
    }
}

/* ---- flags ---- */

void emit_flags(struct translator *translator, const struct step *step, enum host_flags kind, unsigned flags) {
    struct x64 *code = translator->code;

    flags &= step->live;
    if (flags & FLAG_N)
        x64_set_mem(code, X64_S, CORE, OFFSET(n));
    if (flags & FLAG_Z)
        x64_set_mem(code, X64_Z, CORE, OFFSET(z));
    if (flags & FLAG_C)
        x64_set_mem(code, kind == HOST_SUB ? X64_NC : X64_C, CORE, OFFSET(c));
    if (flags & FLAG_V)
        x64_set_mem(code, X64_O, CORE, OFFSET(v));
    translator->host_flags = kind;
    translator->host_flags_at = code->at;
}

/* ---- the shifter ---- */

#define CMC 0xf5 /* the carry inverted */

static void emit_carry(struct translator *translator, bool keep_carry) {
    if (keep_carry)
        x64_set_mem(translator->code, X64_C, CORE, OFFSET(c));
}

static void emit_shift_by_immediate(struct translator *translator, enum arm_shift type, unsigned by, unsigned host,
                                    bool keep_carry) {
    static const enum x64_shift shift[4] = {X64_SHL, X64_SHR, X64_SAR, X64_ROR};
    struct x64 *code = translator->code;

    if (by != 0) {
        x64_shift(code, shift[type], host, by);
        emit_carry(translator, keep_carry);
    } else if (type == ARM_LSR) { /* by 32 */
        x64_shift(code, X64_SHL, host, 1);
        emit_carry(translator, keep_carry);
        x64_load_imm(code, host, 0);
    } else if (type == ARM_ASR) {
        x64_shift(code, X64_SAR, host, 31);
        if (keep_carry) {
            x64_reg(code, X64_TEST, host, host);
            x64_set_mem(code, X64_S, CORE, OFFSET(c));
        }
    } else if (type == ARM_ROR) { /* RRX */
        x64_mem_byte_imm(code, X64_G_CMP, CORE, OFFSET(c), 1);
        x64_byte(code, CMC);
        x64_shift(code, X64_RCR, host, 1);
        emit_carry(translator, keep_carry);
    }
}

/* The amount is in ECX. Shifts by 32 and more are done in 64 bits, with the amount cut off at 63. */
static void emit_shift_by_register(struct translator *translator, enum arm_shift type, unsigned host, bool keep_carry) {
    struct x64 *code = translator->code;
    uint8_t *unshifted = NULL;

    x64_reg(code, X64_MOVZX_BYTE, RCX, RCX);
    if (keep_carry) {
        x64_reg(code, X64_TEST, RCX, RCX);
        unshifted = x64_jump_if(code, X64_Z, NULL);
    }
    if (type == ARM_ROR) {
        x64_shift_cl(code, X64_ROR, host, false);
        if (keep_carry) {
            x64_reg(code, X64_TEST, host, host);
            x64_set_mem(code, X64_S, CORE, OFFSET(c));
        }
    } else {
        x64_imm(code, X64_G_CMP, RCX, 63);
        uint8_t *within = x64_jump_if(code, X64_BE, NULL);
        x64_load_imm(code, RCX, 63);
        x64_fill_in(code, within, code->at);
        if (type == ARM_LSL) {
            x64_shift_cl(code, X64_SHL, host, true);
            if (keep_carry) {
                x64_bit_test_wide(code, host, 32);
                emit_carry(translator, true);
            }
        } else {
            /* One bit more at the bottom, where the carry ends up. */
            if (type == ARM_ASR)
                x64_reg(code, X64_MOVSXD, host, host);
            x64_reg(code, X64_ADD | X64_WIDE, host, host);
            x64_shift_cl(code, type == ARM_ASR ? X64_SAR : X64_SHR, host, true);
            x64_shift_wide(code, X64_SAR, host, 1);
            emit_carry(translator, keep_carry);
        }
        x64_reg(code, X64_MOV, host, host); /* the upper half is zero again */
    }
    if (unshifted != NULL)
        x64_fill_in(code, unshifted, code->at);
}

void emit_shifted_operand(struct translator *translator, const struct step *step, unsigned host, bool keep_carry) {
    uint32_t word = step->word;
    enum arm_shift type = word >> 5 & 3;

    if (!BIT(25) && BIT(4)) {
        emit_load_register(translator, step, RCX, FIELD_RS);
        emit_load_register(translator, step, host, FIELD_RM);
        emit_shift_by_register(translator, type, host, keep_carry);
    } else {
        emit_load_register(translator, step, host, FIELD_RM);
        emit_shift_by_immediate(translator, type, word >> 7 & 31, host, keep_carry);
    }
}

/* ---- data processing ---- */

/* The second operand: a constant, a register as it is, or a value in EDX. */
struct operand {
    enum { CONSTANT, REGISTER, VALUE } kind;
    uint32_t value; /* of a constant; a register's number */
};

static struct operand second_operand(struct translator *translator, const struct step *step, bool is_logic) {
    uint32_t word = step->word;
    bool keep_carry = is_logic && BIT(20) && step->live & FLAG_C;

    if (BIT(25)) {
        uint32_t value = rotate_right(word & 0xff, 2 * FIELD_RS);
        if (keep_carry && FIELD_RS)
            x64_store_byte_imm(translator->code, CORE, OFFSET(c), value >> 31);
        return (struct operand){CONSTANT, value};
    }
    if ((word & 0xff0) == 0) {
        if (FIELD_RM == 15)
            return (struct operand){CONSTANT, step->pc_value};
        return (struct operand){REGISTER, FIELD_RM};
    }
    emit_shifted_operand(translator, step, RDX, keep_carry);
    return (struct operand){VALUE, 0};
}

static void emit_operand(struct translator *translator, const struct step *step, enum x64_group group, unsigned host,
                         struct operand operand) {
    unsigned opcode = group << 3 | 3; /* the register forms lie eight apart, in the groups' order */

    if (operand.kind == CONSTANT)
        x64_imm(translator->code, group, host, operand.value);
    else if (operand.kind == REGISTER)
        emit_operate(translator, step, opcode, host, operand.value);
    else
        x64_reg(translator->code, opcode, host, RDX);
}

static void emit_load_operand(struct translator *translator, const struct step *step, unsigned host,
                              struct operand operand) {
    if (operand.kind == CONSTANT)
        x64_load_imm(translator->code, host, operand.value);
    else if (operand.kind == REGISTER)
        emit_load_register(translator, step, host, operand.value);
    else if (host != RDX)
        x64_reg(translator->code, X64_MOV, host, RDX);
}

/* Additions that set no flags: one LEA, which leaves the host's flags alone too. */
static bool emit_address_arithmetic(struct translator *translator, const struct step *step, enum operation operation) {
    uint32_t word = step->word;
    unsigned rd = FIELD_RD, rn = FIELD_RN, rm = FIELD_RM, by = word >> 7 & 31;
    bool flags_valid = translator->host_flags_at == translator->code->at;

    if (BIT(20) || rd == 15 || !is_mapped(rd) || !is_mapped(rn) || (operation != ADD && operation != SUB))
        return false;
    if (BIT(25)) {
        uint32_t value = rotate_right(word & 0xff, 2 * FIELD_RS);
        x64_mem(translator->code, X64_LEA, arm_host_register[rd], arm_host_register[rn],
                (int32_t)(operation == ADD ? value : -value));
    } else if (operation == ADD && !BIT(4) && (word & 0x60) == 0 && by <= 3 && is_mapped(rm)) {
        x64_mem_index(translator->code, X64_LEA, arm_host_register[rd], arm_host_register[rn], arm_host_register[rm],
                      by, 0);
    } else {
        return false;
    }
    if (flags_valid)
        translator->host_flags_at = translator->code->at;
    return true;
}

static void emit_move(struct translator *translator, const struct step *step, struct operand operand, bool inverted) {
    uint32_t word = step->word;
    unsigned rd = FIELD_RD, host = rd != 15 && is_mapped(rd) ? arm_host_register[rd] : RAX;
    bool flags_valid = translator->host_flags_at == translator->code->at && !inverted && !BIT(20);

    if (operand.kind == CONSTANT && inverted)
        operand.value = ~operand.value;
    emit_load_operand(translator, step, host, operand);
    if (inverted && operand.kind != CONSTANT)
        x64_not(translator->code, host);
    if (rd == 15)
        return;
    emit_store_register(translator, rd, host);
    if (flags_valid)
        translator->host_flags_at = translator->code->at;
    if (BIT(20)) {
        x64_reg(translator->code, X64_TEST, host, host);
        emit_flags(translator, step, HOST_LOGIC, FLAG_N | FLAG_Z);
    }
}

/* A comparison's first operand where it lies, or in EAX. */
static unsigned emit_first_operand(struct translator *translator, const struct step *step) {
    uint32_t word = step->word;
    if (FIELD_RN != 15 && is_mapped(FIELD_RN))
        return arm_host_register[FIELD_RN];
    emit_load_register(translator, step, RAX, FIELD_RN);
    return RAX;
}

static void emit_comparison(struct translator *translator, const struct step *step, enum operation operation,
                            struct operand operand) {
    struct x64 *code = translator->code;
    uint32_t word = step->word;

    switch (operation) {
    case CMP:
        emit_operand(translator, step, X64_G_CMP, emit_first_operand(translator, step), operand);
        emit_flags(translator, step, HOST_SUB, FLAGS_ALL);
        return;
    case TST:
        if (operand.kind == CONSTANT) {
            x64_test_imm(code, emit_first_operand(translator, step), operand.value);
        } else {
            emit_load_register(translator, step, RAX, FIELD_RN);
            emit_operand(translator, step, X64_G_AND, RAX, operand);
        }
        emit_flags(translator, step, HOST_LOGIC, FLAG_N | FLAG_Z);
        return;
    default:
        emit_load_register(translator, step, RAX, FIELD_RN);
        emit_operand(translator, step, operation == CMN ? X64_G_ADD : X64_G_XOR, RAX, operand);
        if (operation == CMN)
            emit_flags(translator, step, HOST_ADD, FLAGS_ALL);
        else
            emit_flags(translator, step, HOST_LOGIC, FLAG_N | FLAG_Z);
        return;
    }
}

/* Two operands and a result, which is made in its own register if that is not the operand that is still needed. */
static void emit_arithmetic(struct translator *translator, const struct step *step, enum operation operation,
                            struct operand operand) {
    static const enum x64_group group[16] = {
        [AND] = X64_G_AND, [EOR] = X64_G_XOR, [SUB] = X64_G_SUB, [RSB] = X64_G_SUB, [ADD] = X64_G_ADD,
        [ADC] = X64_G_ADC, [SBC] = X64_G_SBB, [RSC] = X64_G_SBB, [ORR] = X64_G_OR,  [BIC] = X64_G_AND,
    };
    struct x64 *code = translator->code;
    uint32_t word = step->word;
    unsigned rd = FIELD_RD, rn = FIELD_RN;
    bool reversed = operation == RSB || operation == RSC;
    unsigned kept = reversed ? rn : operand.kind == REGISTER ? operand.value : 16;
    unsigned host = rd != 15 && rd != kept && is_mapped(rd) ? arm_host_register[rd] : RAX;

    if (operation == BIC) {
        if (operand.kind == CONSTANT) {
            operand.value = ~operand.value;
        } else {
            emit_load_operand(translator, step, RDX, operand);
            x64_not(code, RDX);
            operand.kind = VALUE;
            host = rd != 15 && is_mapped(rd) ? arm_host_register[rd] : RAX;
        }
    }
    if (reversed)
        emit_load_operand(translator, step, host, operand);
    else
        emit_load_register(translator, step, host, rn);
    if (operation == ADC || operation == SBC || operation == RSC) {
        x64_mem_byte_imm(code, X64_G_CMP, CORE, OFFSET(c), 1); /* the host borrows where ARM does not carry */
        if (operation == ADC)
            x64_byte(code, CMC);
    }
    if (reversed)
        emit_operate(translator, step, group[operation] << 3 | 3, host, rn);
    else
        emit_operand(translator, step, group[operation], host, operand);
    if (rd == 15) { /* in EAX */
        return;
    }
    emit_store_register(translator, rd, host); /* moves leave the flags */
    if (!BIT(20))
        return;
    switch (operation) {
    case ADD:
    case ADC:
        emit_flags(translator, step, HOST_ADD, FLAGS_ALL);
        break;
    case SUB:
    case SBC:
    case RSB:
    case RSC:
        emit_flags(translator, step, HOST_SUB, FLAGS_ALL);
        break;
    default:
        emit_flags(translator, step, HOST_LOGIC, FLAG_N | FLAG_Z);
        break;
    }
}

void emit_data_processing(struct translator *translator, const struct step *step) {
    uint32_t word = step->word;
    enum operation operation = word >> 21 & 15;
    bool is_logic = operation <= EOR || operation == TST || operation == TEQ || operation >= ORR;

    if (emit_address_arithmetic(translator, step, operation))
        return;
    struct operand operand = second_operand(translator, step, is_logic);
    if (operation == MOV || operation == MVN)
        emit_move(translator, step, operand, operation == MVN);
    else if (operation >= TST && operation <= CMN)
        emit_comparison(translator, step, operation, operand);
    else
        emit_arithmetic(translator, step, operation, operand);
    if (operation != TST && operation != TEQ && operation != CMP && operation != CMN && FIELD_RD == 15) {
        /* The pc is written in ARM state, which stays, whatever the lowest bits are. */
        x64_imm(translator->code, X64_G_AND, RAX, ~3u);
        emit_exchange(translator);
    }
}
