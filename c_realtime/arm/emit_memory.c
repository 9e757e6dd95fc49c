/* Machine code for loads and stores. What lies in DTCM is done in place. Anything else is tried by a helper that all
 * translations share. If that cannot, nothing has changed by then: the core's own devices are asked by
 * arm_access_within(), and else (refusals, ITCM being written, unaligned words, a budget that does not cover the wait)
 * the interpreter executes the instruction. */
#include "translator.h"

/* The address is made as an offset from DTCM, in ECX. */
#define DTCM_OFFSET     OFFSET(dtcm)
#define BIASED(address) ((int32_t)((address) - ARM_DTCM_BASE))

enum access { WORD, HALF, BYTE, SIGNED_HALF, SIGNED_BYTE };

/* ---- addresses ---- */

static void emit_base_plus(struct translator *translator, const struct step *step, unsigned rn, uint32_t offset) {
    struct x64 *code = translator->code;

    if (rn == 15) {
        x64_load_imm(code, RCX, (uint32_t)BIASED(step->pc_value + offset));
    } else if (is_mapped(rn)) {
        x64_mem(code, X64_LEA, RCX, arm_host_register[rn], BIASED(offset));
    } else {
        emit_load_register(translator, step, RCX, rn);
        x64_mem(code, X64_LEA, RCX, RCX, BIASED(offset));
    }
}

/* The base with a register added or subtracted. */
static void emit_base_and_register(struct translator *translator, const struct step *step, unsigned rn, bool up,
                                   bool is_shifted) {
    struct x64 *code = translator->code;
    uint32_t word = step->word;
    unsigned rm = FIELD_RM, by = is_shifted ? word >> 7 & 31 : 0;
    bool simple = !is_shifted || ((word & 0x60) == 0 && by <= 3);

    if (up && simple && rn != 15 && is_mapped(rn) && is_mapped(rm)) {
        x64_mem_index(code, X64_LEA, RCX, arm_host_register[rn], arm_host_register[rm], by, BIASED(0));
        return;
    }
    if (is_shifted)
        emit_shifted_operand(translator, step, RDX, false);
    else
        emit_load_register(translator, step, RDX, rm);
    if (!up)
        x64_neg(code, RDX);
    emit_load_register(translator, step, RCX, rn);
    x64_mem_index(code, X64_LEA, RCX, RCX, RDX, 0, BIASED(0));
}

static void emit_add_to_base(struct translator *translator, unsigned rn, uint32_t offset) {
    if (is_mapped(rn))
        x64_mem(translator->code, X64_LEA, arm_host_register[rn], arm_host_register[rn], (int32_t)offset);
    else
        x64_mem_imm(translator->code, X64_G_ADD, CORE, register_offset(rn), offset);
}

static void emit_add_register_to_base(struct translator *translator, const struct step *step, unsigned rn, bool up,
                                      bool is_shifted) {
    struct x64 *code = translator->code;
    uint32_t word = step->word;

    if (is_shifted)
        emit_shifted_operand(translator, step, RDX, false);
    else
        emit_load_register(translator, step, RDX, FIELD_RM);
    if (!up)
        x64_neg(code, RDX);
    if (is_mapped(rn))
        x64_reg(code, X64_ADD, arm_host_register[rn], RDX);
    else
        x64_mem(code, 0x01, RDX, CORE, register_offset(rn)); /* ADD to memory */
}

/* ---- single accesses ---- */

/* Is the offset a register that is shifted? */
static bool has_shifted_offset(uint32_t word) {
    return (word >> 26 & 3) == 1 && BIT(25) && word & 0xfe0;
}

static void keep_access(struct end *end, const struct step *step, unsigned bytes, bool load) {
    end->step = *step;
    end->what = bytes | (load ? ACCESS_LOADS : 0) |
                ACCESS_CYCLES(1u + (has_shifted_offset(step->word) ? ARM_EXTRA_SHIFTED_OFFSET : 0));
}

/* Go elsewhere if the address in ECX is not in DTCM or not a multiple of `bytes`. */
static struct end *emit_check(struct translator *translator, const struct step *step, enum end_kind kind,
                              unsigned bytes) {
    x64_test_imm(translator->code, RCX, (uint32_t)~(ARM_DTCM_SIZE - 1) | (bytes - 1));
    struct end *end = add_end(translator, kind, x64_jump_if(translator->code, X64_NZ, NULL));

    end->pc = step->pc;
    end->refund = refund_from(translator, step);
    return end;
}

