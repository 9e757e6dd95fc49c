/* A core with its devices: exceptions, interrupts at their exact time, wait for interrupt, aborts, and the bus. */
#include "check.h"

#define MOV_R0_IMMEDIATE 0xe3a00000u
#define BRANCH_TO_SELF   0xeafffffeu
#define WAIT             0xee070f90u /* mcr p15, 0, r0, c7, c0, 4 */

/* A chip whose core 1 runs `words` from address 0, with low vectors and interrupts enabled. */
static struct processor *start(const uint32_t *words, size_t bytes) {
    struct chip *chip = running_chip();
    for (unsigned i = 0; i < CORES_PER_CHIP; i++)
        chip->core[i].clocked = i == 1;
    struct processor *core = &chip->core[1];
    core->arm.cp15_control &= ~ARM_CP15_HIGH_VECTORS;
    load_program(core, words, bytes);
    arm_set_cpsr(&core->arm, ARM_SYS);
    return core;
}

static void timer_interrupts_on_time(void) {
    /* 0x18 (IRQ): mov r1, #7; loop. Elsewhere: add r0, r0, #1; loop. */
    static const uint32_t words[] = {0xea00000eu,        0,          0, 0, 0, 0, 0xe3a01007u, BRANCH_TO_SELF,
                                     [16] = 0xe2800001u, 0xeafffffdu};
    struct processor *core = start(words, sizeof words);

    vic_write(core, 0x10, VIC_TIMER1);
    timer_write(core, 0x00, 1000);
    timer_write(core, 0x08, 0xe2);
    chip_run(core->chip, 2000); /* one long window: the interrupt comes inside it */
    CHECK_EQUAL(core->arm.mode, ARM_IRQ);
    CHECK_EQUAL(core->arm.r[1], 7);
    /* The loop takes 1 + 3 cycles; it stopped counting at cycle 1000 and not at the end of the window. */
    CHECK(core->arm.r[0] >= 248 && core->arm.r[0] <= 251);
    CHECK(core->time >= 2000 && core->time < 2010);
    chip_destroy(core->chip);
}

static void waiting_costs_nothing(void) {
    static const uint32_t words[] = {WAIT, 0xe2800001u, BRANCH_TO_SELF};
    struct processor *core = start(words, sizeof words);

    chip_run(core->chip, 400);
    CHECK(core->arm.waiting);
    CHECK_EQUAL(core->arm.instructions, 1);
    CHECK_EQUAL(core->chip->awake, 0);
    CHECK_EQUAL(*core->chip->due, NEVER);
    arm_set_cpsr(&core->arm, ARM_SYS | ARM_CPSR_I); /* wakes although the interrupt is masked */
    vic_write(core, 0x10, VIC_SYSTEM_CONTROL);
    sysctl_write(core->chip, 0x08, 0x5ec00000u | 1u << 1);
    CHECK_EQUAL(core->chip->awake, 1u << 1);
    core->chip->alone.clock = 100000; /* the machine went on meanwhile */
    chip_run(core->chip, 100400);
    CHECK_EQUAL(core->arm.r[0], 1);
    CHECK(core->time >= 100400);
    chip_destroy(core->chip);
}

static void exceptions(void) {
    /* swi; vectors hold branches to themselves, so that the pc tells the vector. */
    static const uint32_t words[] = {0xef000000u, BRANCH_TO_SELF, BRANCH_TO_SELF, BRANCH_TO_SELF, BRANCH_TO_SELF};
    struct processor *core = start(words, sizeof words);
    struct arm_core *arm = &core->arm;

    arm->z = 1;
    arm_step(arm);
    CHECK_EQUAL(arm->pc, 0x08);
    CHECK_EQUAL(arm->mode, ARM_SVC);
    CHECK_EQUAL(arm->r[14], 4);
    CHECK(arm->irq_masked && !arm->fiq_masked);
    CHECK_EQUAL(arm->banked_spsr[ARM_BANK_SVC], ARM_CPSR_Z | ARM_SYS);

    arm->pc = 0x40; /* movs pc, lr goes back */
    memcpy(arm->itcm + 0x40, &(uint32_t){0xe1b0f00eu}, 4);
    arm_step(arm);
    CHECK_EQUAL(arm->mode, ARM_SYS);
    CHECK_EQUAL(arm->pc, 4);
    CHECK(!arm->irq_masked);

    arm->pc = 0x40; /* an undefined instruction */
    memcpy(arm->itcm + 0x40, &(uint32_t){0xe7f000f0u}, 4);
    arm_step(arm);
    CHECK_EQUAL(arm->pc, 0x04);
    CHECK_EQUAL(arm->mode, ARM_UND);
    CHECK_EQUAL(arm->r[14], 0x44);

    arm_set_cpsr(arm, ARM_SYS);
    arm->pc = 0x40; /* ldr r2, [r1], #4 from nowhere: registers stay as they were */
    memcpy(arm->itcm + 0x40, &(uint32_t){0xe4912004u}, 4);
    arm->r[1] = 0x90000000u;
    arm->r[2] = 5;
    arm_step(arm);
    CHECK_EQUAL(arm->pc, 0x10);
    CHECK_EQUAL(arm->mode, ARM_ABT);
    CHECK_EQUAL(arm->r[14], 0x48);
    CHECK_EQUAL(arm->r[1], 0x90000000u);
    CHECK_EQUAL(arm->r[2], 5);

    arm_set_cpsr(arm, ARM_SYS);
    arm->pc = 0x90000000u; /* nothing to execute there */
    arm_step(arm);
    CHECK_EQUAL(arm->pc, 0x0c);
    CHECK_EQUAL(arm->r[14], 0x90000004u);

    arm_set_cpsr(arm, ARM_SYS);
    arm->pc = 0x40; /* an unaligned word: rotated, or refused where alignment is checked */
    memcpy(arm->itcm + 0x40, &(uint32_t){0xe5912001u}, 4);
    memcpy(arm->dtcm, &(uint32_t){0x44332211u}, 4);
    arm->r[1] = ARM_DTCM_BASE;
    arm_step(arm);
    CHECK_EQUAL(arm->r[2], 0x11443322u);
    arm->cp15_control |= ARM_CP15_ALIGNMENT_FAULTS;
    arm->pc = 0x40;
    arm_step(arm);
    CHECK_EQUAL(arm->pc, 0x10);

    /* FIQ before IRQ, with its own r8 to r14. */
    arm_set_cpsr(arm, ARM_SYS);
    arm->r[8] = 88;
    arm->pc = 0x40;
    arm_set_interrupt_lines(arm, true, true);
    arm_step(arm);
    CHECK_EQUAL(arm->pc, 0x1c);
    CHECK_EQUAL(arm->mode, ARM_FIQ);
    CHECK_EQUAL(arm->r[14], 0x44);
    CHECK(arm->r[8] != 88);
    CHECK(arm->irq_masked && arm->fiq_masked);
    arm_set_cpsr(arm, ARM_SYS);
    CHECK_EQUAL(arm->r[8], 88);
    chip_destroy(core->chip);
}

