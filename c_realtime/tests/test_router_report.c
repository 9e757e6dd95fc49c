/* What a router gives up and tells of: time-outs, the dump and error registers, their interrupts, putting a dumped
 * packet back, stale packets, diversions and the counters' own interrupts. */
#include "check.h"

enum { SAR = 0x18, TXKEY = 0x08, RXKEY = 0x14, RSR = 0x0c };
enum {
    CONTROL = 0x00,
    STATUS = 0x04,
    ERROR_HEADER = 0x08,
    ERROR_KEY = 0x0c,
    ERROR_STATUS = 0x14,
    DUMP_HEADER = 0x18,
    DUMP_KEY = 0x1c,
    DUMP_PAYLOAD = 0x20,
    DUMP_OUTPUTS = 0x24,
    DUMP_STATUS = 0x28,
    COUNTERS = 0x2c,
    TIMING = 0x30,
    DIVERSION = 0x80,
    FIXED_ROUTE = 0x84,
    FILTER = 0x200,
    COUNTER = 0x300,
};

#define PRESENT        0x80000000u
#define OVERFLOW_BIT   0x40000000u
#define DUMP_INTERRUPT 0x04u
#define CORE(n)        (1u << (6 + (n)))

static struct machine *machine;
static struct chip *a, *b, *c; /* b is east of a, c north */

static void start(void) {
    machine = new_machine(BOARD_SPINN3);
    for (unsigned i = 0; i < machine->chip_count; i++) {
        machine->chip[i]->bootrom.finished = true;
        for (unsigned k = 0; k < CORES_PER_CHIP; k++) {
            machine->chip[i]->core[k].state = PROCESSOR_RUNNING;
            machine->chip[i]->core[k].clocked = true;
        }
    }
    a = machine->at[0][0];
    b = machine->at[1][0];
    c = machine->at[0][1];
}

static void end_window(void) {
    machine->now += MACHINE_WINDOW_CYCLES;
    fabric_deliver(machine->chip, machine->chip_count, machine->chip_count, machine->now);
}

static void route(struct chip *chip, uint32_t entry, uint32_t key, uint32_t to) {
    router_write(chip, 0x4000 + 4 * entry, to);
    router_write(chip, 0x8000 + 4 * entry, key);
    router_write(chip, 0xc000 + 4 * entry, 0xffffff00);
}

/* Windows until the router of b gives up the packet that core 1 of a sends to b's full core 3; 0 if it does not. */
static unsigned windows_to_dump(uint32_t control) {
    uint64_t before = b->router.dumped;

    router_write(b, CONTROL, control);
    while (b->core[3].comms.tail != b->core[3].comms.head)
        comms_read(&b->core[3], RXKEY);
    for (uint32_t i = 0; i <= COMMS_HOLD_MARK; i++)
        comms_write(&a->core[1], TXKEY, 0x100 + i);
    end_window(); /* the last one finds its receiver full */
    for (unsigned window = 0; window < 5000; window++) {
        if (b->router.dumped != before) {
            CHECK_EQUAL(a->sending, 0);
            return window;
        }
        end_window();
    }
    CHECK_EQUAL(a->sending, 2);
    comms_reset(&a->core[1]);
    return 0;
}

static void times_out(void) {
    start();
    route(a, 0, 0x100, 1u << 0);
    route(b, 0, 0x100, CORE(3));
    CHECK_EQUAL(windows_to_dump(0x00400001), 1);  /* 240 router clocks are 360 cycles: the next window's end */
    CHECK_EQUAL(windows_to_dump(0x004f0001), 2);  /* 480 are 720 */
    CHECK_EQUAL(windows_to_dump(0x404f0001), 3);  /* and 240 more for the emergency route that there is not */
    CHECK_EQUAL(windows_to_dump(0x00a30001), 73); /* (3 + 16) << 10 are 29184 */
    CHECK_EQUAL(windows_to_dump(0x00ff0001), 0);  /* for ever */
    CHECK_EQUAL(windows_to_dump(0xff000001), 0);
    machine_destroy(machine);
}

/* A receiver that takes a packet now and then loses none, however many wait for it. */
static void slow_is_not_dead(void) {
    uint32_t next = 0;

    start();
    route(a, 0, 0x100, 1u << 0);
    route(b, 0, 0x100, CORE(3));
    router_write(b, CONTROL, 0x00400001);
    for (uint32_t sent = 0; next < 200;) {
        for (; sent < 200 && a->core[1].comms.transmit_tail - a->core[1].comms.transmit_head < COMMS_TRANSMIT_SIZE;
             sent++)
            comms_write(&a->core[1], TXKEY, 0x100 + sent);
        end_window();
        CHECK_EQUAL(comms_read(&b->core[3], RXKEY), 0x100 + next++);
    }
    CHECK_EQUAL(b->router.dumped, 0);
    machine_destroy(machine);
}

