/* Cycle counts of the core, against the tables of the ARM9E-S TRM (docs/timing.md has them in words). */
#include "check.h"

#define NOP 0xe1a08008u /* mov r8, r8 */

/* Cycles for the first of three instructions at the start of ITCM, in ARM or in Thumb state. */
static int32_t cost(bool thumb, const uint32_t words[3]) {
    static struct arm_core core;
    unsigned length = thumb ? 2 : 4;

    memset(&core, 0, sizeof core);
    arm_reset(&core);
    for (unsigned i = 0; i < 3; i++)
        memcpy(core.itcm + i * length, &words[i], length);
    for (unsigned i = 0; i < 15; i++)
        core.r[i] = ARM_DTCM_BASE + 0x100 * i + 0x1000;
    arm_set_cpsr(&core, ARM_SVC | ARM_CPSR_I | ARM_CPSR_F | ARM_CPSR_Z | (thumb ? ARM_CPSR_T : 0));
    core.cp15_control &= ~ARM_CP15_HIGH_VECTORS;
    core.pc = 0;
    core.cycles_left = core.cycles_granted = 1000;
    arm_step(&core);
    return arm_cycles_spent(&core);
}

struct count {
    uint32_t words[3];
    int32_t cycles;
};

static const struct count arm_counts[] = {
    {{0xe0810002, NOP, NOP}, 1},               /* add r0, r1, r2 */
    {{0xe0810312, NOP, NOP}, 2},               /* add r0, r1, r2, lsl r3 */
    {{0xe1a0f000, NOP, NOP}, 3},               /* mov pc, r0 */
    {{0xe080f311, NOP, NOP}, 4},               /* add pc, r0, r1, lsl r3 */
    {{0xe16f0f11, NOP, NOP}, 1},               /* clz r0, r1 */
    {{0xea000000, NOP, NOP}, 3},               /* b */
    {{0x1a000000, NOP, NOP}, 1},               /* bne, not taken: Z is set */
    {{0xeaffffff, NOP, NOP}, 3},               /* b to the next instruction */
    {{0xeb000000, NOP, NOP}, 3},               /* bl */
    {{0xe12fff10, NOP, NOP}, 3},               /* bx r0 */
    {{0xef000000, NOP, NOP}, 3},               /* swi */
    {{0xe7f000f0, NOP, NOP}, 3},               /* undefined */
    {{0xe10f0000, NOP, NOP}, 2},               /* mrs r0, cpsr */
    {{0xe128f000, NOP, NOP}, 1},               /* msr cpsr_f, r0 */
    {{0xe121f000, NOP, NOP}, 3},               /* msr cpsr_c, r0 */
    {{0xe0000291, NOP, NOP}, 2},               /* mul r0, r1, r2 */
    {{0xe0000291, 0xe0833000, NOP}, 3},        /*   add r3, r3, r0 */
    {{0xe0000291, 0xe0230291, NOP}, 2},        /*   mla r3, r1, r2, r0: the addend comes in time */
    {{0xe0000291, 0xe0231290, NOP}, 3},        /*   mla r3, r0, r2, r1 */
    {{0xe0200291, 0xe0800000, NOP}, 3},        /* mla r0, r1, r2, r0; add */
    {{0xe0100291, 0xe0833000, NOP}, 4},        /* muls r0, r1, r2; add */
    {{0xe0810392, NOP, NOP}, 3},               /* umull r0, r1, r2, r3 */
    {{0xe0810392, 0xe1a04001, NOP}, 4},        /*   mov r4, r1 */
    {{0xe0910392, 0xe1a04001, NOP}, 5},        /* umulls; mov r4, r1 */
    {{0xe1600281, NOP, NOP}, 1},               /* smulbb r0, r1, r2 */
    {{0xe1600281, 0xe0833000, NOP}, 2},        /*   add r3, r3, r0 */
    {{0xe1410382, NOP, NOP}, 2},               /* smlalbb r0, r1, r2, r3 */
    {{0xe1410382, 0xe1a04000, NOP}, 3},        /*   mov r4, r0 */
    {{0xe1020051, NOP, NOP}, 1},               /* qadd r0, r1, r2 */
    {{0xe1020051, 0xe1a04000, NOP}, 2},        /*   mov r4, r0 */
    {{0xe5910000, NOP, NOP}, 1},               /* ldr r0, [r1] */
    {{0xe5910000, 0xe0833000, NOP}, 2},        /*   add r3, r3, r0 */
    {{0xe5910000, NOP, 0xe0833000}, 1},        /*   nop; add r3, r3, r0 */
    {{0xe5910000, 0xe5820000, NOP}, 2},        /*   str r0, [r2] */
    {{0xe5910000, 0xe3a00001, NOP}, 1},        /*   mov r0, #1 */
    {{0x15910000, 0xe0833000, NOP}, 1},        /* ldrne, not executed */
    {{0xe5d10000, 0xe0833000, NOP}, 3},        /* ldrb r0, [r1]; add r3, r3, r0 */
    {{0xe5d10000, NOP, 0xe0833000}, 2},        /*   nop; add */
    {{0xe5d10000, 0xe0050796, 0xe0833000}, 1}, /*   mul r5, r6, r7; add: the multiply takes long enough */
    {{0xe1d100b0, 0xe0833000, NOP}, 3},        /* ldrh r0, [r1]; add */
    {{0xe1d100d0, 0xe1a04000, NOP}, 3},        /* ldrsb r0, [r1]; mov r4, r0 */
    {{0xe7910fa6, NOP, NOP}, 2},               /* ldr r0, [r1, r6, lsr #31] */
    {{0xe591f000, NOP, NOP}, 5},               /* ldr pc, [r1] */
    {{0xe1c100d0, NOP, NOP}, 2},               /* ldrd r0, [r1] */
    {{0xe1c120d0, 0xe1a04003, NOP}, 3},        /* ldrd r2, [r1]; mov r4, r3 */
    {{0xe1c120d0, 0xe1a04002, NOP}, 2},        /*   mov r4, r2 */
    {{0xe1c120f0, NOP, NOP}, 2},               /* strd r2, [r1] */
    {{0xe5810000, NOP, NOP}, 1},               /* str r0, [r1] */
    {{0xe8b10001, NOP, NOP}, 2},               /* ldmia r1!, {r0} */
    {{0xe8b1001d, NOP, NOP}, 4},               /* ldmia r1!, {r0, r2, r3, r4} */
    {{0xe8b1001d, 0xe1a05004, NOP}, 5},        /*   mov r5, r4 */
    {{0xe8b1001d, 0xe1a05003, NOP}, 4},        /*   mov r5, r3 */
    {{0xe8b18000, NOP, NOP}, 5},               /* ldmia r1!, {pc} */
    {{0xe8b18010, NOP, NOP}, 6},               /* ldmia r1!, {r4, pc} */
    {{0xe8a10001, NOP, NOP}, 2},               /* stmia r1!, {r0} */
    {{0xe8a1001d, NOP, NOP}, 4},               /* stmia r1!, {r0, r2, r3, r4} */
    {{0xe1020091, NOP, NOP}, 2},               /* swp r0, r1, [r2] */
    {{0xe1020091, 0xe1a04000, NOP}, 3},        /*   mov r4, r0 */
    {{0xe1420091, 0xe1a04000, NOP}, 4},        /* swpb; mov r4, r0 */
    {{0xf5d1f000, NOP, NOP}, 1},               /* pld [r1] */
};

