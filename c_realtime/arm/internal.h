/* What the files of the ARM core share among themselves. */
#ifndef SPINNLIVE_ARM_INTERNAL_H
#define SPINNLIVE_ARM_INTERNAL_H

#include "arm.h"

#include <stddef.h>
#include <string.h>

#define ARM_INLINE  static inline __attribute__((always_inline))
#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* Exception vectors (ARM ARM A2.6). SpiNNaker's software runs with low vectors once ITCM holds its code. */
enum arm_vector {
    ARM_VECTOR_UNDEFINED = 0x04,
    ARM_VECTOR_SWI = 0x08,
    ARM_VECTOR_PREFETCH_ABORT = 0x0c,
    ARM_VECTOR_DATA_ABORT = 0x10,
    ARM_VECTOR_IRQ = 0x18,
    ARM_VECTOR_FIQ = 0x1c,
};

/* Extra cycles beyond the one that every instruction takes (TRM DDI 0240, chapter 8; the same figures, with the shifted
 * offset, are in the ARM9EJ-S TRM, DDI 0222B 8.1). Interlocks are in interlock.c. docs/timing.md has it all in a table.
 */
enum arm_cycles {
    ARM_EXTRA_BRANCH = 2,  /* refilling the pipeline, whatever instruction wrote the pc */
    ARM_EXTRA_LOAD_PC = 2, /* on top of the branch's */
    ARM_EXTRA_REGISTER_SHIFT = 1,
    ARM_EXTRA_SHIFTED_OFFSET = 1, /* LDR, STR with a register offset that is shifted */
    ARM_EXTRA_MULTIPLY = 1,       /* MUL, MLA, SMLALxy */
    ARM_EXTRA_MULTIPLY_LONG = 2,
    ARM_EXTRA_MULTIPLY_FLAGS = 2, /* the S form, on top */
    ARM_EXTRA_STATUS_READ = 1,    /* MRS */
    ARM_EXTRA_MSR_CONTROL = 2,
    ARM_EXTRA_SWAP = 1,
    ARM_EXTRA_DOUBLE = 1, /* LDRD, STRD */
};

/* LDM, STM, PUSH and POP of n registers take n cycles, but at least two, if the pc is not among those loaded. */
ARM_INLINE int32_t arm_extra_multiple(uint32_t words, bool loads_pc) {
    return words > 1 ? (int32_t)words - 1 : loads_pc ? 0 : 1;
}

/* What the instruction at `pc`, which yields `registers` late, makes the ones behind it wait (interlock.c). */
enum arm_late { ARM_LATE_WORD, ARM_LATE_NARROW, ARM_LATE_PRODUCT };
int32_t arm_interlock(const uint8_t *itcm, uint32_t pc, bool thumb, uint32_t registers, enum arm_late late);

ARM_INLINE enum arm_bank arm_bank_of(uint32_t mode) {
    switch (mode) {
    case ARM_FIQ:
        return ARM_BANK_FIQ;
    case ARM_IRQ:
        return ARM_BANK_IRQ;
    case ARM_SVC:
        return ARM_BANK_SVC;
    case ARM_ABT:
        return ARM_BANK_ABT;
    case ARM_UND:
        return ARM_BANK_UND;
    default:
        return ARM_BANK_USR;
    }
}

ARM_INLINE void arm_update_interrupts(struct arm_core *core) {
    core->interrupt_due = (core->irq_line && !core->irq_masked) || (core->fiq_line && !core->fiq_masked);
}

/* Leave for an exception vector: bank, save CPSR, set r14, mask, go to ARM state. */
void arm_enter_exception(struct arm_core *core, uint32_t mode, enum arm_vector vector, uint32_t link);

/* The instruction at core->pc does not exist. */
void arm_undefined(struct arm_core *core);

/* Restore CPSR from the current mode's SPSR, as MOVS pc and LDM ^ do. */
void arm_restore_cpsr(struct arm_core *core);

/* One turn of the plain engine: enter an interrupt that is due, execute one instruction, and if that has closed a delay
 * loop, take further turns of it as far as the cycles allow. */
void arm_interpret(struct arm_core *core);

/* Is there a delay loop at `pc`, or its branch? */
bool arm_is_delay_loop(const uint8_t *itcm, uint32_t pc, bool thumb);

/* The fast engine's arm_run(). */
int32_t arm_run_translated(struct arm_core *core, int32_t cycles);

void arm_execute_arm(struct arm_core *core, uint32_t instruction);
void arm_execute_thumb(struct arm_core *core, uint32_t instruction);