static void dumped_and_put_back(void) {
    start();
    route(a, 0, 0x100, 1u << 0 | CORE(5));
    route(b, 0, 0x100, CORE(3) | CORE(4));
    router_write(b, CONTROL, 0x00400041 | DUMP_INTERRUPT); /* time phase 1 */
    router_write(b, FILTER, 0x0001fff1);                   /* dumped multicast */
    for (uint32_t i = 0; i < COMMS_HOLD_MARK; i++)
        comms_write(&a->core[1], TXKEY, 0x100 + i);
    end_window();
    for (unsigned i = 0; i < COMMS_HOLD_MARK; i++) {
        comms_read(&b->core[4], RXKEY);
        comms_read(&a->core[5], RXKEY);
    }
    comms_write(&a->core[1], 0x00, PACKET_HAS_PAYLOAD);
    comms_write(&a->core[1], 0x04, 77);
    comms_write(&a->core[1], TXKEY, 0x1aa);
    end_window();
    CHECK_EQUAL(router_read(b, STATUS), 0x02010000); /* its output stage is blocked */
    CHECK_EQUAL(router_read(a, STATUS), 0);
    CHECK_EQUAL(a->core[5].comms.tail - a->core[5].comms.head, 0);
    end_window();
    /* The branch that was free has it; nobody behind the router that gave it up has. */
    CHECK_EQUAL(comms_read(&a->core[5], RXKEY), 0x1aa);
    CHECK_EQUAL(b->core[4].comms.tail - b->core[4].comms.head, 0);
    CHECK_EQUAL(router_read(b, COUNTER), 1);
    CHECK_EQUAL(router_read(b, STATUS), 0xa0000000 | 0x02010000);
    for (unsigned k = 0; k < CORES_PER_CHIP; k++) {
        CHECK(b->core[k].vic.lines & VIC_ROUTER_DUMP);
        CHECK(!(a->core[k].vic.lines & VIC_ROUTER_DUMP));
    }
    CHECK_EQUAL(machine_statistics(machine).packets_timed_out, 1);

    /* A second one is noticed, but only the first is kept. */
    comms_write(&a->core[1], TXKEY, 0x1bb);
    end_window();
    end_window();
    CHECK_EQUAL(b->router.dumped, 2);
    uint32_t header = router_read(b, DUMP_HEADER);
    CHECK_EQUAL(header, 3u << 24 | PACKET_HAS_PAYLOAD | 0x40); /* it had come from the west */
    CHECK_EQUAL(router_read(b, DUMP_KEY), 0x1aa);
    CHECK_EQUAL(router_read(b, DUMP_PAYLOAD), 77);
    CHECK_EQUAL(router_read(b, DUMP_OUTPUTS), CORE(3));
    CHECK_EQUAL(router_read(b, DUMP_STATUS), PRESENT | OVERFLOW_BIT | CORE(3));
    CHECK_EQUAL(router_read(b, DUMP_STATUS), 0);
    CHECK(!(b->core[0].vic.lines & VIC_ROUTER_DUMP));

    /* Software puts it back, as if it came from the west: so also default routing works as before. */
    while (b->core[3].comms.tail != b->core[3].comms.head)
        comms_read(&b->core[3], RXKEY);
    comms_write(&b->core[0], SAR, header & 0x07000000);
    comms_write(&b->core[0], 0x00, header & PACKET_CONTROL_MASK);
    comms_write(&b->core[0], 0x04, 77);
    comms_write(&b->core[0], TXKEY, 0x1aa);
    end_window();
    CHECK_EQUAL(comms_read(&b->core[3], RSR) >> 24 & 7, 3);
    CHECK_EQUAL(comms_read(&b->core[3], RXKEY), 0x1aa);
    CHECK_EQUAL(comms_read(&b->core[4], RXKEY), 0x1aa);
    CHECK_EQUAL(router_read(b, STATUS), 0);
    machine_destroy(machine);
}

/* Nobody lives west of a, and the north link is switched off at one end or the other. */
static void dead_links(void) {
    start();
    route(a, 0, 0x100, 1u << 3);
    route(a, 1, 0x200, 1u << 2 | CORE(5));
    route(c, 0, 0x200, CORE(6));
    comms_write(&a->core[1], TXKEY, 0x100);
    end_window();
    CHECK_EQUAL(a->router.dumped, 0);
    end_window();
    CHECK_EQUAL(router_read(a, DUMP_OUTPUTS), 1u << 3);
    CHECK_EQUAL(router_read(a, DUMP_STATUS), PRESENT | 1u << 3);
    for (unsigned end = 0; end < 2; end++) {
        sysctl_write(a, 0x200, 0x00000400); /* without the code it does nothing */
        CHECK_EQUAL(sysctl_read(a, 0x200), 0);
        sysctl_write(end ? c : a, 0x200, 0x5ec00000 | (end ? 1u << 5 : 1u << (8 + 2)));
        comms_write(&a->core[1], TXKEY, 0x200);
        end_window();
        end_window();
        end_window();
        CHECK_EQUAL(router_read(a, DUMP_STATUS), PRESENT | 1u << 2);
        sysctl_write(end ? c : a, 0x200, 0x5ec00000);
    }
    comms_write(&a->core[1], TXKEY, 0x200);
    end_window();
    CHECK_EQUAL(comms_read(&c->core[6], RXKEY), 0x200);
    CHECK_EQUAL(comms_read(&a->core[5], RXKEY), 0x200);
    machine_destroy(machine);
}

