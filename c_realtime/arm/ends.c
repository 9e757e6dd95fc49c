/* What lies out of the way of translated code: where a block cannot go on by itself, and how it goes on behind an
 * instruction that was executed out there. Written when all blocks of a session are. */
#include "translator.h"

struct end *add_end(struct translator *translator, enum end_kind kind, uint8_t *from) {
    if (translator->ends == SESSION_ENDS) {
        translator->code->full = true;
        translator->ends--;
    }
    struct end *end = &translator->end[translator->ends++];
    *end = (struct end){.kind = kind, .from = from};
    return end;
}

int32_t refund_from(const struct translator *translator, const struct step *step) {
    unsigned left = translator->steps - (unsigned)(step - translator->step);
    return BUDGET(step->cycles + step->cycles_after, left);
}

struct end *emit_step_if(struct translator *translator, const struct step *step, unsigned condition) {
    struct end *end = add_end(translator, END_STEP, x64_jump_if(translator->code, condition, NULL));
    end->pc = step->pc;
    end->refund = refund_from(translator, step);
    return end;
}

void emit_budget(struct x64 *code, enum x64_group operation, int32_t amount) {
    x64_imm_wide(code, operation, BUDGET_REGISTER, amount);
}

static void emit_interpret(struct translator *translator, const struct end *end, const uint8_t *stub) {
    emit_budget(translator->code, X64_G_ADD, end->refund);
    x64_load_imm(translator->code, RAX, end->pc);
    x64_jump(translator->code, stub);
}

/* Go on behind an instruction that has been executed out of the way, if the budget covers it. */
static void emit_resume(struct translator *translator, const struct end *end) {
    struct x64 *code = translator->code;

    emit_budget(code, X64_G_SUB, end->resumption);
    x64_jump_if(code, X64_NS, end->behind);
    emit_budget(code, X64_G_ADD, end->resumption);
    x64_load_imm(code, RAX, end->pc + (translator->thumb ? 2 : 4));
    x64_jump(code, translator->translations->stubs.out_of_budget);
}

/* The access of a device, and what the instruction does beyond it. With the address in EAX, a store's value in EDX. */
static void emit_access_within(struct translator *translator, const struct end *end) {
    struct x64 *code = translator->code;
    uint32_t cycles = end->step.cycles - end->what / ACCESS_CYCLES(1);

    x64_store_imm(code, CORE, OFFSET(pc), end->pc);
    x64_load_imm(code, RCX, end->what);
    x64_call(code, translator->translations->stubs.access_within);
    x64_bit_test_wide(code, RAX, ACCESS_NOT_DONE);
    uint8_t *not_done = x64_jump_if(code, X64_C, NULL);
    if (end->kind == END_LOAD) {
        if (end->host != RAX || end->opcode != X64_MOV)
            x64_reg(code, end->opcode, end->host, RAX);
        emit_store_register(translator, end->step.word >> 12 & 15, end->host);
    }
    emit_write_back(translator, &end->step);
    emit_budget(code, X64_G_SUB, BUDGET(cycles, 1));
    x64_mem_byte_imm(code, X64_G_CMP, CORE, OFFSET(goes_on), 0);
    uint8_t *elsewhere = x64_jump_if(code, X64_Z, NULL);
    emit_resume(translator, end);
    x64_fill_in(code, elsewhere, code->at);
    x64_load_imm(code, RAX, end->pc + (translator->thumb ? 2 : 4));
    x64_jump(code, translator->translations->stubs.unresolved);
    x64_fill_in(code, not_done, code->at);
}

/* Have the interpreter execute the instruction, and go on behind it if all is as it was and the budget allows. */
static void emit_step_within(struct translator *translator, const struct end *end) {
    struct x64 *code = translator->code;
    const struct arm_stubs *stubs = &translator->translations->stubs;
    uint32_t next_pc = end->pc + (translator->thumb ? 2 : 4);

    if (end->behind == NULL) {
        emit_interpret(translator, end, stubs->step);
        return;
    }
    emit_budget(code, X64_G_ADD, end->refund);
    if (end->kind != END_STEP)
        emit_access_within(translator, end);
    x64_load_imm(code, RAX, end->pc);
    x64_load_imm(code, RDX, next_pc);
    x64_call(code, stubs->step_within);
    emit_resume(translator, end);
}

void emit_end(struct translator *translator, const struct end *end) {
    struct x64 *code = translator->code;
    const struct arm_stubs *stubs = &translator->translations->stubs;

    if (end->from != NULL)
        x64_fill_in(code, end->from, code->at);
    switch (end->kind) {
    case END_OUT_OF_BUDGET:
        emit_interpret(translator, end, stubs->out_of_budget);
        return;
    case END_STEP:
        emit_step_within(translator, end);
        return;
    case END_REFUND:
        emit_budget(code, X64_G_ADD, end->refund);
        x64_jump(code, end->back);
        return;
    case END_HEAD:
        translator->block[end->block].head = code->at;
        emit_budget(code, X64_G_SUB, end->refund);
        x64_jump_if(code, X64_NS, end->back);
        emit_interpret(translator, end, stubs->out_of_budget);
        return;
    case END_LOAD:
    case END_STORE: {
        x64_mem(code, X64_LEA, RAX, RCX, (int32_t)ARM_DTCM_BASE);
        if (end->kind == END_STORE && end->host != RDX)
            x64_reg(code, X64_MOV, RDX, end->host);
        x64_call(code, end->helper);
        uint8_t *failed = x64_jump_if(code, X64_C, NULL);
        if (end->kind == END_LOAD && !(end->host == RAX && end->opcode == X64_MOV))
            x64_reg(code, end->opcode, end->host, RAX);
        x64_jump(code, end->back);
        x64_fill_in(code, failed, code->at);
        emit_step_within(translator, end);
        return;
    }
    }
}
