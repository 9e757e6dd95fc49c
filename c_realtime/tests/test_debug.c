/* Stopping a core: breakpoints, steps, watchpoints; and that a run that was looked at is the same as one that was not.
 */
#include "check.h"

#define SDRAM_WORD 0x60001000u

/* Count in r0, and store the count to SDRAM at r1 every turn. */
static const uint32_t counting[] = {
    [0] = 0xe2800001u, /* add r0, r0, #1 */
    [1] = 0xe5810000u, /* str r0, [r1] */
    [2] = 0xe5912000u, /* ldr r2, [r1] */
    [3] = 0xeafffffbu, /* b add */
};

struct stops {
    unsigned count;
    uint32_t pc[16];
    enum debug_reason reason[16];
    unsigned steps;     /* to ask for, one after the other */
    unsigned detach_at; /* detach at this stop; 0: never */
    bool look;          /* read a few things at each stop */
};

static void hold(void *context, struct processor *processor, enum debug_reason reason, uint32_t address) {
    struct stops *stops = context;
    uint8_t bytes[64];

    (void)address;
    if (stops->count < 16) {
        stops->pc[stops->count] = processor->arm.pc;
        stops->reason[stops->count] = reason;
    }
    stops->count++;
    if (stops->steps) {
        stops->steps--;
        processor->debug->stepping = true;
    }
    if (stops->look) {
        CHECK_EQUAL(debug_read(processor, 0x11000000, bytes, 32), 32); /* the timers */
        CHECK_EQUAL(debug_read(processor, 0x1000000c, bytes, 16), 16); /* reading RXKEY takes a packet */
        CHECK_EQUAL(debug_read(processor, 0xf2000100, bytes, 4), 4);   /* test and set */
        CHECK_EQUAL(debug_read(processor, 0x80000000, bytes, 4), 0);   /* nothing is there */
    }
    if (stops->count == stops->detach_at)
        processor->debug = NULL;
}

static struct machine *counting_machine(void) {
    struct machine *machine = new_machine(BOARD_SPINN3);
    for (unsigned i = 1; i < 3; i++) {
        struct processor *core = &machine->root->core[i];
        load_program(core, counting, sizeof counting);
        core->arm.r[1] = SDRAM_WORD + 0x100 * i;
    }
    return machine;
}

static struct debug attach(struct stops *stops) {
    return (struct debug){.hold = hold, .context = stops};
}

static void breakpoints_and_steps(void) {
    struct machine *machine = counting_machine();
    struct processor *core = &machine->root->core[1];
    struct stops stops = {.steps = 3};
    struct debug debug = attach(&stops);

    core->debug = &debug;
    CHECK(debug_set_breakpoint(&debug, 4, true));
    CHECK(debug_set_breakpoint(&debug, 4, true));
    CHECK_EQUAL(debug.breakpoints, 1);
    machine_run(machine, MACHINE_WINDOW_CYCLES);
    CHECK(stops.count > 6);
    CHECK_EQUAL(stops.reason[0], DEBUG_BREAKPOINT);
    CHECK_EQUAL(stops.pc[0], 4);
    for (unsigned i = 1; i < 4; i++)
        CHECK_EQUAL(stops.reason[i], DEBUG_STEPPED);
    CHECK_EQUAL(stops.pc[1], 8);
    CHECK_EQUAL(stops.pc[2], 12);
    CHECK_EQUAL(stops.pc[3], 0);
    CHECK_EQUAL(stops.reason[4], DEBUG_BREAKPOINT);
    CHECK_EQUAL(stops.pc[4], 4);
    CHECK(debug_set_breakpoint(&debug, 4, false));
    stops.count = 0;
    machine_run(machine, 4 * MACHINE_WINDOW_CYCLES);
    CHECK_EQUAL(stops.count, 0);
    for (unsigned i = 0; i < DEBUG_BREAKPOINTS; i++)
        CHECK(debug_set_breakpoint(&debug, 0x1000 + 4 * i, true));
    CHECK(!debug_set_breakpoint(&debug, 0x2000, true));
    machine_destroy(machine);
}

static unsigned stops_of_watchpoint(enum debug_reason kind, uint32_t address, uint32_t *pc) {
    struct machine *machine = counting_machine();
    struct processor *core = &machine->root->core[1];
    struct stops stops = {0};
    struct debug debug = attach(&stops);

    core->debug = &debug;
    CHECK(debug_set_watchpoint(core, kind, address, 4, true));
    machine_run(machine, MACHINE_WINDOW_CYCLES);
    *pc = stops.pc[0];
    for (unsigned i = 0; i < stops.count && i < 16; i++)
        CHECK_EQUAL(stops.reason[i], kind);
    machine_destroy(machine);
    return stops.count;
}

