/* Reset, modes, exceptions and the run loop of the ARM core. The instructions are in isa_arm.c and isa_thumb.c. */
#include "internal.h"

const uint16_t arm_condition_table[16] = {
    0xf0f0, /* EQ: Z */
    0x0f0f, /* NE */
    0xcccc, /* CS: C */
    0x3333, /* CC */
    0xff00, /* MI: N */
    0x00ff, /* PL */
    0xaaaa, /* VS: V */
    0x5555, /* VC */
    0x0c0c, /* HI: C and not Z */
    0xf3f3, /* LS */
    0xaa55, /* GE: N == V */
    0x55aa, /* LT */
    0x0a05, /* GT: not Z, and N == V */
    0xf5fa, /* LE */
    0xffff, /* AL */
    0x0000, /* the unconditional space of ARMv5, decoded apart */
};

/* ---- CPSR and modes ---- */

uint32_t arm_cpsr(const struct arm_core *core) {
    return (uint32_t)core->n << 31 | core->z << 30 | core->c << 29 | core->v << 28 | core->q << 27 |
           (core->irq_masked ? ARM_CPSR_I : 0) | (core->fiq_masked ? ARM_CPSR_F : 0) | (core->thumb ? ARM_CPSR_T : 0) |
           core->mode;
}

static void set_mode(struct arm_core *core, uint32_t mode) {
    enum arm_bank old_bank = arm_bank_of(core->mode), new_bank = arm_bank_of(mode);

    if (old_bank != new_bank) {
        core->banked_sp[old_bank] = core->r[13];
        core->banked_lr[old_bank] = core->r[14];
        if (old_bank == ARM_BANK_FIQ) {
            memcpy(core->fiq_r8_r12, core->r + 8, sizeof core->fiq_r8_r12);
            memcpy(core->r + 8, core->usr_r8_r12, sizeof core->usr_r8_r12);
        }
        if (new_bank == ARM_BANK_FIQ) {
            memcpy(core->usr_r8_r12, core->r + 8, sizeof core->usr_r8_r12);
            memcpy(core->r + 8, core->fiq_r8_r12, sizeof core->fiq_r8_r12);
        }
        core->r[13] = core->banked_sp[new_bank];
        core->r[14] = core->banked_lr[new_bank];
    }
    core->mode = mode;
}

void arm_set_cpsr(struct arm_core *core, uint32_t cpsr) {
    core->n = cpsr >> 31;
    core->z = cpsr >> 30 & 1;
    core->c = cpsr >> 29 & 1;
    core->v = cpsr >> 28 & 1;
    core->q = cpsr >> 27 & 1;
    core->irq_masked = cpsr & ARM_CPSR_I;
    core->fiq_masked = cpsr & ARM_CPSR_F;
    core->thumb = cpsr & ARM_CPSR_T;
    set_mode(core, cpsr & 0x1f);
    arm_update_interrupts(core);
}

void arm_restore_cpsr(struct arm_core *core) {
    arm_set_cpsr(core, core->banked_spsr[arm_bank_of(core->mode)]);
}

/* ---- exceptions ---- */

void arm_enter_exception(struct arm_core *core, uint32_t mode, enum arm_vector vector, uint32_t link) {
    uint32_t saved = arm_cpsr(core);

    set_mode(core, mode);
    core->banked_spsr[arm_bank_of(mode)] = saved;
    core->r[14] = link;
    core->irq_masked = true;
    if (vector == ARM_VECTOR_FIQ)
        core->fiq_masked = true;
    core->thumb = false;
    arm_branch(core, vector + (core->cp15_control & ARM_CP15_HIGH_VECTORS ? ARM_RESET_HIGH : 0));
    arm_update_interrupts(core);
}

void arm_undefined(struct arm_core *core) {
    arm_enter_exception(core, ARM_UND, ARM_VECTOR_UNDEFINED, core->pc + (core->thumb ? 2 : 4));
}

static void enter_interrupt(struct arm_core *core) {
    /* r14 is the address of the instruction that is not executed, + 4, in both states (ARM ARM A2.6.8). */
    if (core->fiq_line && !core->fiq_masked)
        arm_enter_exception(core, ARM_FIQ, ARM_VECTOR_FIQ, core->pc + 4);
    else
        arm_enter_exception(core, ARM_IRQ, ARM_VECTOR_IRQ, core->pc + 4);
    arm_spend(core, 1); /* as every exception takes three cycles; for the others the instruction has been charged */
    core->pc = core->next_pc;
}

void arm_set_interrupt_lines(struct arm_core *core, bool irq, bool fiq) {
    core->irq_line = irq;
    core->fiq_line = fiq;
    if (irq || fiq)
        core->waiting = false;
    arm_update_interrupts(core);
}

void arm_reset(struct arm_core *core) {
    arm_set_cpsr(core, ARM_CPSR_I | ARM_CPSR_F | ARM_SVC);
    core->q = 0;
    core->pc = core->next_pc = ARM_RESET_HIGH;
    core->cp15_control = ARM_CP15_RESET;
    core->waiting = false;
    core->aborted = false;
}

/* ---- memory that is not at hand ---- */

uint32_t arm_bus_read(struct arm_core *core, uint32_t address, unsigned bytes) {
    uint32_t value = 0;
    if (!core->bus.read(core->bus.context, address, bytes, &value))
        core->aborted = true;
    return value;
}

void arm_bus_write(struct arm_core *core, uint32_t address, unsigned bytes, uint32_t value) {
    if (!core->bus.write(core->bus.context, address, bytes, value))
        core->aborted = true;
}

uint8_t *arm_memory(struct arm_core *core, uint32_t address) {
    int32_t wait;
    return arm_plain_memory(core, address, false, &wait);
}