/* Bit i of entry `condition` is set if the condition holds for the flags i = NZCV (ARM ARM A3.2.1). */
extern const uint16_t arm_condition_table[16];

ARM_INLINE bool arm_condition(const struct arm_core *core, uint32_t condition) {
    return arm_condition_table[condition] >> (core->n << 3 | core->z << 2 | core->c << 1 | core->v) & 1;
}

/* The pc is written: go on at an address of the present state. */
ARM_INLINE void arm_branch(struct arm_core *core, uint32_t address) {
    core->next_pc = address & ~(core->thumb ? 1u : 3u);
    arm_spend(core, ARM_EXTRA_BRANCH);
}

/* Branch to an address whose lowest bit chooses the state (BX). */
ARM_INLINE void arm_branch_exchange(struct arm_core *core, uint32_t address) {
    core->thumb = address & 1;
    arm_branch(core, address);
}

ARM_INLINE void arm_result_late(struct arm_core *core, uint32_t registers, enum arm_late late) {
    arm_spend(core, arm_interlock(core->itcm, core->pc, core->thumb, registers, late));
}

ARM_INLINE uint32_t rotate_right(uint32_t value, uint32_t by) {
    by &= 31;
    return by ? value >> by | value << (32 - by) : value;
}

/* ---- flags ---- */

ARM_INLINE void set_nz(struct arm_core *core, uint32_t result) {
    core->n = result >> 31;
    core->z = result == 0;
}

/* a + b + carry with all four flags; subtraction is a + ~b + 1 (ARM ARM A2.5.2). */
ARM_INLINE uint32_t add_with_flags(struct arm_core *core, uint32_t a, uint32_t b, uint32_t carry) {
    uint64_t wide = (uint64_t)a + b + carry;
    uint32_t result = (uint32_t)wide;
    core->c = (uint8_t)(wide >> 32);
    core->v = (~(a ^ b) & (a ^ result)) >> 31;
    set_nz(core, result);
    return result;
}

/* ---- shifter (ARM ARM A5.1) ---- */

enum arm_shift { ARM_LSL, ARM_LSR, ARM_ASR, ARM_ROR };

/* Shift by an immediate amount 0..31 as encoded: LSR #0 and ASR #0 mean 32, ROR #0 means RRX. */
ARM_INLINE uint32_t shift_by_immediate(const struct arm_core *core, uint32_t value, enum arm_shift type,
                                       uint32_t amount, uint32_t *carry) {
    switch (type) {
    case ARM_LSL:
        if (amount == 0) {
            *carry = core->c;
            return value;
        }
        *carry = value >> (32 - amount) & 1;
        return value << amount;
    case ARM_LSR:
        if (amount == 0) {
            *carry = value >> 31;
            return 0;
        }
        *carry = value >> (amount - 1) & 1;
        return value >> amount;
    case ARM_ASR:
        if (amount == 0) {
            *carry = value >> 31;
            return (uint32_t)((int32_t)value >> 31);
        }
        *carry = value >> (amount - 1) & 1;
        return (uint32_t)((int32_t)value >> amount);
    default:
        if (amount == 0) {
            *carry = value & 1;
            return (uint32_t)core->c << 31 | value >> 1;
        }
        *carry = value >> (amount - 1) & 1;
        return rotate_right(value, amount);
    }
}

/* Shift by the low byte of a register. */
ARM_INLINE uint32_t shift_by_register(const struct arm_core *core, uint32_t value, enum arm_shift type, uint32_t amount,
                                      uint32_t *carry) {
    amount &= 0xff;
    if (amount == 0) {
        *carry = core->c;
        return value;
    }
    if (type == ARM_ROR) {
        uint32_t result = rotate_right(value, amount);
        *carry = result >> 31;
        return result;
    }
    if (amount < 32)
        return shift_by_immediate(core, value, type, amount, carry);
    if (type == ARM_ASR) {
        *carry = value >> 31;
        return (uint32_t)((int32_t)value >> 31);
    }
    if (amount == 32)
        *carry = type == ARM_LSL ? value & 1 : value >> 31;
    else
        *carry = 0;
    return 0;
}

/* ---- memory ----
 * A refused access sets core->aborted; the instruction must then leave its registers as they were. */

uint32_t arm_bus_read(struct arm_core *core, uint32_t address, unsigned bytes);
void arm_bus_write(struct arm_core *core, uint32_t address, unsigned bytes, uint32_t value);

