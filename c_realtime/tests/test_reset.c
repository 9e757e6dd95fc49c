/* Resets of subsystems, of a chip and of a board: what begins anew, what stays, and that it can be booted again. */
#include "check.h"

enum { SUBSYSTEM_LEVEL = 0x20, SUBSYSTEM_PULSE = 0x2c, RESET_CODE = 0x30, MONITOR_ID = 0x34, ARBITRATION = 0x80 };

#define CODE         0x5ec00000u
#define ENTIRE_CHIP  0x20000u
#define SENDER_0     0x10u
#define ROUTER       0x1u
#define WORD_ADDRESS 0x60000100u

static void check_arbitration(struct chip *chip) {
    CHECK_EQUAL(sysctl_read(chip, ARBITRATION + 4 * 3), 0); /* the boot ROM has done it */
    sysctl_write(chip, MONITOR_ID, 0x100);
    CHECK_EQUAL(sysctl_read(chip, ARBITRATION + 4 * 3), 0); /* not without the code */
    sysctl_write(chip, MONITOR_ID, CODE | 0x100 | 7);
    CHECK_EQUAL(sysctl_read(chip, MONITOR_ID), 7);
    CHECK_EQUAL(sysctl_read(chip, ARBITRATION + 4 * 5), 0x80000000u); /* the first who asks */
    CHECK_EQUAL(sysctl_read(chip, ARBITRATION + 4 * 3), 0);           /* and nobody after it */
}

static void check_subsystems(struct machine *machine) {
    struct chip *chip = machine->root, *neighbour = chip->neighbour[0];
    const uint32_t to_neighbour = 2u << 22 | PACKET_HAS_PAYLOAD;
    uint32_t received = neighbour->core[0].comms.tail;

    load_program(&chip->core[0], (const uint32_t[]){0xeafffffe}, 4);
    load_program(&neighbour->core[0], (const uint32_t[]){0xeafffffe}, 4);
    chip->bootrom.finished = neighbour->bootrom.finished = true;
    sysctl_write(chip, SUBSYSTEM_LEVEL, CODE | SENDER_0);
    CHECK_EQUAL(sysctl_read(chip, SUBSYSTEM_LEVEL), SENDER_0);
    CHECK(send_packet(machine, &chip->core[0], to_neighbour, 1, 2)); /* to nobody */
    CHECK_EQUAL(neighbour->core[0].comms.tail, received);
    sysctl_write(chip, SUBSYSTEM_LEVEL, CODE);
    CHECK(send_packet(machine, &chip->core[0], to_neighbour, 1, 2));
    CHECK_EQUAL(neighbour->core[0].comms.tail, received + 1);
    router_write(chip, 0x84, 0x123);
    sysctl_write(chip, SUBSYSTEM_LEVEL, CODE | ROUTER);
    CHECK(!send_packet(machine, &chip->core[0], to_neighbour, 1, 2)); /* waits */
    sysctl_write(chip, SUBSYSTEM_LEVEL, CODE);
    CHECK_EQUAL(router_read(chip, 0x84), 0xfc000000u);
}

/* A program that resets its own chip: a store of r1 to the address in r0. */
static void check_chip(struct machine *machine) {
    static const uint32_t program[] = {0xe5801000, 0xeafffffe};
    struct chip *chip = machine->root;
    uint8_t *word = chip_memory(chip, WORD_ADDRESS);

    *word = 0x5a;
    chip->core[0].arm.dtcm[9] = 0x33;
    processor_break(&chip->core[4]);
    load_program(&chip->core[0], program, sizeof program);
    chip->core[0].arm.r[0] = 0xf2000000u + SUBSYSTEM_PULSE;
    chip->core[0].arm.r[1] = CODE | ENTIRE_CHIP;
    machine_run(machine, machine->now + 1);
    CHECK(bootrom_is_active(chip));
    CHECK_EQUAL(sysctl_read(chip, RESET_CODE), RESET_BY_SOFTWARE);
    CHECK_EQUAL(sysctl_read(chip, 0x10), 0x3ffff & ~(1u << 4));
    CHECK(!bootrom_is_active(chip->neighbour[0]));
    CHECK_EQUAL(*word, 0x5a); /* memories keep what they hold */
    CHECK_EQUAL(chip->core[0].arm.dtcm[9], 0x33);
    machine_run(machine, machine->now + 10000);
    CHECK(!processor_is_running(&chip->core[0]));
}

static bool fault(struct machine *machine, const char *words) {
    char complaint[FAULT_COMPLAINT_BYTES];
    return machine_fault(machine, words, complaint, sizeof complaint);
}

static void check_board(struct machine *machine) {
    static const uint8_t image[8] = {0xfe, 0xff, 0xff, 0xea};
    struct chip *chip = machine->root;

    CHECK(!fault(machine, "reset board 1"));
    CHECK(!fault(machine, "reset chip 2,0"));
    CHECK(!fault(machine, "reset"));
    CHECK(!fault(machine, "power chip 0,0"));
    CHECK(!fault(machine, "reset board 0 now"));
    CHECK(fault(machine, "reset chip 1,0"));
    CHECK(bootrom_is_active(chip->neighbour[0]));
    machine_boot(machine, image, sizeof image);
    machine_run(machine, machine->now + 1000);
    CHECK(processor_is_running(&chip->core[0]));
    CHECK(fault(machine, "reset board 0"));
    CHECK(!processor_is_running(&chip->core[0]));
    CHECK_EQUAL(sysctl_read(chip, RESET_CODE), RESET_BY_USER);
    CHECK_EQUAL(*chip_memory(chip, WORD_ADDRESS), 0x5a);
    CHECK_EQUAL(machine_next_event(machine), machine->now); /* one look at who is awake, */
    machine_run(machine, machine->now + 1000);
    CHECK_EQUAL(machine_next_event(machine), NEVER); /* and then nothing happens by itself */
    CHECK(fault(machine, "power board 0"));
    CHECK_EQUAL(sysctl_read(chip, RESET_CODE), RESET_BY_POWER_ON);
    CHECK_EQUAL(*chip_memory(chip, WORD_ADDRESS), 0);
    CHECK_EQUAL(chip->core[0].arm.dtcm[9], 0);
    chip->core[0].arm.pc = 0;
    machine_boot(machine, image, sizeof image);
    machine_run(machine, machine->now + 1000);
    CHECK(processor_is_running(&chip->core[0]));
}

int main(void) {
    struct machine *machine = new_machine(BOARD_SPINN3);

    check_arbitration(machine->root);
    check_subsystems(machine);
    check_chip(machine);
    check_board(machine);
    machine_destroy(machine);
    return EXIT_SUCCESS;
}
