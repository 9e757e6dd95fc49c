/* The host code that all translations share: the way in and out, jumps by address, and memory beyond DTCM. */
#include "translations.h"

#define WINDOW(i, field)                                                                                               \
    (OFFSET(window) + (int32_t)((i) * sizeof(struct arm_window) + offsetof(struct arm_window, field)))

static const unsigned saved_by_callee[] = {RBX, RBP, R12, R13, R14, R15};
#define SAVED (sizeof saved_by_callee / sizeof *saved_by_callee)

/* Both ways, the registers of the host convention are RDI and RSI for arguments, EAX for the result (System V). */
static void write_take_state(struct x64 *code) {
    x64_mem(code, X64_MOVSXD, BUDGET_REGISTER, CORE, OFFSET(cycles_left));
    x64_shift_wide(code, X64_SHL, BUDGET_REGISTER, BUDGET_SHIFT);
    x64_imm_wide(code, X64_G_OR, BUDGET_REGISTER, (int32_t)BUDGET_INSTRUCTIONS);
    for (unsigned i = 0; i < 15; i++)
        if (arm_host_register[i] != IN_MEMORY)
            x64_mem(code, X64_MOV, arm_host_register[i], CORE, OFFSET(r) + 4 * (int32_t)i);
}

/* With the pc in EAX. What the budget register held is lost. */
static void write_give_state(struct x64 *code) {
    x64_mem(code, X64_MOV_TO, RAX, CORE, OFFSET(pc));
    for (unsigned i = 0; i < 15; i++)
        if (arm_host_register[i] != IN_MEMORY)
            x64_mem(code, X64_MOV_TO, arm_host_register[i], CORE, OFFSET(r) + 4 * (int32_t)i);
    x64_reg(code, X64_MOV | X64_WIDE, RAX, BUDGET_REGISTER);
    x64_shift_wide(code, X64_SAR, RAX, BUDGET_SHIFT);
    x64_mem(code, X64_MOV_TO, RAX, CORE, OFFSET(cycles_left));
    x64_not(code, BUDGET_REGISTER);
    x64_imm(code, X64_G_AND, BUDGET_REGISTER, BUDGET_INSTRUCTIONS);
    x64_mem(code, 0x01 | X64_WIDE, BUDGET_REGISTER, CORE, OFFSET(instructions)); /* ADD to memory */
}

static void write_enter(struct x64 *code) {
    for (unsigned i = 0; i < SAVED; i++)
        x64_push(code, saved_by_callee[i]);
    x64_reg(code, X64_MOV | X64_WIDE, CORE, RDI);
    x64_reg(code, X64_MOV | X64_WIDE, RDX, RSI);
    write_take_state(code);
    x64_mem(code, X64_MOV, RAX, CORE, OFFSET(pc));
    x64_jump_reg(code, RDX);
}

static void write_return(struct x64 *code) {
    for (unsigned i = SAVED; i-- > 0;)
        x64_pop(code, saved_by_callee[i]);
    x64_ret(code);
}

/* With the pc in EAX and the reason in ECX. */
static void write_leave(struct x64 *code) {
    write_give_state(code);
    x64_reg(code, X64_MOV, RAX, RCX);
    write_return(code);
}

/* The stack is where the convention wants it: six registers and two return addresses lie on it. */
static void write_step_within(struct x64 *code) {
    bool (*step)(struct arm_core *, uint32_t) = arm_step_within;
    uint64_t address;

    memcpy(&address, &step, sizeof address);
    write_give_state(code);
    x64_reg(code, X64_MOV, RSI, RDX);
    x64_reg(code, X64_MOV | X64_WIDE, RDI, CORE);
    x64_load_imm64(code, RAX, address);
    x64_call_reg(code, RAX);
    x64_reg(code, X64_MOVZX_BYTE, RAX, RAX);
    x64_reg(code, X64_TEST, RAX, RAX);
    uint8_t *leave = x64_jump_if(code, X64_Z, NULL);
    write_take_state(code);
    x64_ret(code);
    x64_fill_in(code, leave, code->at);
    x64_pop(code, RCX);
    x64_load_imm(code, RAX, EXIT_UNRESOLVED);
    write_return(code);
}

/* The registers that a call of the host's convention does not keep are kept here; they are six, and the stack stays
 * where it belongs. */
