/* The little that the C tests need: a check that names itself, and a machine or a chip to check on. */
#ifndef SPINNLIVE_TESTS_CHECK_H
#define SPINNLIVE_TESTS_CHECK_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../machine/machine.h"

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                            \
            exit(EXIT_FAILURE);                                                                                        \
        }                                                                                                              \
    } while (0)

#define CHECK_EQUAL(got, wanted)                                                                                       \
    do {                                                                                                               \
        uint64_t got_ = (uint64_t)(got), wanted_ = (uint64_t)(wanted);                                                 \
        if (got_ != wanted_) {                                                                                         \
            fprintf(stderr, "%s:%d: %s is 0x%" PRIx64 ", not 0x%" PRIx64 "\n", __FILE__, __LINE__, #got, got_,         \
                    wanted_);                                                                                          \
            exit(EXIT_FAILURE);                                                                                        \
        }                                                                                                              \
    } while (0)

/* A chip by itself, with all its cores out of reset and clocked but with nothing to execute. */
static inline struct chip *running_chip(void) {
    struct bootrom_settings settings = {.hardware_version = 3};
    struct chip *chip = chip_create(0, 0, 0x3ffff, &settings);

    CHECK(chip != NULL);
    chip->bootrom.finished = true;
    for (unsigned i = 0; i < CORES_PER_CHIP; i++) {
        chip->core[i].state = PROCESSOR_RUNNING;
        chip->core[i].clocked = true;
    }
    return chip;
}

/* Send a packet from a core, as its software would, and let a window end. False if the packet is held back. */
static inline bool send_packet(struct machine *machine, struct processor *from, uint32_t control, uint32_t payload,
                               uint32_t key) {
    comms_write(from, 0x00, control);
    if (control & PACKET_HAS_PAYLOAD)
        comms_write(from, 0x04, payload);
    comms_write(from, 0x08, key);
    machine->now += MACHINE_WINDOW_CYCLES;
    fabric_deliver(machine->chip, machine->chip_count, machine->chip_count, machine->now);
    return from->chip->sending == 0;
}

static inline struct machine *new_machine(enum machine_board board) {
    struct machine_config config = {.board = board, .ip = {{127, 0, 0, 2}}};
    struct machine *machine = machine_create(&config);

    CHECK(machine != NULL);
    return machine;
}

/* Put ARM instructions at the start of a core's ITCM and point the core at them. */
static inline void load_program(struct processor *core, const uint32_t *words, size_t bytes) {
    memcpy(core->arm.itcm, words, bytes);
    core->arm.pc = 0;
    core->state = PROCESSOR_RUNNING;
    core->clocked = true;
    processor_wake(core);
}

#endif
