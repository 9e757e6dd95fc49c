/* What a router counts, gives up and reports: diagnostic counters, time-outs, the dump and error registers. */
#include "chip.h"

/* Registers (SpiNNaker datasheet, router). */
enum {
    STATUS = 0x004,
    ERROR_HEADER = 0x008,
    ERROR_KEY = 0x00c,
    ERROR_PAYLOAD = 0x010,
    ERROR_STATUS = 0x014, /* reading it makes room for the next report */
    DUMP_HEADER = 0x018,
    DUMP_KEY = 0x01c,
    DUMP_PAYLOAD = 0x020,
    DUMP_OUTPUTS = 0x024,
    DUMP_STATUS = 0x028, /* likewise */
    DIAGNOSTIC_CONTROL = 0x02c,
    TIMING_CONTROL = 0x030,
    CYCLES = 0x034,
    EMERGENCY_CYCLES = 0x038,
    UNBLOCKED = 0x03c,
    FILTER = 0x200,
    COUNTER = 0x300,
};

/* The control register. */
#define CONTROL_ERROR_INTERRUPT 0x00000002u
#define CONTROL_DUMP_INTERRUPT  0x00000004u
#define CONTROL_COUNT_AGED      0x00000008u
#define CONTROL_TIME_PHASE      0x000000c0u
#define CONTROL_WAIT1_SHIFT     16
#define CONTROL_WAIT2_SHIFT     24

/* The status register. */
#define STATUS_BUSY            0x00010000u
#define STATUS_BLOCKED         0x02000000u /* the output stage waits for the first time-out */
#define STATUS_DUMP_INTERRUPT  0x20000000u
#define STATUS_ERROR_INTERRUPT 0x40000000u
#define STATUS_INTERRUPT       0x80000000u

/* A report's header and status. */
#define HEADER_AGED     0x08000000u
#define REPORT_AGED     0x08000000u /* in the error status: sticky, beside a count in the low half */
#define REPORT_OVERFLOW 0x40000000u /* there were more packets than this one */
#define REPORT_PRESENT  0x80000000u
#define ERROR_COUNT     0x0000ffffu

/* ---- diagnostic counters ----
 * A counter counts the packets that match its filter: one of the marked values in each field (datasheet, diagnostics).
 */

#define FILTER_EMERGENCY_SHIFT 4
#define FILTER_DEFAULT_SHIFT   10
#define FILTER_PAYLOAD_SHIFT   12
#define FILTER_SOURCE_SHIFT    14
#define FILTER_DUMPED          (1u << 16)
#define FILTER_LOCAL           (1u << 17)
#define FILTER_MONITOR         (1u << 18)
#define FILTER_LINKS_SHIFT     19
#define FILTER_EVENT           (1u << 29) /* it has counted; a write clears it */
#define FILTER_EVENT_ENABLE    (1u << 30)
#define FILTER_INTERRUPT       (1u << 31) /* both of them */

#define TIMING_COUNT_CYCLES  0x00000001u
#define TIMING_COUNT_PACKETS 0x00000004u
#define TIMING_CLEAR_CYCLES  0x00010000u
#define TIMING_CLEAR_PACKETS 0x00040000u
#define TIMING_ENABLES       0x00000007u

void router_count(struct chip *chip, const struct packet *packet, unsigned source, uint32_t route, bool defaulted) {
    struct router *router = &chip->router;
    uint32_t monitor = 1u << (router_monitor(chip)->index + ROUTE_CORES_SHIFT);
    uint32_t where = (route & ROUTE_LINKS) << FILTER_LINKS_SHIFT;
    bool events = false;

    if (route == 0)
        where |= FILTER_DUMPED;
    if (route & monitor)
        where |= FILTER_MONITOR;
    if (route & ~(monitor | ROUTE_LINKS))
        where |= FILTER_LOCAL;
    uint32_t traits[] = {
        1u << packet_type(packet),
        1u << FILTER_EMERGENCY_SHIFT << packet_emergency(packet),
        1u << FILTER_DEFAULT_SHIFT << !defaulted,
        1u << FILTER_PAYLOAD_SHIFT << !(packet->control & PACKET_HAS_PAYLOAD),
        1u << FILTER_SOURCE_SHIFT << (source != PACKET_SOURCE_LOCAL),
        where,
    };
    for (unsigned i = 0; i < ROUTER_DIAGNOSTICS; i++) {
        bool matches = router->counter_enable >> i & 1;
        for (unsigned t = 0; matches && t < sizeof traits / sizeof *traits; t++)
            matches = router->filter[i] & traits[t];
        if (!matches)
            continue;
        router->counter[i]++;
        events |= router->filter[i] & FILTER_EVENT_ENABLE;
        router->filter[i] |= FILTER_EVENT;
    }
    if (router->timing_control & TIMING_COUNT_PACKETS)
        router->passed++;
    if (events)
        router_update_interrupts(chip);
}

