#include "chip.h"

/* Registers (SpiNNaker datasheet, router); router_report.c has the others. */
enum {
    CONTROL = 0x000,
    DIVERSION = 0x080,
    FIXED_ROUTE = 0x084,
    MULTICAST_ROUTE = 0x4000,
    MULTICAST_KEY = 0x8000,
    MULTICAST_MASK = 0xc000,
    P2P_TABLE = 0x10000,
    P2P_TABLE_END = P2P_TABLE + 4 * ROUTER_P2P_WORDS,
};

#define CONTROL_ROUTE         0x00000001u
#define CONTROL_RESTART_WAITS 0x00008000u
#define CONTROL_RESET         0x00400001u
#define P2P_ENTRIES_NONE      0x00db6db6u /* eight times 6: no route */
#define ROUTE_MASK            0x00ffffffu
#define BROADCAST_SHIFT       26          /* in the fixed-route register: links of nearest-neighbour broadcasts */
#define FIXED_ROUTE_RESET     0xfc000000u /* all of them */

void router_reset(struct chip *chip) {
    struct router *router = &chip->router;
    uint64_t dumped = router->dumped, aged = router->aged;

    *router = (struct router){.control = CONTROL_RESET, .fixed_route = FIXED_ROUTE_RESET, .counter_enable = 0xffff};
    router->dumped = dumped;
    router->aged = aged;
    for (unsigned i = 0; i < ROUTER_ENTRIES; i++)
        router->key[i] = 0xffffffffu; /* with mask 0: matches nothing */
    for (unsigned i = 0; i < ROUTER_P2P_WORDS; i++)
        router->p2p[i] = P2P_ENTRIES_NONE;
    for (unsigned i = 0; i < ROUTER_OUTPUTS; i++)
        router->blocked_since[i] = NEVER;
    for (unsigned i = 0; i < CORES_PER_CHIP; i++)
        vic_drive(&chip->core[i], VIC_ROUTER_COUNTER | VIC_ROUTER_DUMP | VIC_ROUTER_ERROR, false);
}

bool router_is_on(const struct chip *chip) {
    return chip->router.control & CONTROL_ROUTE && !sysctl_router_is_held(chip);
}

struct processor *router_monitor(struct chip *chip) {
    unsigned index = chip->router.control >> 8 & 31;
    return &chip->core[index < CORES_PER_CHIP ? index : 0];
}

/* ---- tables ---- */

static bool look_up(struct router *router, uint32_t key, uint32_t *route) {
    struct router_cached *cached = &router->cache[(key ^ key >> 8 ^ key >> 16) % ROUTER_CACHE];

    if (!cached->valid || cached->key != key) {
        *cached = (struct router_cached){.key = key, .valid = true};
        for (uint32_t i = 0; i < router->used; i++)
            if ((key & router->mask[i]) == router->key[i]) {
                cached->hit = true;
                cached->route = router->route[i] & ROUTE_MASK;
                break;
            }
    }
    *route = cached->route;
    return cached->hit;
}

/* What becomes of a packet without an entry that came by a link (datasheet, diversion register). */
enum { DIVERT_STRAIGHT_ON, DIVERT_TO_MONITOR, DIVERT_TO_NOWHERE };

static uint32_t default_route(struct chip *chip, unsigned source) {
    if (source >= LINKS_PER_CHIP) /* it began here */
        return 0;
    switch (chip->router.diversion >> 2 * source & 3) {
    case DIVERT_STRAIGHT_ON:
        return 1u << (source + 3) % LINKS_PER_CHIP;
    case DIVERT_TO_MONITOR:
        return 1u << (router_monitor(chip)->index + ROUTE_CORES_SHIFT);
    default:
        return 0;
    }
}

uint32_t router_multicast_route(struct chip *chip, uint32_t key, unsigned source, bool *defaulted) {
    uint32_t route;

    *defaulted = !look_up(&chip->router, key, &route);
    return *defaulted ? default_route(chip, source) : route;
}

uint32_t router_broadcast_links(const struct chip *chip) {
    return chip->router.fixed_route >> BROADCAST_SHIFT;
}

uint32_t router_fixed_route(const struct chip *chip) {
    return chip->router.fixed_route & ROUTE_MASK;
}

