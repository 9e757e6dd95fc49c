/* The ARM968E-S of a SpiNNaker core: ARMv5TE (ARM and Thumb states), exceptions, the tightly coupled memories and the
 * corner of CP15 that software can see. It knows a bus and nothing of the chip around it.
 *
 * References in this folder: "ARM ARM" is the ARM Architecture Reference Manual (DDI 0100), "TRM" the ARM968E-S and
 * ARM9E-S Technical Reference Manuals (DDI 0311, DDI 0240). */
#ifndef SPINNLIVE_ARM_H
#define SPINNLIVE_ARM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../archive.h"

#define ARM_ITCM_BASE  0x00000000u
#define ARM_ITCM_SIZE  0x00008000u /* 32 KB, as SpiNNaker fits it */
#define ARM_DTCM_BASE  0x00400000u
#define ARM_DTCM_SIZE  0x00010000u /* 64 KB */
#define ARM_CODE_PAGES 32          /* parts of ITCM that the fast engine looks at each by itself */
#define ARM_WINDOWS    4           /* plain memories that a core reaches over the bus without a device call */

/* Where a core comes out of reset when the high-vector bit of CP15 is set (TRM, VINITHI). */
#define ARM_RESET_HIGH 0xffff0000u

/* Processor modes, the low five bits of CPSR (ARM ARM A2.2). */
enum arm_mode {
    ARM_USR = 0x10,
    ARM_FIQ = 0x11,
    ARM_IRQ = 0x12,
    ARM_SVC = 0x13,
    ARM_ABT = 0x17,
    ARM_UND = 0x1b,
    ARM_SYS = 0x1f,
};

/* The register banks that r13, r14 and SPSR are kept in; user and system mode share one. */
enum arm_bank { ARM_BANK_USR, ARM_BANK_FIQ, ARM_BANK_IRQ, ARM_BANK_SVC, ARM_BANK_ABT, ARM_BANK_UND, ARM_BANKS };

/* Bits of CPSR (ARM ARM A2.5). */
#define ARM_CPSR_N 0x80000000u
#define ARM_CPSR_Z 0x40000000u
#define ARM_CPSR_C 0x20000000u
#define ARM_CPSR_V 0x10000000u
#define ARM_CPSR_Q 0x08000000u
#define ARM_CPSR_I 0x00000080u
#define ARM_CPSR_F 0x00000040u
#define ARM_CPSR_T 0x00000020u

/* CP15 c1 (TRM, control register): after reset both memories are on and vectors are high. */
#define ARM_CP15_ALIGNMENT_FAULTS 0x00000002u
#define ARM_CP15_HIGH_VECTORS     0x00002000u
#define ARM_CP15_RESET            0x00002078u

/* Everything that is not a window: devices. A call returns false for an access that the bus refuses (data abort). */
struct arm_bus {
    void *context;
    bool (*read)(void *context, uint32_t address, unsigned bytes, uint32_t *value);
    bool (*write)(void *context, uint32_t address, unsigned bytes, uint32_t value);
    /* For how many cycles from now on reads of a word would change nothing, and give numbers from 1 to 2^31 - 1; 0 if
     * that is not known. NULL if it never is. */
    uint64_t (*stays_positive)(void *context, uint32_t address);
    /* Is there a device that never refuses an access, and does to the core no more than drive its interrupt lines, take
     * its cycles and write its memories? NULL if there is none. */
    bool (*is_harmless)(uint32_t address);
};

/* A plain memory: address a lies in it if (a & mask) == match, at offset a & offset_mask. */
struct arm_window {
    uint32_t mask;
    uint32_t match;
    uint32_t offset_mask;
    uint32_t load_wait, store_wait; /* cycles that an access costs beyond the instruction itself */
    uint8_t *bytes;
};

/* A word of ITCM that the core keeps writing while it executes code around it (fast.c). */
#define ARM_REWRITTEN_WORDS 8
struct arm_rewritten {
    uint32_t address, times;
};

/* The fast engine's translations of code, which the cores of a machine share. */
struct arm_translations;
struct arm_page;

struct arm_core {
    uint32_t r[16]; /* of the current mode; while an instruction executes, r[15] is its address + 8 (Thumb: + 4) */
    uint32_t pc;    /* address of the instruction to execute next */
    uint32_t next_pc;

    /* CPSR, taken apart. The flags are 0 or 1; bytes, which the host stores and loads alike. */
    uint8_t n, z, c, v, q;
    bool irq_masked, fiq_masked, thumb;
    uint32_t mode;

    uint32_t banked_sp[ARM_BANKS], banked_lr[ARM_BANKS], banked_spsr[ARM_BANKS];
    uint32_t usr_r8_r12[5], fiq_r8_r12[5]; /* whichever of the two is not in r[8..12] now */