static bool counter_interrupts(const struct router *router, unsigned i) {
    return router->filter[i] & FILTER_EVENT && router->filter[i] & FILTER_EVENT_ENABLE;
}

/* ---- interrupts ---- */

static uint32_t status(const struct chip *chip) {
    const struct router *router = &chip->router;
    uint32_t status = chip->blocked_at == *chip->clock ? STATUS_BUSY | STATUS_BLOCKED : 0;

    for (unsigned i = 0; i < ROUTER_DIAGNOSTICS; i++)
        status |= (uint32_t)counter_interrupts(router, i) << i;
    if (router->dump.status & REPORT_PRESENT && router->control & CONTROL_DUMP_INTERRUPT)
        status |= STATUS_DUMP_INTERRUPT;
    if (router->error.status & REPORT_PRESENT && router->control & CONTROL_ERROR_INTERRUPT)
        status |= STATUS_ERROR_INTERRUPT;
    if (status & ~(STATUS_BUSY | STATUS_BLOCKED))
        status |= STATUS_INTERRUPT;
    return status;
}

void router_update_interrupts(struct chip *chip) {
    const uint32_t all = VIC_ROUTER_COUNTER | VIC_ROUTER_DUMP | VIC_ROUTER_ERROR;
    uint32_t now = status(chip), lines = 0;

    if (now & ((1u << ROUTER_DIAGNOSTICS) - 1))
        lines |= VIC_ROUTER_COUNTER;
    if (now & STATUS_DUMP_INTERRUPT)
        lines |= VIC_ROUTER_DUMP;
    if (now & STATUS_ERROR_INTERRUPT)
        lines |= VIC_ROUTER_ERROR;
    if (lines == chip->router.interrupts)
        return;
    chip->router.interrupts = lines;
    for (unsigned i = 0; i < CORES_PER_CHIP; i++) {
        vic_drive(&chip->core[i], all & ~lines, false);
        vic_drive(&chip->core[i], lines, true);
    }
}

/* ---- time-outs ---- */

/* A waiting time in router clocks, from its code: four bits of exponent, then four of mantissa (datasheet, control
 * register). All ones is for ever. */
#define WAIT_FOR_EVER 0xffu

static uint64_t wait_clocks(uint32_t code) {
    uint64_t mantissa = code & 15, exponent = code >> 4 & 15;
    return (mantissa + 16 - (exponent <= 4 ? 16u >> exponent : 0)) << exponent;
}

/* How long the router waits for a blocked output. After the first wait silicon tries the two links beside a blocked
 * link (emergency routing) for the time of the second. Links here are never busy, only dead, and software sets the
 * second wait to zero, so the emergency route is not modelled: the second wait just adds to the first. */
static uint64_t wait_cycles(const struct router *router) {
    uint32_t wait1 = router->control >> CONTROL_WAIT1_SHIFT & 0xff, wait2 = router->control >> CONTROL_WAIT2_SHIFT;

    if (wait1 == WAIT_FOR_EVER || wait2 == WAIT_FOR_EVER)
        return NEVER;
    return (wait_clocks(wait1) + wait_clocks(wait2)) * ROUTER_CLOCK_CPU_CYCLES_X2 / 2;
}

/* On silicon the router's one output stage holds one packet at a time, and its waiting begins when the one before it is
 * gone. So outputs count from when a packet was last given up for them, and a router gives up one packet at a time. */
bool router_gives_up(struct chip *chip, uint32_t outputs, uint64_t now) {
    struct router *router = &chip->router;
    uint64_t wait = wait_cycles(router);
    bool late = false;

    chip->blocked_at = now;
    for (; outputs; outputs &= outputs - 1) {
        uint64_t *since = &router->blocked_since[__builtin_ctz(outputs)];
        if (*since == NEVER)
            *since = now;
        late |= now - *since >= wait;
    }
    return late && (router->dumped == 0 || now - router->last_dump >= wait);
}

void router_output_moves(struct chip *chip, unsigned core) {
    chip->router.blocked_since[LINKS_PER_CHIP + core] = NEVER;
}

static void report(struct router_report *report, const struct router *router, const struct packet *packet,
                   unsigned source, uint32_t outputs) {
    if (report->status & REPORT_PRESENT) {
        report->status |= REPORT_OVERFLOW;
        return;
    }
    report->status |= REPORT_PRESENT;
    report->header = (packet->control & PACKET_CONTROL_MASK) | source << PACKET_SOURCE_SHIFT |
                     (router->control & CONTROL_TIME_PHASE);
    report->key = packet->key;
    report->payload = packet->payload;
    report->outputs = outputs;
}

