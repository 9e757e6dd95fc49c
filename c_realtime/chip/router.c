#include "chip.h"

/* Registers (SpiNNaker datasheet, router). */
enum {
    CONTROL = 0x000,
    STATUS = 0x004,
    ERROR_HEADER = 0x008,
    DUMP_STATUS = 0x028,
    DIAGNOSTIC_CONTROL = 0x02c,
    FIXED_ROUTE = 0x084,
    FILTER = 0x200,
    COUNTER = 0x300,
    MULTICAST_ROUTE = 0x4000,
    MULTICAST_KEY = 0x8000,
    MULTICAST_MASK = 0xc000,
    P2P_TABLE = 0x10000,
    P2P_TABLE_END = P2P_TABLE + 4 * ROUTER_P2P_WORDS,
};

#define CONTROL_RESET    0x00400001u
#define P2P_ENTRIES_NONE 0x00db6db6u /* eight times 6: no route */
#define ROUTE_MASK       0x00ffffffu

void router_init(struct chip *chip) {
    struct router *router = &chip->router;
    *router = (struct router){.control = CONTROL_RESET, .counter_enable = 0xffff};
    for (unsigned i = 0; i < ROUTER_ENTRIES; i++)
        router->key[i] = 0xffffffffu; /* with mask 0: matches nothing */
    for (unsigned i = 0; i < ROUTER_P2P_WORDS; i++)
        router->p2p[i] = P2P_ENTRIES_NONE;
}

struct processor *router_monitor(struct chip *chip) {
    unsigned index = chip->router.control >> 8 & 31;
    return &chip->core[index < CORES_PER_CHIP ? index : 0];
}

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

void router_count(struct chip *chip, const struct packet *packet, unsigned source, uint32_t route, bool defaulted) {
    struct router *router = &chip->router;
    uint32_t monitor = 1u << (router_monitor(chip)->index + ROUTE_CORES_SHIFT);
    uint32_t where = (route & ROUTE_LINKS) << FILTER_LINKS_SHIFT;

    if (route == 0)
        where |= FILTER_DUMPED;
    if (route & monitor)
        where |= FILTER_MONITOR;
    if (route & ~(monitor | ROUTE_LINKS))
        where |= FILTER_LOCAL;
    uint32_t traits[] = {
        1u << packet_type(packet),
        1u << FILTER_EMERGENCY_SHIFT, /* there is no emergency routing here: every packet is a normal one */
        1u << FILTER_DEFAULT_SHIFT << !defaulted,
        1u << FILTER_PAYLOAD_SHIFT << !(packet->control & PACKET_HAS_PAYLOAD),
        1u << FILTER_SOURCE_SHIFT << (source != PACKET_SOURCE_LOCAL),
        where,
    };
    for (unsigned i = 0; i < ROUTER_DIAGNOSTICS; i++) {
        bool matches = router->counter_enable >> i & 1;
        for (unsigned t = 0; matches && t < sizeof traits / sizeof *traits; t++)
            matches = router->filter[i] & traits[t];
        if (matches)
            router->counter[i]++;
    }
}

/* ---- tables ---- */

bool router_look_up(struct chip *chip, uint32_t key, uint32_t *route) {
    struct router *router = &chip->router;
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

uint32_t router_fixed_route(const struct chip *chip) {
    return chip->router.fixed_route & ROUTE_MASK;
}

uint32_t router_p2p_entry(const struct chip *chip, uint32_t address) {
    return chip->router.p2p[address / 8] >> 3 * (address % 8) & 7;
}

/* ---- registers ---- */

uint32_t router_read(struct chip *chip, uint32_t offset) {
    struct router *router = &chip->router;

    if (offset >= P2P_TABLE && offset < P2P_TABLE_END)
        return router->p2p[(offset - P2P_TABLE) / 4];
    if (offset >= MULTICAST_ROUTE && offset < MULTICAST_ROUTE + 4 * ROUTER_ENTRIES)
        return router->route[(offset - MULTICAST_ROUTE) / 4];
    if (offset >= FILTER && offset < FILTER + 4 * ROUTER_DIAGNOSTICS)
        return router->filter[(offset - FILTER) / 4];
    if (offset >= COUNTER && offset < COUNTER + 4 * ROUTER_DIAGNOSTICS)
        return router->counter[(offset - COUNTER) / 4];
    if (offset == CONTROL)
        return router->control;
    if (offset == FIXED_ROUTE)
        return router->fixed_route;
    if (offset == DIAGNOSTIC_CONTROL)
        return router->counter_enable;
    if (offset == STATUS || (offset >= ERROR_HEADER && offset <= DUMP_STATUS))
        return 0; /* nothing is ever dumped or in error */
    chip_note_unmodelled(chip, NULL, ROUTER_BASE + offset, false);
    return 0;
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
    } else if (offset >= FILTER && offset < FILTER + 4 * ROUTER_DIAGNOSTICS) {
        router->filter[(offset - FILTER) / 4] = value;
    } else if (offset >= COUNTER && offset < COUNTER + 4 * ROUTER_DIAGNOSTICS) {
        router->counter[(offset - COUNTER) / 4] = value;
    } else if (offset == CONTROL) {
        router->control = value;
    } else if (offset == FIXED_ROUTE) {
        router->fixed_route = value;
    } else if (offset == DIAGNOSTIC_CONTROL) { /* the upper half clears counters, the lower enables them */
        for (unsigned i = 0; i < ROUTER_DIAGNOSTICS; i++)
            if (value >> (16 + i) & 1)
                router->counter[i] = 0;
        router->counter_enable = value & 0xffff;
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
    archive->memory(archive, router->route, sizeof router->route);
    archive->memory(archive, router->key, sizeof router->key);
    archive->memory(archive, router->mask, sizeof router->mask);
    ARCHIVE(archive, router->used);
    archive_expect(archive, router->used <= ROUTER_ENTRIES);
    archive->memory(archive, router->p2p, sizeof router->p2p);
    ARCHIVE(archive, router->filter);
    ARCHIVE(archive, router->counter);
    ARCHIVE(archive, router->counter_enable);
}