    uint32_t cp15_control;
    bool irq_line, fiq_line; /* inputs, driven by the interrupt controller */
    bool interrupt_due;      /* an unmasked line is up; kept by arm_update_interrupts() */
    bool waiting;            /* in wait-for-interrupt */
    bool aborted;            /* the current instruction's data access was refused */

    int32_t cycles_granted; /* by the arm_run() in progress */
    int32_t cycles_left;    /* may go below zero by the last instruction's cost */
    int32_t cycles_held;    /* more of them, kept from translated code, which counts no further than so many */
    uint64_t instructions;  /* executed since the core was made */

    /* What the fast engine knows of this core's code; none of it is state. NULL for the plain engine. */
    struct arm_translations *translations;
    uint32_t generation; /* of the translations, when the pages below were found */
    struct arm_page *page[ARM_CODE_PAGES];
    uint8_t page_visits[ARM_CODE_PAGES]; /* instructions interpreted since the page changed, up to a few */
    struct arm_rewritten rewritten[ARM_REWRITTEN_WORDS];
    uint32_t written_last,
        written_in_line; /* the end of the last write to ITCM; writes before it, each after another */
    bool wrote;          /* translated code may have written memory since this was cleared */
    bool goes_on;        /* after a device access in the middle of a block: so does the block */

    struct arm_bus bus;
    struct arm_window window[ARM_WINDOWS];
    uint8_t itcm[ARM_ITCM_SIZE] __attribute__((aligned(16)));
    uint8_t dtcm[ARM_DTCM_SIZE] __attribute__((aligned(16)));
};

/* Registers, mode and CP15 as after a reset; execution starts at ARM_RESET_HIGH. The memories keep their contents. */
void arm_reset(struct arm_core *core);

/* Execute for about `cycles` CPU cycles, or until the core waits for an interrupt. Returns the cycles spent, which
 * pass the grant by at most the last instruction's own. */
int32_t arm_run(struct arm_core *core, int32_t cycles);

/* Execute one instruction (or enter one interrupt) whatever it costs. */
void arm_step(struct arm_core *core);

/* ---- engines ----
 * The plain engine interprets, and is the reference. The fast one translates to machine code of the host, where the
 * host is an x86-64 that lets programs do so, and leaves to the plain one all that is rare or touches a device. They
 * agree in every bit and every cycle. */

/* Translations for the cores of one machine, which may run in several threads, each core in one at a time; NULL if the
 * host has no fast engine. */
struct arm_translations *arm_translations_create(void);
void arm_translations_destroy(struct arm_translations *translations);

/* Drop translations that have become too many. No core may be running. */
void arm_translations_tidy(struct arm_translations *translations);

/* How much there is of them: what comes to rest when the machine goes on doing the same. */
struct arm_translation_counts {
    uint32_t pages, code_bytes, drops; /* the last: how often all were dropped */
};
struct arm_translation_counts arm_translations_count(const struct arm_translations *translations);

/* Choose a core's engine: fast with these translations, plain with NULL. At any time between runs. */
void arm_use_translations(struct arm_core *core, struct arm_translations *translations);

/* Whoever writes ITCM other than by letting the core execute must say so. */
void arm_forget_code(struct arm_core *core, uint32_t address, uint32_t length);
static inline void arm_code_changed(struct arm_core *core, uint32_t address, uint32_t length) {
    if (core->translations != NULL && address < ARM_ITCM_SIZE)
        arm_forget_code(core, address, length);
}

/* Drive the interrupt inputs. A waiting core wakes when one of them is up, masked or not (TRM, wait for interrupt). */
void arm_set_interrupt_lines(struct arm_core *core, bool irq, bool fiq);

uint32_t arm_cpsr(const struct arm_core *core);
void arm_set_cpsr(struct arm_core *core, uint32_t cpsr);

/* Cycles spent so far by the arm_run() in progress: what a device needs to tell the time. */
static inline int32_t arm_cycles_spent(const struct arm_core *core) {
    return core->cycles_granted - core->cycles_left;
}

/* Charge the instruction in progress for waiting, such as a device's wait states. */
static inline void arm_spend(struct arm_core *core, int32_t cycles) {
    core->cycles_left -= cycles;
}

/* Let the arm_run() in progress return after this instruction, without having spent the rest of its grant. */
static inline void arm_yield(struct arm_core *core) {
    if (core->cycles_left > 0) {
        core->cycles_granted -= core->cycles_left;
        core->cycles_left = 0;
    }
}

/* Save, restore or hash the core's state. */
void arm_archive(struct archive *archive, struct arm_core *core);

/* Where the byte at `address` lies if it is plain memory (a TCM or a window), else NULL. Costs nothing. */
uint8_t *arm_memory(struct arm_core *core, uint32_t address);

#endif
