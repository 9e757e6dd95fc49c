/* Machine code for multiplies and for the instructions between data processing and them: CLZ, QADD, BX. */
#include "translator.h"

/* ---- multiplies of words ---- */

static void emit_multiply_word(struct translator *translator, const struct step *step) {
    struct x64 *code = translator->code;
    uint32_t word = step->word;

    emit_load_register(translator, step, RAX, FIELD_RM);
    emit_operate(translator, step, X64_IMUL, RAX, FIELD_RS);
    if (BIT(21))
        emit_operate(translator, step, X64_ADD, RAX, FIELD_RD);
    emit_store_register(translator, FIELD_RN, RAX);
    if (BIT(20)) {
        x64_reg(code, X64_TEST, RAX, RAX);
        emit_flags(translator, step, HOST_LOGIC, FLAG_N | FLAG_Z);
    }
}

/* RAX += the ARM registers high:low */
static void emit_add_pair(struct translator *translator, const struct step *step, unsigned low, unsigned high) {
    struct x64 *code = translator->code;

    emit_load_register(translator, step, RDX, high);
    x64_shift_wide(code, X64_SHL, RDX, 32);
    emit_load_register(translator, step, RCX, low); /* clears the upper half of RCX */
    x64_reg(code, X64_OR | X64_WIDE, RDX, RCX);
    x64_reg(code, X64_ADD | X64_WIDE, RAX, RDX);
}

/* The ARM registers high:low = RAX, which is shifted. */
static void emit_store_pair(struct translator *translator, unsigned low, unsigned high) {
    emit_store_register(translator, low, RAX);
    x64_shift_wide(translator->code, X64_SHR, RAX, 32);
    emit_store_register(translator, high, RAX);
}

static void emit_multiply_long(struct translator *translator, const struct step *step) {
    struct x64 *code = translator->code;
    uint32_t word = step->word;

    emit_load_register(translator, step, RAX, FIELD_RM);
    emit_load_register(translator, step, RCX, FIELD_RS);
    if (BIT(22)) {
        x64_reg(code, X64_MOVSXD, RAX, RAX);
        x64_reg(code, X64_MOVSXD, RCX, RCX);
    }
    x64_reg(code, X64_IMUL | X64_WIDE, RAX, RCX); /* of two words, signed or not, the product's 64 bits */
    if (BIT(21))
        emit_add_pair(translator, step, FIELD_RD, FIELD_RN);
    if (BIT(20)) {
        x64_reg(code, X64_TEST | X64_WIDE, RAX, RAX);
        emit_flags(translator, step, HOST_NONE, FLAG_N | FLAG_Z);
    }
    emit_store_pair(translator, FIELD_RD, FIELD_RN);
}

void emit_multiply(struct translator *translator, const struct step *step) {
    uint32_t word = step->word;
    if (BIT(23))
        emit_multiply_long(translator, step);
    else
        emit_multiply_word(translator, step);
}

/* ---- multiplies of half-words ---- */

static void emit_half(struct translator *translator, const struct step *step, unsigned host, unsigned index, bool top) {
    emit_load_register(translator, step, host, index);
    if (top)
        x64_shift(translator->code, X64_SAR, host, 16);
    else
        x64_reg(translator->code, X64_MOVSX_HALF, host, host);
}

/* EAX += a register; Q remembers an overflow. */
static void emit_accumulate(struct translator *translator, const struct step *step, unsigned index) {
    struct x64 *code = translator->code;

    emit_operate(translator, step, X64_ADD, RAX, index);
    x64_set(code, X64_O, RCX);
    x64_mem(code, X64_OR_BYTE_TO, RCX, CORE, OFFSET(q));
}