static void write_access_within(struct x64 *code) {
    static const unsigned kept[6] = {RSI, RDI, R8, R9, R10, R11};
    uint64_t (*access)(struct arm_core *, uint32_t, uint32_t, uint32_t) = arm_access_within;
    uint64_t address;

    memcpy(&address, &access, sizeof address);
    for (unsigned i = 0; i < 6; i++)
        x64_push(code, kept[i]);
    x64_reg(code, X64_MOV | X64_WIDE, RDI, CORE);
    x64_reg(code, X64_MOV, RSI, RAX);
    x64_reg(code, X64_MOV | X64_WIDE, RAX, BUDGET_REGISTER);
    x64_shift_wide(code, X64_SAR, RAX, BUDGET_SHIFT);
    x64_mem(code, X64_MOV_TO, RAX, CORE, OFFSET(cycles_left));
    x64_load_imm64(code, RAX, address);
    x64_call_reg(code, RAX);
    x64_mem(code, X64_MOVSXD, RCX, CORE, OFFSET(cycles_left));
    x64_shift_wide(code, X64_SHL, RCX, BUDGET_SHIFT);
    x64_imm(code, X64_G_AND, BUDGET_REGISTER, BUDGET_INSTRUCTIONS);
    x64_reg(code, X64_OR | X64_WIDE, BUDGET_REGISTER, RCX);
    for (unsigned i = 6; i-- > 0;)
        x64_pop(code, kept[i]);
    x64_ret(code);
}

/* The budget covers no whole block any more. `leave` goes back to C; there the slots of single instructions are made.
 */
static void write_out_of_budget(struct x64 *code, uint64_t unresolved, const uint8_t *leave) {
    x64_imm_wide(code, X64_G_CMP, BUDGET_REGISTER, BUDGET(1, 0));
    x64_jump_if(code, X64_L, leave);
    x64_mem(code, X64_MOV, RCX, CORE, OFFSET(cycles_held));
    x64_reg(code, X64_TEST, RCX, RCX);
    x64_jump_if(code, X64_NZ, leave);
    x64_reg(code, X64_MOV, RCX, RAX);
    x64_shift(code, X64_SHR, RCX, PAGE_SHIFT);
    x64_mem_index(code, X64_MOV | X64_WIDE, RCX, CORE, RCX, 3, OFFSET(page));
    x64_mem(code, X64_MOV | X64_WIDE, RCX, RCX, offsetof(struct arm_page, careful));
    x64_reg(code, X64_TEST | X64_WIDE, RCX, RCX);
    x64_jump_if(code, X64_Z, leave);
    x64_reg(code, X64_MOV, RDX, RAX);
    x64_imm(code, X64_G_AND, RDX, PAGE_BYTES - 2);
    x64_mem_byte_imm(code, X64_G_CMP, CORE, OFFSET(thumb), 0);
    uint8_t *thumb = x64_jump_if(code, X64_NZ, NULL);
    x64_mem_index(code, X64_MOV | X64_WIDE, RDX, RCX, RDX, 1, offsetof(struct arm_slots, arm));
    uint8_t *known = x64_jump(code, NULL);
    x64_fill_in(code, thumb, code->at);
    x64_mem_index(code, X64_MOV | X64_WIDE, RDX, RCX, RDX, 2, offsetof(struct arm_slots, thumb));
    x64_fill_in(code, known, code->at);
    x64_load_imm64(code, RCX, unresolved);
    x64_reg(code, X64_CMP | X64_WIDE, RCX, RDX);
    x64_jump_if(code, X64_Z, leave);
    x64_jump_reg(code, RDX);
}

static void write_dispatch(struct x64 *code, const uint8_t *step) {
    x64_test_imm(code, RAX, 1);
    uint8_t *to_thumb = x64_jump_if(code, X64_NZ, NULL);

    x64_imm(code, X64_G_AND, RAX, ~3u);
    x64_store_byte_imm(code, CORE, OFFSET(thumb), 0);
    x64_imm(code, X64_G_CMP, RAX, ARM_ITCM_SIZE);
    x64_jump_if(code, X64_NC, step);
    x64_reg(code, X64_MOV, RCX, RAX);
    x64_shift(code, X64_SHR, RCX, PAGE_SHIFT);
    x64_mem_index(code, X64_MOV | X64_WIDE, RCX, CORE, RCX, 3, OFFSET(page));
    x64_reg(code, X64_MOV, RDX, RAX);
    x64_imm(code, X64_G_AND, RDX, PAGE_BYTES - 4);
    x64_jump_mem_index(code, RCX, RDX, 1, offsetof(struct arm_page, slots.arm));

    x64_fill_in(code, to_thumb, code->at);
    x64_imm(code, X64_G_AND, RAX, ~1u);
    x64_store_byte_imm(code, CORE, OFFSET(thumb), 1);
    x64_imm(code, X64_G_CMP, RAX, ARM_ITCM_SIZE);
    x64_jump_if(code, X64_NC, step);
    x64_reg(code, X64_MOV, RCX, RAX);
    x64_shift(code, X64_SHR, RCX, PAGE_SHIFT);
    x64_mem_index(code, X64_MOV | X64_WIDE, RCX, CORE, RCX, 3, OFFSET(page));
    x64_reg(code, X64_MOV, RDX, RAX);
    x64_imm(code, X64_G_AND, RDX, PAGE_BYTES - 2);
    x64_jump_mem_index(code, RCX, RDX, 2, offsetof(struct arm_page, slots.thumb));
}

/* ---- memory beyond DTCM ---- */

#define CLC 0xf8
#define STC 0xf9