static const struct count thumb_counts[] = {
    {{0x1888, 0x46c0, 0x46c0}, 1}, /* adds r0, r1, r2 */
    {{0x4088, 0x46c0, 0x46c0}, 2}, /* lsls r0, r1 */
    {{0x4348, 0x46c0, 0x46c0}, 4}, /* muls r0, r1 */
    {{0x6808, 0x46c0, 0x46c0}, 1}, /* ldr r0, [r1] */
    {{0x6808, 0x1c03, 0x46c0}, 2}, /*   adds r3, r0, #0 */
    {{0x7808, 0x1c03, 0x46c0}, 3}, /* ldrb r0, [r1]; adds */
    {{0x7808, 0x46c0, 0x1c03}, 2}, /*   nop; adds */
    {{0xe7ff, 0x46c0, 0x46c0}, 3}, /* b to the next instruction */
    {{0xd1ff, 0x46c0, 0x46c0}, 1}, /* bne, not taken */
    {{0xbc03, 0x46c0, 0x46c0}, 2}, /* pop {r0, r1} */
    {{0xbc03, 0x1c0b, 0x46c0}, 3}, /*   adds r3, r1, #0 */
    {{0xbd00, 0x46c0, 0x46c0}, 5}, /* pop {pc} */
    {{0xbd01, 0x46c0, 0x46c0}, 6}, /* pop {r0, pc} */
    {{0xb403, 0x46c0, 0x46c0}, 2}, /* push {r0, r1} */
    {{0x4700, 0x46c0, 0x46c0}, 3}, /* bx r0 */
    {{0xdf00, 0x46c0, 0x46c0}, 3}, /* swi */
};

static void check_all(bool thumb, const struct count *counts, size_t number) {
    for (size_t i = 0; i < number; i++) {
        int32_t got = cost(thumb, counts[i].words);
        if (got != counts[i].cycles)
            printf("%08x, then %08x: %d cycles, not %d\n", counts[i].words[0], counts[i].words[1], got,
                   counts[i].cycles);
        CHECK_EQUAL(got, counts[i].cycles);
    }
}

/* An interrupt is entered in three cycles, and then the instruction at the vector is executed. */
static void interrupt_entry(void) {
    static struct arm_core core;

    arm_reset(&core);
    core.cp15_control &= ~ARM_CP15_HIGH_VECTORS;
    arm_set_cpsr(&core, ARM_SYS);
    core.pc = 0;
    arm_set_interrupt_lines(&core, true, false);
    core.cycles_left = core.cycles_granted = 1000;
    arm_step(&core);
    CHECK_EQUAL(core.pc, 0x18);
    CHECK_EQUAL(arm_cycles_spent(&core), 3);
}

int main(void) {
    check_all(false, arm_counts, sizeof arm_counts / sizeof *arm_counts);
    check_all(true, thumb_counts, sizeof thumb_counts / sizeof *thumb_counts);
    interrupt_entry();
    return EXIT_SUCCESS;
}