static unsigned bytes_of(enum access access) {
    return access == WORD ? 4 : access == HALF || access == SIGNED_HALF ? 2 : 1;
}

static const uint8_t *helper_of(const struct translator *translator, enum access access, bool load) {
    const struct arm_stubs *stubs = &translator->translations->stubs;
    switch (bytes_of(access)) {
    case 4:
        return load ? stubs->load_word : stubs->store_word;
    case 2:
        return load ? stubs->load_half : stubs->store_half;
    default:
        return load ? stubs->load_byte : stubs->store_byte;
    }
}

static const unsigned load_opcode[] = {X64_MOV, X64_MOVZX_HALF, X64_MOVZX_BYTE, X64_MOVSX_HALF, X64_MOVSX_BYTE};
static const unsigned store_opcode[] = {X64_MOV_TO, X64_MOV_HALF_TO, X64_MOV_BYTE_TO};

static void emit_load(struct translator *translator, const struct step *step, enum access access, unsigned rd) {
    struct x64 *code = translator->code;
    unsigned host = rd != 15 && is_mapped(rd) ? arm_host_register[rd] : RAX;
    struct end *end = emit_check(translator, step, END_LOAD, bytes_of(access));

    x64_mem_index(code, load_opcode[access], host, CORE, RCX, 0, DTCM_OFFSET);
    end->back = code->at;
    end->helper = helper_of(translator, access, true);
    end->opcode = access == SIGNED_HALF || access == SIGNED_BYTE ? load_opcode[access] : X64_MOV;
    end->host = host;
    keep_access(end, step, bytes_of(access), true);
    if (rd != 15)
        emit_store_register(translator, rd, host);
}

static void emit_store(struct translator *translator, const struct step *step, enum access access, unsigned rd) {
    struct x64 *code = translator->code;
    unsigned host = is_mapped(rd) ? arm_host_register[rd] : RDX;

    emit_load_register(translator, step, host, rd);
    struct end *end = emit_check(translator, step, END_STORE, bytes_of(access));
    x64_mem_index(code, store_opcode[access], host, CORE, RCX, 0, DTCM_OFFSET);
    end->back = code->at;
    end->helper = helper_of(translator, access, false);
    end->host = host;
    keep_access(end, step, bytes_of(access), false);
}

/* A word of the literal pool; the page may lie elsewhere than the literal, so its value is not known here. */
static bool emit_literal(struct translator *translator, const struct step *step, uint32_t offset, unsigned rd) {
    uint32_t address = step->pc_value + offset;
    unsigned host = rd != 15 && is_mapped(rd) ? arm_host_register[rd] : RAX;

    if (address & 3 || address >= ARM_ITCM_SIZE)
        return false;
    x64_mem(translator->code, X64_MOV, host, CORE, OFFSET(itcm) + (int32_t)address);
    if (rd != 15)
        emit_store_register(translator, rd, host);
    return true;
}

static void emit_word_or_byte(struct translator *translator, const struct step *step) {
    uint32_t word = step->word;
    unsigned rn = FIELD_RN, rd = FIELD_RD;
    bool by_register = BIT(25), up = BIT(23), pre = BIT(24), load = BIT(20);
    uint32_t offset = by_register ? 0 : up ? word & 0xfff : -(word & 0xfff);
    enum access access = BIT(22) ? BYTE : WORD;
    bool is_literal = rn == 15 && load && access == WORD && !by_register && pre;

    if (!is_literal || !emit_literal(translator, step, offset, rd)) {
        if (by_register && pre)
            emit_base_and_register(translator, step, rn, up, true);
        else
            emit_base_plus(translator, step, rn, pre ? offset : 0);
        if (load)
            emit_load(translator, step, access, rd);
        else
            emit_store(translator, step, access, rd);
    }
    if (load && rd == 15) {
        x64_push(translator->code, RAX);
        emit_write_back(translator, step);
        x64_pop(translator->code, RAX);
        emit_exchange(translator);
    } else {
        emit_write_back(translator, step);
    }
}