ARM_INLINE uint8_t *arm_plain_memory(struct arm_core *core, uint32_t address, bool store, int32_t *wait_cycles) {
    *wait_cycles = 0;
    if (likely(address - ARM_DTCM_BASE < ARM_DTCM_SIZE))
        return core->dtcm + (address - ARM_DTCM_BASE);
    if (address < ARM_ITCM_SIZE)
        return core->itcm + address;
    for (int i = 0; i < ARM_WINDOWS; i++) {
        const struct arm_window *window = &core->window[i];
        if ((address & window->mask) == window->match && window->bytes != NULL) {
            *wait_cycles = (int32_t)(store ? window->store_wait : window->load_wait);
            return window->bytes + (address & window->offset_mask);
        }
    }
    return NULL;
}

ARM_INLINE uint32_t load_word_aligned(struct arm_core *core, uint32_t address) {
    int32_t wait;
    uint8_t *memory = arm_plain_memory(core, address, false, &wait);
    if (likely(memory != NULL)) {
        uint32_t value;
        core->cycles_left -= wait;
        memcpy(&value, memory, sizeof value);
        return value;
    }
    return arm_bus_read(core, address, 4);
}

/* LDR: an unaligned word comes rotated, or aborts where alignment faults are on (ARM ARM A2.8). */
ARM_INLINE uint32_t load_word(struct arm_core *core, uint32_t address) {
    if (unlikely(address & 3)) {
        if (core->cp15_control & ARM_CP15_ALIGNMENT_FAULTS) {
            core->aborted = true;
            return 0;
        }
        return rotate_right(load_word_aligned(core, address & ~3u), 8 * (address & 3));
    }
    return load_word_aligned(core, address);
}

ARM_INLINE uint32_t load_half(struct arm_core *core, uint32_t address) {
    int32_t wait;
    if (unlikely(address & 1)) {
        if (core->cp15_control & ARM_CP15_ALIGNMENT_FAULTS) {
            core->aborted = true;
            return 0;
        }
        address &= ~1u;
    }
    uint8_t *memory = arm_plain_memory(core, address, false, &wait);
    if (likely(memory != NULL)) {
        uint16_t value;
        core->cycles_left -= wait;
        memcpy(&value, memory, sizeof value);
        return value;
    }
    return arm_bus_read(core, address, 2);
}

ARM_INLINE uint32_t load_byte(struct arm_core *core, uint32_t address) {
    int32_t wait;
    uint8_t *memory = arm_plain_memory(core, address, false, &wait);
    if (likely(memory != NULL)) {
        core->cycles_left -= wait;
        return *memory;
    }
    return arm_bus_read(core, address, 1);
}

/* Where a store goes to. */
ARM_INLINE uint8_t *arm_plain_memory_to_write(struct arm_core *core, uint32_t address, int32_t *wait_cycles) {
    if (unlikely(address < ARM_ITCM_SIZE))
        arm_code_changed(core, address, 4);
    return arm_plain_memory(core, address, true, wait_cycles);
}

ARM_INLINE void store_word(struct arm_core *core, uint32_t address, uint32_t value) {
    int32_t wait;
    if (unlikely(address & 3)) {
        if (core->cp15_control & ARM_CP15_ALIGNMENT_FAULTS) {
            core->aborted = true;
            return;
        }
        address &= ~3u;
    }
    uint8_t *memory = arm_plain_memory_to_write(core, address, &wait);
    if (likely(memory != NULL)) {
        core->cycles_left -= wait;
        memcpy(memory, &value, sizeof value);
    } else {
        arm_bus_write(core, address, 4, value);
    }
}

ARM_INLINE void store_half(struct arm_core *core, uint32_t address, uint32_t value) {
    int32_t wait;
    if (unlikely(address & 1)) {
        if (core->cp15_control & ARM_CP15_ALIGNMENT_FAULTS) {
            core->aborted = true;
            return;
        }
        address &= ~1u;
    }
    uint8_t *memory = arm_plain_memory_to_write(core, address, &wait);
    if (likely(memory != NULL)) {
        uint16_t half = (uint16_t)value;
        core->cycles_left -= wait;
        memcpy(memory, &half, sizeof half);
    } else {
        arm_bus_write(core, address, 2, value & 0xffff);
    }
}

ARM_INLINE void store_byte(struct arm_core *core, uint32_t address, uint32_t value) {
    int32_t wait;
    uint8_t *memory = arm_plain_memory_to_write(core, address, &wait);
    if (likely(memory != NULL)) {
        core->cycles_left -= wait;
        *memory = (uint8_t)value;
    } else {
        arm_bus_write(core, address, 1, value & 0xff);
    }
}

#endif
