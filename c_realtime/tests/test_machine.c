/* The machine: that it is a function of its inputs alone, however it is cut into runs, and that sleep is skipped
 * exactly. */
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

static struct machine *busy_machine(void) {
    struct machine *machine = new_machine(BOARD_SPINN3);

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

static void same_however_it_is_cut(void) {
    struct machine *whole = busy_machine(), *pieces = busy_machine();
    const uint64_t end = 400000;

    machine_run(whole, end);
    srand(3);
    while (pieces->now < end) {
        uint64_t step = pieces->now + 1 + (uint64_t)rand() % 5000;
        machine_run(pieces, step < end ? step : end);
    }
    CHECK_EQUAL(whole->now, pieces->now);
    CHECK_EQUAL(machine_hash(whole), machine_hash(pieces));
    CHECK(machine_statistics(whole).packets_received > 1000);
    CHECK_EQUAL(machine_statistics(whole).packets_timed_out, 0);

    /* And the hash notices a single bit, wherever it is. */
    uint64_t hash = machine_hash(whole);
    whole->chip[3]->sdram[100000000] ^= 1;
    CHECK(machine_hash(whole) != hash);
    whole->chip[3]->sdram[100000000] ^= 1;
    whole->chip[2]->core[17].arm.dtcm[5] ^= 4;
    CHECK(machine_hash(whole) != hash);
    whole->chip[2]->core[17].arm.dtcm[5] ^= 4;
    CHECK_EQUAL(machine_hash(whole), hash);
    machine_destroy(whole);
    machine_destroy(pieces);
}

static void sleep_is_skipped(void) {
    static const uint32_t words[] = {
        [0] = 0xe3a01211u, /* mov r1, #0x10000001 - the timers are at 0x11000000 */
        [1] = 0xee070f90u, /* wait for interrupt */
        [2] = 0xe2800001u, /* add r0, r0, #1 */
        [3] = 0xe584200cu, /* str r2, [r4, #12]: clear the timer's interrupt */
        [4] = 0xeafffffbu, /* b wait */
    };
    struct machine *machine = new_machine(BOARD_SPINN3);
    struct processor *core = &machine->chip[0]->core[1];

    load_program(core, words, sizeof words);
    core->arm.r[4] = 0x11000000u;
    vic_write(core, 0x10, VIC_TIMER1);
    arm_set_cpsr(&core->arm, ARM_SYS | ARM_CPSR_I);
    timer_write(core, 0x00, 200000); /* a tick of 1 ms */
    timer_write(core, 0x08, 0xe2);
    machine_run(machine, (uint64_t)60 * CPU_HZ);
    CHECK_EQUAL(core->arm.r[0], 60 * 1000 - 1); /* the last tick falls on the end */
    CHECK(core->arm.instructions < 5 * 60 * 1000);
    CHECK_EQUAL(machine->now, (uint64_t)60 * CPU_HZ);
    machine_destroy(machine);
}

/* What the host must be woken for: not for a monitor's clock, but for an application core's timer and for a frame. */
static void outward_events(void) {
    struct machine *machine = new_machine(BOARD_SPINN3);
    struct chip *root = machine->root;

    CHECK_EQUAL(machine_next_outward_event(machine), NEVER);
    for (unsigned k = 0; k < 2; k++) {
        struct processor *core = &root->core[k];
        core->state = PROCESSOR_RUNNING;
        core->clocked = true;
        core->arm.waiting = true;
        timer_write(core, 0x00, k ? 90000 : 20000);
        timer_write(core, 0x08, 0xe2);
    }
    root->awake = 0;
    root->next_event = 20000;
    CHECK_EQUAL(machine_next_event(machine), 20000);
    CHECK_EQUAL(machine_next_outward_event(machine), 90000);
    ethernet_write(root, 0xc008, 4, 60);
    ethernet_write(root, 0xc00c, 4, 60);
    CHECK_EQUAL(machine_next_outward_event(machine), 60 * ETHERNET_CYCLES_PER_BYTE + ETHERNET_LATENCY_CYCLES);
    processor_wake(&root->core[1]);
    CHECK_EQUAL(machine_next_outward_event(machine), machine->now);
    machine_destroy(machine);
}

static void boards(void) {
    struct machine *machine = new_machine(BOARD_SPINN5);
    unsigned wired = 0, cores = 0;

    CHECK_EQUAL(machine->chip_count, 48);
    for (unsigned i = 0; i < machine->chip_count; i++) {
        cores += (unsigned)__builtin_popcount(machine->chip[i]->sysctl.cpu_ok);
        for (unsigned link = 0; link < LINKS_PER_CHIP; link++)
            wired += machine->chip[i]->neighbour[link] != NULL;
    }
    CHECK_EQUAL(cores, 856);
    CHECK_EQUAL(wired, 240);
    machine_destroy(machine);
}

int main(void) {
    same_however_it_is_cut();
    sleep_is_skipped();
    outward_events();
    boards();
    return EXIT_SUCCESS;
}