static void bus(void) {
    struct chip *chip = running_chip();
    struct processor *core = &chip->core[1];
    uint32_t value;

    *arm_memory(&core->arm, 0x60000004) = 0x12; /* SDRAM, its other alias, and its repeat after 128 MB */
    CHECK_EQUAL(*arm_memory(&core->arm, 0x70000004), 0x12);
    CHECK_EQUAL(*arm_memory(&core->arm, 0x68000004), 0x12);
    *arm_memory(&core->arm, 0xe5000008) = 0x34; /* system RAM, its other alias, and the high vectors */
    CHECK_EQUAL(*arm_memory(&core->arm, 0xf5000008), 0x34);
    CHECK_EQUAL(*arm_memory(&core->arm, 0xffff0008), 0x34);
    CHECK(arm_memory(&core->arm, 0xfffff030) == NULL);
    CHECK(core->arm.bus.read(core, 0xe0000300, 4, &value)); /* the DLL is locked */
    CHECK_EQUAL(value >> 18 & 1, 1);
    CHECK(core->arm.bus.read(core, 0xf2000002, 2, &value)); /* half of a device's word */
    CHECK_EQUAL(value, 0x5911);
    CHECK(!core->arm.bus.read(core, 0x90000000, 4, &value));
    CHECK(!core->arm.bus.write(core, 0x90000000, 4, 0));
    CHECK_EQUAL(chip->unmodelled_count, 2);
    chip_destroy(chip);
}

/* Delay loops are taken many turns at a time: the outcome is that of executing every instruction by itself. */
static void delay_loops(void) {
    static const uint32_t arm_loop[] = {0xe2577001u, 0x1afffffdu, 0xe2800001u,
                                        BRANCH_TO_SELF}; /* subs r7, r7, #1; bne */
    static const uint16_t thumb_loop[] = {0x3f01, 0xd1fd, 0x3001, 0xe7fe};

    srand(4);
    for (unsigned i = 0; i < 2000; i++) {
        static const uint32_t edges[] = {0, 1, 2, 3, 0x80000000u, 0x80000001u, 0xffffffffu};
        bool thumb = i & 1;
        unsigned carry = i & 2 ? 1 : 0; /* bcs in place of bne */
        struct arm_core *cores[2];
        for (unsigned k = 0; k < 2; k++) {
            struct arm_core *arm = cores[k] = calloc(1, sizeof *arm);
            CHECK(arm != NULL);
            arm_reset(arm);
            if (thumb)
                memcpy(arm->itcm + 0x40, thumb_loop, sizeof thumb_loop);
            else
                memcpy(arm->itcm + 0x40, arm_loop, sizeof arm_loop);
            arm->itcm[thumb ? 0x43 : 0x47] += (uint8_t)(thumb ? carry : carry << 4);
            arm->pc = 0x40;
            arm->thumb = thumb;
        }
        cores[0]->r[7] = cores[1]->r[7] = i % 3 ? (uint32_t)rand() % 300 : edges[(unsigned)rand() % 7];
        for (unsigned grant = 0; grant < 4; grant++) {
            int32_t cycles = 1 + rand() % 400;
            int32_t spent = arm_run(cores[0], cycles);
            cores[1]->cycles_granted = cores[1]->cycles_left = cycles;
            while (cores[1]->cycles_left > 0)
                arm_step(cores[1]);
            CHECK_EQUAL(spent, arm_cycles_spent(cores[1]));
            CHECK_EQUAL(cores[0]->pc, cores[1]->pc);
            CHECK_EQUAL(cores[0]->r[7], cores[1]->r[7]);
            CHECK_EQUAL(cores[0]->r[0], cores[1]->r[0]);
            CHECK_EQUAL(arm_cpsr(cores[0]), arm_cpsr(cores[1]));
            CHECK_EQUAL(cores[0]->instructions, cores[1]->instructions);
        }
        free(cores[0]);
        free(cores[1]);
    }
}

int main(void) {
    delay_loops();
    timer_interrupts_on_time();
    waiting_costs_nothing();
    exceptions();
    bus();
    return EXIT_SUCCESS;
}