static void watchpoints(void) {
    uint32_t pc;

    CHECK(stops_of_watchpoint(DEBUG_WATCH_WRITE, SDRAM_WORD + 0x100, &pc) > 3);
    CHECK_EQUAL(pc, 8); /* behind the store */
    CHECK(stops_of_watchpoint(DEBUG_WATCH_READ, SDRAM_WORD + 0x100, &pc) > 3);
    CHECK_EQUAL(pc, 12);
    CHECK(stops_of_watchpoint(DEBUG_WATCH_ACCESS, SDRAM_WORD + 0x100, &pc) > 6);
    CHECK_EQUAL(stops_of_watchpoint(DEBUG_WATCH_ACCESS, SDRAM_WORD + 0x104, &pc), 0);
    CHECK_EQUAL(stops_of_watchpoint(DEBUG_WATCH_READ, SDRAM_WORD + 0x200, &pc), 0);
    /* Another core's write is noticed once this one executes again. */
    CHECK(stops_of_watchpoint(DEBUG_WATCH_WRITE, SDRAM_WORD + 0x200, &pc) <= 1);
}

static void another_cores_write_is_seen(void) {
    struct machine *machine = counting_machine();
    struct processor *core = &machine->root->core[1];
    struct stops stops = {0};
    struct debug debug = attach(&stops);

    core->debug = &debug;
    CHECK(debug_set_watchpoint(core, DEBUG_WATCH_WRITE, SDRAM_WORD + 0x200, 4, true));
    CHECK(!debug_set_watchpoint(core, DEBUG_WATCH_WRITE, SDRAM_WORD, DEBUG_WATCH_BYTES + 1, true));
    CHECK(!debug_set_watchpoint(core, DEBUG_WATCH_WRITE, 0xfffffffe, 4, true));
    machine_run(machine, 10 * MACHINE_WINDOW_CYCLES);
    CHECK_EQUAL(stops.count, 9); /* once for each window but the first */
    machine_destroy(machine);
}

static void looking_changes_nothing(void) {
    struct machine *plain = counting_machine(), *debugged = counting_machine();
    struct processor *core = &debugged->root->core[1];
    struct stops stops = {.look = true, .detach_at = 40};
    struct debug debug = attach(&stops);
    struct packet packet = {.control = PACKET_HAS_PAYLOAD, .key = 7, .payload = 9};

    core->debug = &debug;
    comms_receive(core, &packet);
    comms_receive(&plain->root->core[1], &packet);
    CHECK(debug_set_breakpoint(&debug, 8, true));
    CHECK(debug_set_watchpoint(core, DEBUG_WATCH_ACCESS, SDRAM_WORD + 0x100, 4, true));
    machine_run(plain, 5 * MACHINE_WINDOW_CYCLES);
    machine_run(debugged, 5 * MACHINE_WINDOW_CYCLES);
    CHECK_EQUAL(stops.count, 40);
    CHECK_EQUAL(machine_hash(plain), machine_hash(debugged));
    machine_destroy(plain);
    machine_destroy(debugged);
}

static void memory_is_written(void) {
    struct machine *machine = counting_machine();
    struct processor *core = &machine->root->core[1];
    uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8}, back[8];
    uint32_t load = 1234, value;

    CHECK_EQUAL(debug_write(core, 0x00403ffe, bytes, 8), 8);
    CHECK_EQUAL(debug_read(core, 0x00403ffe, back, 8), 8);
    CHECK(memcmp(bytes, back, 8) == 0);
    CHECK_EQUAL(debug_write(core, 0x71234567, bytes, 8), 8);
    CHECK_EQUAL(machine->root->sdram[0x1234567 + 7], 8);
    CHECK_EQUAL(debug_write(core, 0x11000000, (uint8_t *)&load, 4), 4);
    CHECK_EQUAL(debug_read(core, 0x11000000, (uint8_t *)&value, 4), 4);
    CHECK_EQUAL(value, 1234);
    CHECK_EQUAL(debug_write(core, 0x80000000, bytes, 8), 0);
    machine_destroy(machine);
}

int main(void) {
    breakpoints_and_steps();
    watchpoints();
    another_cores_write_is_seen();
    looking_changes_nothing();
    memory_is_written();
    return EXIT_SUCCESS;
}
