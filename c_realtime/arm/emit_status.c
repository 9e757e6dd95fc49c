/* Machine code for MRS and MSR of CPSR. Software masks and unmasks interrupts by them, around every critical section.
 * A write that changes the mode, or that comes while an interrupt line is up, is left to the interpreter. */
#include "translator.h"

void emit_status_read(struct translator *translator, const struct step *step) {
    static const int32_t flags[] = {OFFSET(z), OFFSET(c), OFFSET(v), OFFSET(q)};
    struct x64 *code = translator->code;
    uint32_t word = step->word;

    x64_mem(code, X64_MOVZX_BYTE, RAX, CORE, OFFSET(n));
    for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++) {
        x64_reg(code, X64_ADD, RAX, RAX);
        x64_mem(code, X64_OR_BYTE, RAX, CORE, flags[i]);
    }
    x64_shift(code, X64_SHL, RAX, 27);
    x64_mem(code, X64_MOVZX_BYTE, RCX, CORE, OFFSET(irq_masked));
    x64_shift(code, X64_SHL, RCX, 7);
    x64_reg(code, X64_OR, RAX, RCX);
    x64_mem(code, X64_MOVZX_BYTE, RCX, CORE, OFFSET(fiq_masked));
    x64_shift(code, X64_SHL, RCX, 6);
    x64_reg(code, X64_OR, RAX, RCX);
    x64_mem(code, X64_OR, RAX, CORE, OFFSET(mode)); /* and the state is ARM */
    emit_store_register(translator, FIELD_RD, RAX);
}

static void emit_bit(struct translator *translator, unsigned bit, int32_t offset) {
    x64_bit_test_wide(translator->code, RAX, bit);
    x64_set_mem(translator->code, X64_C, CORE, offset);
}

void emit_status_write(struct translator *translator, const struct step *step) {
    static const int32_t flags[] = {OFFSET(n), OFFSET(z), OFFSET(c), OFFSET(v), OFFSET(q)};
    struct x64 *code = translator->code;
    uint32_t word = step->word;

    if (BIT(25))
        x64_load_imm(code, RAX, rotate_right(word & 0xff, 2 * FIELD_RS));
    else
        emit_load_register(translator, step, RAX, FIELD_RM);
    if (BIT(16)) {
        x64_reg(code, X64_MOV, RCX, RAX);
        x64_mem(code, X64_XOR, RCX, CORE, OFFSET(mode));
        x64_test_imm(code, RCX, 0x1f);
        emit_step_if(translator, step, X64_NZ);
        x64_mem_byte_imm(code, X64_G_CMP, CORE, OFFSET(mode), ARM_USR); /* which may not */
        emit_step_if(translator, step, X64_Z);
        x64_mem(code, X64_MOVZX_BYTE, RCX, CORE, OFFSET(irq_line));
        x64_mem(code, X64_OR_BYTE, RCX, CORE, OFFSET(fiq_line));
        emit_step_if(translator, step, X64_NZ);
        emit_bit(translator, 7, OFFSET(irq_masked));
        emit_bit(translator, 6, OFFSET(fiq_masked));
    }
    if (BIT(19))
        for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++)
            emit_bit(translator, 31 - i, flags[i]);
}