/* ---- half-words, signed bytes, doubles ---- */

static void emit_double(struct translator *translator, const struct step *step, unsigned rd, bool load) {
    struct x64 *code = translator->code;

    emit_check(translator, step, END_STEP, 8);
    for (unsigned i = 0; i < 2; i++) {
        unsigned host = is_mapped(rd + i) ? arm_host_register[rd + i] : RAX;
        if (!load)
            emit_load_register(translator, step, host, rd + i);
        x64_mem_index(code, load ? X64_MOV : X64_MOV_TO, host, CORE, RCX, 0, DTCM_OFFSET + 4 * (int32_t)i);
        if (load)
            emit_store_register(translator, rd + i, host);
    }
}

static void emit_half_or_double(struct translator *translator, const struct step *step) {
    uint32_t word = step->word;
    unsigned rn = FIELD_RN, rd = FIELD_RD, kind = word >> 5 & 3;
    bool by_register = !BIT(22), up = BIT(23), pre = BIT(24), load = BIT(20);
    uint32_t magnitude = (word >> 4 & 0xf0) | (word & 15), offset = by_register ? 0 : up ? magnitude : -magnitude;

    if (by_register && pre)
        emit_base_and_register(translator, step, rn, up, false);
    else
        emit_base_plus(translator, step, rn, pre ? offset : 0);
    if (!load && kind >= 2)
        emit_double(translator, step, rd, kind == 2);
    else if (load)
        emit_load(translator, step, kind == 1 ? HALF : kind == 2 ? SIGNED_BYTE : SIGNED_HALF, rd);
    else
        emit_store(translator, step, HALF, rd);
    emit_write_back(translator, step);
}

void emit_transfer(struct translator *translator, const struct step *step) {
    uint32_t word = step->word;
    if ((word >> 26 & 3) == 1)
        emit_word_or_byte(translator, step);
    else
        emit_half_or_double(translator, step);
}

void emit_write_back(struct translator *translator, const struct step *step) {
    uint32_t word = step->word;
    bool is_plain = (word >> 26 & 3) == 1; /* a word or a byte */
    bool by_register = is_plain ? BIT(25) : !BIT(22);
    uint32_t magnitude = is_plain ? word & 0xfff : (word >> 4 & 0xf0) | (word & 15);

    if (BIT(24) && !BIT(21))
        return;
    if (by_register)
        emit_add_register_to_base(translator, step, FIELD_RN, BIT(23), is_plain);
    else
        emit_add_to_base(translator, FIELD_RN, BIT(23) ? magnitude : -magnitude);
}

/* ---- several registers ---- */

void emit_multiple_transfer(struct translator *translator, const struct step *step) {
    struct x64 *code = translator->code;
    uint32_t word = step->word, list = word & 0xffff, bytes = 4 * (uint32_t)__builtin_popcount(list);
    unsigned rn = FIELD_RN;
    bool up = BIT(23), before = BIT(24), load = BIT(20);
    uint32_t lowest = (up ? 0 : -bytes) + (up == before ? 4 : 0);
    int32_t place = DTCM_OFFSET;

    emit_base_plus(translator, step, rn, lowest);
    emit_check(translator, step, END_STEP, 4);
    if (bytes > 4) { /* the last word as well */
        x64_imm(code, X64_G_CMP, RCX, ARM_DTCM_SIZE - bytes);
        emit_step_if(translator, step, X64_A);
    }
    if (load && BIT(21))
        emit_add_to_base(translator, rn, up ? bytes : -bytes);
    for (; list; list &= list - 1, place += 4) {
        unsigned index = (unsigned)__builtin_ctz(list);
        unsigned host = index != 15 && is_mapped(index) ? arm_host_register[index] : load ? RAX : RDX;
        if (!load)
            emit_load_register(translator, step, host, index);
        x64_mem_index(code, load ? X64_MOV : X64_MOV_TO, host, CORE, RCX, 0, place);
        if (load && index != 15)
            emit_store_register(translator, index, host);
    }
    if (!load && BIT(21))
        emit_add_to_base(translator, rn, up ? bytes : -bytes);
    if (load && BIT(15))
        emit_exchange(translator);
}
