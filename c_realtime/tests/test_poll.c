/* Loops that wait for a timer: the fast engine takes their turns together, and nothing may tell. */
#include "check.h"

#define END     0xeafffffeu /* b . */
#define WINDOWS 1000
#define TIMER   0xe3a03411u /* mov r3, #0x11000000 */

/* ldr r3, [r3, #0x24]: the second timer's count; cmp r3, #0 */
#define COUNT   0xe5933024u
#define COMPARE 0xe3530000u

/* What a synapse core does: r3 is taken for something else before the next turn. */
static const uint32_t waits[] = {
    TIMER,       COUNT,       COMPARE, 0x1a000000u, /* bne over the end */
    END,         0xe5942008u,                       /* ldr r2, [r4, #8] */
    0xe5943004u,                                    /* ldr r3, [r4, #4] */
    0xe1520003u,                                    /* cmp r2, r3 */
    0x0afffff6u,                                    /* beq begin */
    END,
};

/* The count, or a part of it, is left in a register, which may be the same in two turns and another one later. */
static const uint32_t keeps[] = {
    TIMER,       COUNT, COMPARE, 0x1a000000u, END, 0xe1a05423u, /* mov r5, r3, lsr #8 */
    0xe3a03001u,                                                /* mov r3, #1 */
    0xe3530001u,                                                /* cmp r3, #1 */
    0x0afffff6u, END,
};

/* The turn writes memory, which decides some day: r6 counts down at [r4]. */
static const uint32_t writes[] = {
    TIMER,       COUNT, COMPARE, 0x1a000000u, END, 0xe3a03001u, /* mov r3, #1 */
    0xe5946000u,                                                /* ldr r6, [r4] */
    0xe2566001u,                                                /* subs r6, r6, #1 */
    0xe5846000u,                                                /* str r6, [r4] */
    0xe3a06000u,                                                /* mov r6, #0 */
    0x1afffff4u,                                                /* bne begin */
    END,
};

/* `compare` is a branch if the count is zero. */
static const uint32_t falls_through[] = {
    TIMER,       COUNT,       COMPARE, 0x0a000002u, /* beq end */
    0xe3a03001u, 0xe1a00000u,                       /* mov r3, #1; nop */
    0xeafffff8u,                                    /* b begin */
    END,
};

static struct machine *polling(const uint32_t *words, size_t bytes, uint32_t control, uint32_t load,
                               enum machine_engine engine) {
    struct machine *machine = new_machine(BOARD_SPINN3);
    struct processor *core = &machine->root->core[1];
    uint32_t turns = 5000;

    CHECK(machine_set_engine(machine, engine));
    load_program(core, words, bytes);
    core->arm.r[4] = ARM_DTCM_BASE;
    memcpy(core->arm.dtcm, &turns, sizeof turns);
    timer_write(core, 0x20, load);
    timer_write(core, 0x28, control);
    return machine;
}

static void alike(const uint32_t *words, size_t bytes, uint32_t control, uint32_t load) {
    struct machine *plain = polling(words, bytes, control, load, ENGINE_PLAIN);
    struct machine *best = polling(words, bytes, control, load, ENGINE_BEST);

    for (unsigned i = 0; i < WINDOWS; i++) {
        machine_run(plain, plain->now + MACHINE_WINDOW_CYCLES);
        machine_run(best, best->now + MACHINE_WINDOW_CYCLES);
        CHECK_EQUAL(machine_pulse(plain), machine_pulse(best));
    }
    CHECK(memcmp(plain->root->core[1].arm.dtcm, best->root->core[1].arm.dtcm, ARM_DTCM_SIZE) == 0);
    CHECK(plain->root->core[1].arm.instructions > 10000);
    machine_destroy(plain);
    machine_destroy(best);
}

int main(void) {
    /* Once and periodically, by every clock or every 256th; to the end within the time and beyond. */
    static const uint32_t control[] = {0x83, 0xc2, 0xca}, load[] = {123456, 700, 600000000, 0xf0000000};

    for (unsigned c = 0; c < sizeof control / sizeof *control; c++)
        for (unsigned l = 0; l < sizeof load / sizeof *load; l++) {
            alike(waits, sizeof waits, control[c], load[l]);
            alike(keeps, sizeof keeps, control[c], load[l]);
            alike(writes, sizeof writes, control[c], load[l]);
            alike(falls_through, sizeof falls_through, control[c], load[l]);
        }
    return EXIT_SUCCESS;
}