/* ---- the run loop ---- */

ARM_INLINE void execute_one(struct arm_core *core) {
    uint32_t pc = core->pc;
    int32_t wait = 0;
    const uint8_t *code = likely(pc < ARM_ITCM_SIZE) ? core->itcm + pc : arm_plain_memory(core, pc, false, &wait);

    core->cycles_left -= 1 + wait;
    if (unlikely(code == NULL)) {
        arm_enter_exception(core, ARM_ABT, ARM_VECTOR_PREFETCH_ABORT, pc + 4);
        core->pc = core->next_pc;
        return;
    }
    if (core->thumb) {
        uint16_t instruction;
        memcpy(&instruction, code, sizeof instruction);
        core->r[15] = pc + 4;
        core->next_pc = pc + 2;
        arm_execute_thumb(core, instruction);
    } else {
        uint32_t instruction;
        memcpy(&instruction, code, sizeof instruction);
        core->r[15] = pc + 8;
        core->next_pc = pc + 4;
        if (instruction >> 28 == 14 || instruction >> 28 == 15 || arm_condition(core, instruction >> 28))
            arm_execute_arm(core, instruction);
    }
    if (unlikely(core->aborted)) {
        core->aborted = false;
        arm_enter_exception(core, ARM_ABT, ARM_VECTOR_DATA_ABORT, pc + 8);
    }
    core->pc = core->next_pc;
    core->instructions++;
}

void arm_step(struct arm_core *core) {
    if (core->interrupt_due)
        enter_interrupt(core);
    else
        execute_one(core);
}

/* ---- delay loops ----
 * Software waits by counting a register down in two instructions: SUBS #1, and a branch back to it, until the register
 * is zero (BNE) or passes below (BCS). Four fifths of all that SCAMP executes while it boots is such a loop. Nothing
 * but the register and the flags changes in it, and interrupts come only between grants: so many turns can be taken at
 * once, with the outcome of taking them one by one. */

#define DELAY_TURN_CYCLES       (1 + 1 + ARM_EXTRA_BRANCH)
#define DELAY_TURN_INSTRUCTIONS 2
#define CONDITION_NE            1u
#define CONDITION_CS            2u
#define NO_DELAY                16u

static uint32_t code_word(const uint8_t *itcm, uint32_t pc, unsigned bytes) {
    uint32_t word = 0;
    memcpy(&word, itcm + pc, bytes);
    return word;
}

/* The register that a delay loop at `pc` counts down and its branch's condition; NO_DELAY for any other code. */
static uint32_t delay_counter(const uint8_t *itcm, uint32_t pc, bool thumb, uint32_t *condition) {
    uint32_t subtract, branch, counter, length = thumb ? 2 : 4;

    if (pc > ARM_ITCM_SIZE - 2 * length)
        return NO_DELAY;
    subtract = code_word(itcm, pc, length);
    branch = code_word(itcm, pc + length, length);
    if (thumb) {
        *condition = branch >> 8 & 15;
        counter = subtract >> 8 & 7;
        if ((subtract & 0xf8ff) != 0x3801 || (branch & 0xf0ff) != 0xd0fd)
            return NO_DELAY;
    } else {
        *condition = branch >> 28;
        counter = subtract >> 12 & 15;
        if ((subtract & 0xfff00fff) != 0xe2500001 || (subtract >> 16 & 15) != counter || counter == 15 ||
            (branch & 0x0fffffff) != 0x0afffffd)
            return NO_DELAY;
    }
    return *condition == CONDITION_NE || *condition == CONDITION_CS ? counter : NO_DELAY;
}

bool arm_is_delay_loop(const uint8_t *itcm, uint32_t pc, bool thumb) {
    uint32_t condition, length = thumb ? 2 : 4;
    return delay_counter(itcm, pc, thumb, &condition) != NO_DELAY ||
           (pc >= length && delay_counter(itcm, pc - length, thumb, &condition) != NO_DELAY);
}

/* A branch to the instruction before it has just been taken: if that is a delay loop, take further turns as long as the
 * grant covers them whole. The turn that leaves the loop is left to be executed. */
static void take_delay_turns(struct arm_core *core) {
    uint32_t condition, counter = delay_counter(core->itcm, core->pc, core->thumb, &condition);

    if (counter == NO_DELAY || core->cycles_left <= DELAY_TURN_CYCLES)
        return;
    uint32_t turns = (uint32_t)(core->cycles_left - 1) / DELAY_TURN_CYCLES;
    uint32_t staying = core->r[counter] - (condition == CONDITION_NE ? 1 : 0);
    if (turns > staying)
        turns = staying;
    if (turns == 0)
        return;
    core->r[counter] -= turns - 1;
    core->r[counter] = add_with_flags(core, core->r[counter], ~1u, 1); /* the last subtraction sets the flags */
    core->cycles_left -= (int32_t)turns * DELAY_TURN_CYCLES;
    core->instructions += (uint64_t)turns * DELAY_TURN_INSTRUCTIONS;
}

void arm_interpret(struct arm_core *core) {
    if (unlikely(core->interrupt_due))
        enter_interrupt(core);
    uint32_t pc = core->pc;
    execute_one(core);
    if (unlikely(pc - core->pc == (core->thumb ? 2u : 4u)) && pc < ARM_ITCM_SIZE)
        take_delay_turns(core);
}

int32_t arm_run(struct arm_core *core, int32_t cycles) {
    if (core->translations != NULL)
        return arm_run_translated(core, cycles);
    core->cycles_granted = core->cycles_left = cycles;
    while (core->cycles_left > 0 && !core->waiting)
        arm_interpret(core);
    return arm_cycles_spent(core);
}