/* The address in RAX is that of the host. */
static void write_access(struct x64 *code, unsigned bytes, bool load) {
    static const unsigned loads[5] = {[1] = X64_MOVZX_BYTE, [2] = X64_MOVZX_HALF, [4] = X64_MOV};
    static const unsigned stores[5] = {[1] = X64_MOV_BYTE_TO, [2] = X64_MOV_HALF_TO, [4] = X64_MOV_TO};

    if (load)
        x64_mem(code, loads[bytes], RAX, RAX, 0);
    else
        x64_mem(code, stores[bytes], RDX, RAX, 0);
    x64_byte(code, CLC);
    x64_ret(code);
}

/* The windows are asked in their order, as the interpreter does. */
static void write_helper(struct x64 *code, unsigned bytes, bool load) {
    uint8_t *fail[1 + 2 * ARM_WINDOWS];
    unsigned fails = 0;

    if (bytes > 1) {
        x64_test_imm(code, RAX, bytes - 1);
        fail[fails++] = x64_jump_if(code, X64_NZ, NULL);
    }
    if (load) {
        x64_imm(code, X64_G_CMP, RAX, ARM_ITCM_SIZE);
        uint8_t *beyond = x64_jump_if(code, X64_NC, NULL);
        x64_mem_index(code, X64_LEA | X64_WIDE, RAX, CORE, RAX, 0, OFFSET(itcm));
        write_access(code, bytes, true);
        x64_fill_in(code, beyond, code->at);
    }
    for (unsigned i = 0; i < ARM_WINDOWS; i++) {
        x64_mem(code, X64_MOV, RCX, CORE, WINDOW(i, mask));
        x64_reg(code, X64_AND, RCX, RAX);
        x64_mem(code, X64_CMP, RCX, CORE, WINDOW(i, match));
        uint8_t *not_here = x64_jump_if(code, X64_NZ, NULL);
        x64_mem(code, X64_MOV | X64_WIDE, RCX, CORE, WINDOW(i, bytes));
        x64_reg(code, X64_TEST | X64_WIDE, RCX, RCX);
        fail[fails++] = x64_jump_if(code, X64_Z, NULL); /* nothing is there */
        x64_mem(code, X64_MOV, RCX, CORE, load ? WINDOW(i, load_wait) : WINDOW(i, store_wait));
        x64_shift_wide(code, X64_SHL, RCX, BUDGET_SHIFT);
        x64_reg(code, X64_SUB | X64_WIDE, BUDGET_REGISTER, RCX);
        uint8_t *covered = x64_jump_if(code, X64_NS, NULL);
        x64_reg(code, X64_ADD | X64_WIDE, BUDGET_REGISTER, RCX);
        fail[fails++] = x64_jump(code, NULL);
        x64_fill_in(code, covered, code->at);
        x64_mem(code, X64_AND, RAX, CORE, WINDOW(i, offset_mask));
        x64_mem(code, X64_ADD | X64_WIDE, RAX, CORE, WINDOW(i, bytes));
        write_access(code, bytes, load);
        x64_fill_in(code, not_here, code->at);
    }
    while (fails)
        x64_fill_in(code, fail[--fails], code->at);
    x64_byte(code, STC);
    x64_ret(code);
}

bool arm_write_stubs(struct arm_translations *translations) {
    struct arm_stubs *stubs = &translations->stubs;
    struct x64 *code = &translations->code;
    const uint8_t *enter = code->at;

    write_enter(code);
    stubs->step = code->at;
    x64_load_imm(code, RCX, EXIT_STEP);
    uint8_t *leave_step = x64_jump(code, NULL);
    const uint8_t *used_up = code->at;
    x64_load_imm(code, RCX, EXIT_OUT_OF_BUDGET);
    uint8_t *leave = x64_jump(code, NULL);
    stubs->unresolved = code->at;
    x64_load_imm(code, RCX, EXIT_UNRESOLVED);
    x64_fill_in(code, leave_step, code->at);
    x64_fill_in(code, leave, code->at);
    write_leave(code);
    stubs->out_of_budget = code->at;
    write_out_of_budget(code, (uint64_t)(uintptr_t)arm_executable(translations, stubs->unresolved), used_up);
    stubs->step_within = code->at;
    write_step_within(code);
    stubs->access_within = code->at;
    write_access_within(code);
    stubs->dispatch = code->at;
    write_dispatch(code, stubs->step);

    static const unsigned bytes[3] = {4, 2, 1};
    uint8_t **load[3] = {&stubs->load_word, &stubs->load_half, &stubs->load_byte};
    uint8_t **store[3] = {&stubs->store_word, &stubs->store_half, &stubs->store_byte};
    for (unsigned i = 0; i < 3; i++) {
        *load[i] = code->at;
        write_helper(code, bytes[i], true);
        *store[i] = code->at;
        write_helper(code, bytes[i], false);
    }
    const void *executable = arm_executable(translations, enter);
    memcpy(&stubs->enter, &executable, sizeof stubs->enter);
    return !code->full;
}
