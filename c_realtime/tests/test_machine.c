/* The machine: that it is a function of its inputs alone, however it is cut into runs, and that sleep is skipped
 * exactly. */
#include "busy.h"
#include "check.h"

static void same_however_it_is_cut(void) {
    struct machine *whole = busy_machine(BOARD_SPINN3), *pieces = busy_machine(BOARD_SPINN3);
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

/* Core 1 of the first chip counts the ticks of a timer in r0, asleep between them. */
static struct machine *ticking_machine(uint32_t period) {
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
    timer_write(core, 0x00, period);
    timer_write(core, 0x08, 0xe2);
    return machine;
}

static void sleep_is_skipped(void) {
    struct machine *machine = ticking_machine(200000); /* 1 ms */
    const struct processor *core = &machine->chip[0]->core[1];

    machine_run(machine, (uint64_t)60 * CPU_HZ);
    CHECK_EQUAL(core->arm.r[0], 60 * 1000 - 1); /* the last tick falls on the end */
    CHECK(core->arm.instructions < 5 * 60 * 1000);
    CHECK_EQUAL(machine->now, (uint64_t)60 * CPU_HZ);
    machine_destroy(machine);
}

/* Two sleepers, one of them woken by a timer whose ticks lie beside the grid: nothing is passed over, wherever the runs
 * end. */
static void no_event_is_passed_over(void) {
    struct machine *whole = ticking_machine(199999), *pieces = ticking_machine(199999);
    const uint64_t end = 4000000;

    machine_run(whole, end);
    for (uint64_t until = 199990; pieces->now < end; until += 13)
        machine_run(pieces, until < end ? until : end);
    CHECK_EQUAL(pieces->now, whole->now);
    CHECK(whole->chip[0]->core[1].arm.r[0] >= 19);
    CHECK_EQUAL(machine_hash(pieces), machine_hash(whole));
    machine_destroy(whole);
    machine_destroy(pieces);
}

static void same_with_any_number_of_threads(void) {
    struct machine *one = busy_machine(BOARD_SPINN3);
    const uint64_t end = 100000;

    machine_run(one, end);
    for (unsigned threads = 2; threads <= 4; threads++) {
        struct machine *many = busy_machine(BOARD_SPINN3);
        CHECK(machine_set_threads(many, threads));
        machine_run(many, end / 2);
        CHECK(machine_set_threads(many, threads - 1)); /* also when the number changes on the way */
        machine_run(many, end);
        CHECK_EQUAL(machine_hash(many), machine_hash(one));
        machine_destroy(many);
    }
    CHECK(machine_statistics(one).packets_received > 1000);
    machine_destroy(one);
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
        root->wake_at[k] = core->next_event;
    }
    root->awake = 0;
    chip_reschedule(root);
    CHECK_EQUAL(machine_next_event(machine), 20000);
    CHECK_EQUAL(machine_next_outward_event(machine), 90000);
    ethernet_write(root, 0xc008, 4, 60);
    ethernet_write(root, 0xc00c, 4, 60);
    CHECK_EQUAL(machine_next_outward_event(machine),
                (60 + ETHERNET_OVERHEAD_BYTES) * ETHERNET_CYCLES_PER_BYTE + ETHERNET_LATENCY_CYCLES);
    processor_wake(&root->core[1]);
    CHECK_EQUAL(machine_next_outward_event(machine), machine->now);
    machine_destroy(machine);
}

int main(void) {
    same_however_it_is_cut();
    sleep_is_skipped();
    outward_events();
    no_event_is_passed_over();
    same_with_any_number_of_threads();
    return EXIT_SUCCESS;
}