static void emit_multiply_half(struct translator *translator, const struct step *step) {
    struct x64 *code = translator->code;
    uint32_t word = step->word;
    unsigned operation = word >> 21 & 3;

    emit_half(translator, step, RCX, FIELD_RS, BIT(6));
    if (operation == 1) { /* SMLAWy, SMULWy */
        emit_load_register(translator, step, RAX, FIELD_RM);
        x64_reg(code, X64_MOVSXD, RAX, RAX);
        x64_reg(code, X64_MOVSXD, RCX, RCX);
        x64_reg(code, X64_IMUL | X64_WIDE, RAX, RCX);
        x64_shift_wide(code, X64_SAR, RAX, 16);
        if (!BIT(5))
            emit_accumulate(translator, step, FIELD_RD);
        emit_store_register(translator, FIELD_RN, RAX);
        return;
    }
    emit_half(translator, step, RAX, FIELD_RM, BIT(5));
    x64_reg(code, X64_IMUL, RAX, RCX);
    if (operation == 2) { /* SMLALxy */
        x64_reg(code, X64_MOVSXD, RAX, RAX);
        emit_add_pair(translator, step, FIELD_RD, FIELD_RN);
        emit_store_pair(translator, FIELD_RD, FIELD_RN);
        return;
    }
    if (operation == 0) /* SMLAxy */
        emit_accumulate(translator, step, FIELD_RD);
    emit_store_register(translator, FIELD_RN, RAX);
}

/* ---- the rest ---- */

static void emit_saturating_add(struct translator *translator, const struct step *step) {
    struct x64 *code = translator->code;
    uint32_t word = step->word;

    emit_load_register(translator, step, RAX, FIELD_RM);
    x64_reg(code, X64_MOV, RDX, RAX);
    x64_shift(code, X64_SAR, RDX, 31);
    x64_imm(code, X64_G_XOR, RDX, 0x7fffffffu); /* where an overflow goes to, by the first operand's sign */
    emit_operate(translator, step, BIT(21) ? X64_SUB : X64_ADD, RAX, FIELD_RN);
    x64_reg(code, X64_CMOV | X64_O, RAX, RDX);
    x64_set(code, X64_O, RCX);
    x64_mem(code, X64_OR_BYTE_TO, RCX, CORE, OFFSET(q));
    emit_store_register(translator, FIELD_RD, RAX);
}

static void emit_count_zeros(struct translator *translator, const struct step *step) {
    struct x64 *code = translator->code;
    uint32_t word = step->word;

    emit_load_register(translator, step, RAX, FIELD_RM);
    x64_load_imm(code, RCX, 63);
    x64_reg(code, X64_BSR, RAX, RAX);
    x64_reg(code, X64_CMOV | X64_Z, RAX, RCX);
    x64_imm(code, X64_G_XOR, RAX, 31); /* 31 - the highest bit; 32 for none */
    emit_store_register(translator, FIELD_RD, RAX);
}

static void emit_branch_exchange(struct translator *translator, const struct step *step, bool links) {
    uint32_t word = step->word;

    emit_load_register(translator, step, RAX, FIELD_RM);
    if (links) { /* r14 is kept in memory */
        uint32_t link = translator->thumb ? (step->pc + 2) | 1 : step->pc + 4;
        x64_store_imm(translator->code, CORE, register_offset(14), link);
    }
    emit_exchange(translator);
}

void emit_miscellaneous(struct translator *translator, const struct step *step) {
    uint32_t word = step->word;

    if (BIT(25)) { /* whose other bits are an immediate */
        emit_status_write(translator, step);
        return;
    }
    switch (word >> 4 & 15) {
    case 0x0:
        if (BIT(21))
            emit_status_write(translator, step);
        else
            emit_status_read(translator, step);
        return;
    case 0x1:
        if ((word & 0x00600000u) == 0x00600000u)
            emit_count_zeros(translator, step);
        else
            emit_branch_exchange(translator, step, false);
        return;
    case 0x3:
        emit_branch_exchange(translator, step, true);
        return;
    case 0x5:
        emit_saturating_add(translator, step);
        return;
    default:
        emit_multiply_half(translator, step);
        return;
    }
}