static void stale_packets(void) {
    start();
    route(a, 0, 0x100, 1u << 2); /* north, and straight on round the ring of two chips for ever */
    router_write(a, CONTROL, 0x0040000b);
    router_write(c, CONTROL, 0x0040000b);
    comms_write(&a->core[1], TXKEY, 0x123);
    end_window();
    CHECK_EQUAL(a->sending, 0);
    struct chip *at = a->router.aged ? a : c;
    CHECK_EQUAL(at->router.aged, 1);
    CHECK(at->core[0].vic.lines & VIC_ROUTER_ERROR);
    CHECK_EQUAL(router_read(at, STATUS), 0xc0000000);
    CHECK_EQUAL(router_read(at, ERROR_KEY), 0x123);
    CHECK(router_read(at, ERROR_HEADER) & 0x08000000);
    CHECK_EQUAL(router_read(at, ERROR_STATUS), PRESENT | 0x08000001);
    CHECK(!(at->core[0].vic.lines & VIC_ROUTER_ERROR));
    CHECK_EQUAL(machine_statistics(machine).packets_dropped, 1);
    machine_destroy(machine);
}

static void diversions(void) {
    start();
    route(a, 0, 0x100, 1u << 2);
    router_write(c, CONTROL, 0x00400001 | 9u << 8); /* core 9 is c's monitor */
    router_write(c, DIVERSION, 1u << (2 * 5));      /* what comes from the south goes to the monitor */
    comms_write(&a->core[1], TXKEY, 0x123);
    end_window();
    CHECK_EQUAL(comms_read(&c->core[9], RXKEY), 0x123);
    router_write(c, DIVERSION, 2u << (2 * 5)); /* or to nobody */
    comms_write(&a->core[1], TXKEY, 0x123);
    end_window();
    CHECK_EQUAL(comms_read(&c->core[9], RSR), 0);
    CHECK_EQUAL(a->router.aged + c->router.aged, 0);
    machine_destroy(machine);
}

static void counters(void) {
    start();
    route(a, 0, 0x100, CORE(3));
    router_write(a, FILTER + 4 * 7, 0x41ffff1f); /* everything normal, with an interrupt at each event */
    router_write(a, FILTER + 4 * 8, 0x01ffff4f); /* emergency routing field 2 */
    router_write(a, COUNTERS, 0xffffffff);
    router_write(a, TIMING, 0x5);
    CHECK_EQUAL(router_read(a, STATUS), 0);
    comms_write(&a->core[1], TXKEY, 0x100);
    end_window();
    CHECK_EQUAL(router_read(a, STATUS), 0x80000080);
    CHECK(a->core[2].vic.lines & VIC_ROUTER_COUNTER);
    CHECK_EQUAL(router_read(a, FILTER + 4 * 7), 0xe1ffff1f);
    router_write(a, FILTER + 4 * 7, 0x41ffff1f);
    CHECK(!(a->core[2].vic.lines & VIC_ROUTER_COUNTER));
    comms_write(&a->core[1], 0x00, 2u << 20);
    comms_write(&a->core[1], TXKEY, 0x100);
    end_window();
    CHECK_EQUAL(router_read(a, COUNTER + 4 * 7), 1);
    CHECK_EQUAL(router_read(a, COUNTER + 4 * 8), 1);
    CHECK_EQUAL(router_read(a, 0x3c), 2);           /* packets passed */
    CHECK_EQUAL(router_read(a, 0x34), 800 * 2 / 3); /* router clocks: two windows */
    router_write(a, TIMING, 0x00050000);
    end_window();
    CHECK_EQUAL(router_read(a, 0x3c), 0);
    CHECK_EQUAL(router_read(a, 0x34), 0);

    /* Broadcasts to the neighbours leave by the links that the fixed-route register names. */
    router_write(a, FIXED_ROUTE, 1u << (26 + 2));
    comms_write(&a->core[1], 0x00, 2u << 22 | 6u << 18);
    comms_write(&a->core[1], TXKEY, 0x55);
    end_window();
    CHECK_EQUAL(comms_read(&c->core[0], RXKEY), 0x55);
    CHECK_EQUAL(comms_read(&b->core[0], RSR), 0);

    /* A router that is switched off takes nothing. */
    router_write(a, CONTROL, 0x00400000);
    comms_write(&a->core[1], 0x00, 0);
    comms_write(&a->core[1], TXKEY, 0x101);
    end_window();
    CHECK_EQUAL(a->sending, 2);
    CHECK_EQUAL(a->unmodelled_count, 0);
    machine_destroy(machine);
}

int main(void) {
    times_out();
    slow_is_not_dead();
    dumped_and_put_back();
    dead_links();
    stale_packets();
    diversions();
    counters();
    return EXIT_SUCCESS;
}