uint32_t router_p2p_entry(const struct chip *chip, uint32_t address) {
    return chip->router.p2p[address / 8] >> 3 * (address % 8) & 7;
}

/* ---- registers ---- */

uint32_t router_read(struct chip *chip, uint32_t offset) {
    struct router *router = &chip->router;
    uint32_t value;

    if (offset >= P2P_TABLE && offset < P2P_TABLE_END)
        return router->p2p[(offset - P2P_TABLE) / 4];
    if (offset >= MULTICAST_ROUTE && offset < MULTICAST_ROUTE + 4 * ROUTER_ENTRIES)
        return router->route[(offset - MULTICAST_ROUTE) / 4];
    if (router_read_report(chip, offset, &value))
        return value;
    switch (offset) {
    case CONTROL:
        return router->control;
    case DIVERSION:
        return router->diversion;
    case FIXED_ROUTE:
        return router->fixed_route;
    }
    chip_note_unmodelled(chip, NULL, ROUTER_BASE + offset, false);
    return 0;
}

static void write_control(struct chip *chip, uint32_t value) {
    if (value & CONTROL_RESTART_WAITS)
        for (unsigned i = 0; i < ROUTER_OUTPUTS; i++)
            chip->router.blocked_since[i] = NEVER;
    chip->router.control = value & ~CONTROL_RESTART_WAITS;
    router_update_interrupts(chip);
}

static void write_multicast_table(struct router *router, uint32_t offset, uint32_t value) {
    uint32_t index = (offset & 0xfff) / 4;
    uint32_t *table = offset < MULTICAST_KEY ? router->route : offset < MULTICAST_MASK ? router->key : router->mask;

    table[index] = value;
    if (router->used <= index &&
        !(router->key[index] & ~router->mask[index])) /* a key outside its mask never matches */
        router->used = index + 1;
    for (unsigned i = 0; i < ROUTER_CACHE; i++)
        router->cache[i].valid = false;
}

void router_write(struct chip *chip, uint32_t offset, uint32_t value) {
    struct router *router = &chip->router;

    if (offset >= P2P_TABLE && offset < P2P_TABLE_END) {
        router->p2p[(offset - P2P_TABLE) / 4] = value;
    } else if (offset >= MULTICAST_ROUTE && offset < P2P_TABLE && (offset & 0x3fff) < 4 * ROUTER_ENTRIES) {
        write_multicast_table(router, offset, value);
    } else if (router_write_report(chip, offset, value)) {
        return;
    } else if (offset == CONTROL) {
        write_control(chip, value);
    } else if (offset == DIVERSION) {
        router->diversion = value;
    } else if (offset == FIXED_ROUTE) {
        router->fixed_route = value;
    } else {
        chip_note_unmodelled(chip, NULL, ROUTER_BASE + offset, true);
    }
}

/* ---- state ---- */

void router_archive(struct archive *archive, struct router *router) {
    if (archive->restoring)
        *router = (struct router){0};
    ARCHIVE(archive, router->control);
    ARCHIVE(archive, router->fixed_route);
    ARCHIVE(archive, router->diversion);
    archive->memory(archive, router->route, sizeof router->route);
    archive->memory(archive, router->key, sizeof router->key);
    archive->memory(archive, router->mask, sizeof router->mask);
    ARCHIVE(archive, router->used);
    archive_expect(archive, router->used <= ROUTER_ENTRIES);
    archive->memory(archive, router->p2p, sizeof router->p2p);
    ARCHIVE(archive, router->filter);
    ARCHIVE(archive, router->counter);
    ARCHIVE(archive, router->counter_enable);
    ARCHIVE(archive, router->timing_control);
    ARCHIVE(archive, router->passed);
    ARCHIVE(archive, router->timed);
    ARCHIVE(archive, router->timed_since);
    ARCHIVE(archive, router->dump);
    ARCHIVE(archive, router->error);
    ARCHIVE(archive, router->interrupts);
    ARCHIVE(archive, router->blocked_since);
    ARCHIVE(archive, router->last_dump);
    ARCHIVE(archive, router->dumped);
    ARCHIVE(archive, router->aged);
}