void router_dump(struct chip *chip, const struct packet *packet, unsigned source, uint32_t outputs, bool defaulted,
                 uint64_t now) {
    struct router *router = &chip->router;

    router->dumped++;
    router->last_dump = now;
    report(&router->dump, router, packet, source, outputs);
    router->dump.status |= outputs;
    for (; outputs; outputs &= outputs - 1)
        router->blocked_since[__builtin_ctz(outputs)] = now;
    router_count(chip, packet, source, 0, defaulted);
    router_update_interrupts(chip);
}

void router_note_aged(struct chip *chip, const struct packet *packet, unsigned source) {
    struct router *router = &chip->router;

    router->aged++;
    if (router->control & CONTROL_COUNT_AGED && (router->error.status & ERROR_COUNT) != ERROR_COUNT)
        router->error.status++;
    report(&router->error, router, packet, source, 0);
    router->error.header |= HEADER_AGED;
    router->error.status |= REPORT_AGED;
    router_update_interrupts(chip);
}

/* ---- registers ---- */

static uint64_t cycles_timed(const struct chip *chip) {
    const struct router *router = &chip->router;
    bool counts = router->timing_control & TIMING_COUNT_CYCLES;
    return router->timed + (counts ? chip_now(chip) - router->timed_since : 0);
}

static uint32_t read_status(struct chip *chip, struct router_report *report) {
    uint32_t status = report->status;
    *report = (struct router_report){0};
    router_update_interrupts(chip);
    return status;
}

bool router_read_report(struct chip *chip, uint32_t offset, uint32_t *value) {
    struct router *router = &chip->router;

    if (offset >= FILTER && offset < FILTER + 4 * ROUTER_DIAGNOSTICS) {
        unsigned i = (offset - FILTER) / 4;
        *value = router->filter[i] | (counter_interrupts(router, i) ? FILTER_INTERRUPT : 0);
        return true;
    }
    if (offset >= COUNTER && offset < COUNTER + 4 * ROUTER_DIAGNOSTICS) {
        *value = router->counter[(offset - COUNTER) / 4];
        return true;
    }
    switch (offset) {
    case STATUS:
        *value = status(chip);
        return true;
    case ERROR_HEADER:
        *value = router->error.header;
        return true;
    case ERROR_KEY:
        *value = router->error.key;
        return true;
    case ERROR_PAYLOAD:
        *value = router->error.payload;
        return true;
    case ERROR_STATUS:
        *value = read_status(chip, &router->error);
        return true;
    case DUMP_HEADER:
        *value = router->dump.header;
        return true;
    case DUMP_KEY:
        *value = router->dump.key;
        return true;
    case DUMP_PAYLOAD:
        *value = router->dump.payload;
        return true;
    case DUMP_OUTPUTS:
        *value = router->dump.outputs;
        return true;
    case DUMP_STATUS:
        *value = read_status(chip, &router->dump);
        return true;
    case DIAGNOSTIC_CONTROL:
        *value = router->counter_enable;
        return true;
    case TIMING_CONTROL:
        *value = router->timing_control;
        return true;
    case CYCLES:
        *value = (uint32_t)(cycles_timed(chip) * 2 / ROUTER_CLOCK_CPU_CYCLES_X2);
        return true;
    case EMERGENCY_CYCLES:
        *value = 0;
        return true;
    case UNBLOCKED:
        *value = router->passed;
        return true;
    }
    return false;
}

static void write_timing_control(struct chip *chip, uint32_t value) {
    struct router *router = &chip->router;

    router->timed = value & TIMING_CLEAR_CYCLES ? 0 : cycles_timed(chip);
    router->timed_since = chip_now(chip);
    if (value & TIMING_CLEAR_PACKETS)
        router->passed = 0;
    router->timing_control = value & TIMING_ENABLES;
}

bool router_write_report(struct chip *chip, uint32_t offset, uint32_t value) {
    struct router *router = &chip->router;

    if (offset >= FILTER && offset < FILTER + 4 * ROUTER_DIAGNOSTICS) {
        router->filter[(offset - FILTER) / 4] = value & ~FILTER_INTERRUPT;
        router_update_interrupts(chip);
        return true;
    }
    if (offset >= COUNTER && offset < COUNTER + 4 * ROUTER_DIAGNOSTICS) {
        router->counter[(offset - COUNTER) / 4] = value;
        return true;
    }
    switch (offset) {
    case DIAGNOSTIC_CONTROL: /* the upper half clears counters, the lower enables them */
        for (unsigned i = 0; i < ROUTER_DIAGNOSTICS; i++)
            if (value >> (16 + i) & 1)
                router->counter[i] = 0;
        router->counter_enable = value & 0xffff;
        return true;
    case TIMING_CONTROL:
        write_timing_control(chip, value);
        return true;
    }
    return false;
}
