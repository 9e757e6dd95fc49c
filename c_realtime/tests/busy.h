/* A machine that is busy with itself. */
#ifndef SPINNLIVE_TESTS_BUSY_H
#define SPINNLIVE_TESTS_BUSY_H

#include "check.h"

/* Core 0 of every chip: count in r0 and send the count as a multicast packet every few cycles; core 1 receives. */
static const uint32_t sender[] = {
    0xe3a01201u, /* mov r1, #0x10000000: the communications controller */
    0xe3a02001u, /* mov r2, #1 */
    0xe2800001u, /* add r0, r0, #1 */
    0xe5810008u, /* str r0, [r1, #8]: send */
    0xe5913000u, /* ldr r3, [r1]: wait while full */
    0xe3130101u, /* tst r3, #0x40000000 */
    0x1afffffcu, /* bne wait */
    0xeafffff9u, /* b add */
};
static const uint32_t receiver[] = {
    0xe3a01201u, /* mov r1, #0x10000000 */
    0xe591300cu, /* ldr r3, [r1, #12]: wait for a packet */
    0xe3530000u, /* cmp r3, #0 */
    0xaafffffcu, /* bge wait */
    0xe5913014u, /* ldr r3, [r1, #20]: take it */
    0xe0800003u, /* add r0, r0, r3 */
    0xeafffff9u, /* b wait */
};

static inline struct machine *busy_machine(enum machine_board board) {
    struct machine *machine = new_machine(board);

    for (unsigned i = 0; i < machine->chip_count; i++) {
        struct chip *chip = machine->chip[i];
        chip->bootrom.finished = true;
        load_program(&chip->core[0], sender, sizeof sender);
        load_program(&chip->core[1], receiver, sizeof receiver);
        router_write(chip, 0x4000, 1u << (6 + 1) | 1u << (chip->x == 0 ? 0 : 3)); /* here and to the neighbour */
        router_write(chip, 0x8000, 0);
        router_write(chip, 0xc000, 0x80000000u | (chip->x ? 0 : 1)); /* odd keys are not for one of the columns: */
        router_write(chip, 0x4004, 0);                               /* they go nowhere there */
        router_write(chip, 0x8004, 1);
        router_write(chip, 0xc004, 1);
    }
    return machine;
}

#endif
