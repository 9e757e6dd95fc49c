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

#define CONTROL_RESET     0x00400001u
#define P2P_ENTRIES_NONE  0x00db6db6u /* eight times 6: no route */
#define P2P_NO_ROUTE      6u
#define P2P_THIS_CHIP     7u
#define ROUTE_LINKS       0x0000003fu
#define ROUTE_CORES_SHIFT 6
#define ROUTE_MASK        0x00ffffffu
#define SOURCE_NONE       PACKET_SOURCE_LOCAL

/* No sound route is longer than the longest way through the largest machine; a packet that goes further is in a loop.
 * Silicon drops such packets by age. */
#define MAX_HOPS 64

/* Likewise for a multicast tree, counted in routers: a sound one passes each router once, and one with loops in it can
 * multiply its packet at every hop. */
#define MAX_TREE 256

static unsigned opposite(unsigned link) {
    return (link + 3) % LINKS_PER_CHIP;
}

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

static void count(struct chip *chip, const struct packet *packet, unsigned source, uint32_t route, bool defaulted) {
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
        1u << FILTER_SOURCE_SHIFT << (source != SOURCE_NONE),
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

/* ---- multicast ---- */

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

/* Where a multicast packet goes from here. A key without an entry goes straight on, or is dropped where it began. */
static uint32_t multicast_route(struct chip *chip, uint32_t key, unsigned source, bool *defaulted) {
    uint32_t route;
    *defaulted = !look_up(&chip->router, key, &route);
    if (*defaulted)
        route = source == SOURCE_NONE ? 0 : 1u << opposite(source);
    return route;
}

static uint32_t route_of(struct chip *chip, const struct packet *packet, unsigned source, bool *defaulted) {
    if (packet_type(packet) == PACKET_MULTICAST)
        return multicast_route(chip, packet->key, source, defaulted);
    *defaulted = false;
    return chip->router.fixed_route & ROUTE_MASK;
}

/* Do all receivers of the tree have room? `budget` is how many more routers it may pass. */
static bool tree_accepts(struct chip *chip, const struct packet *packet, unsigned source, unsigned *budget) {
    bool defaulted;
    uint32_t route = route_of(chip, packet, source, &defaulted);

    if (*budget == 0)
        return true;
    --*budget;
    for (uint32_t cores = route >> ROUTE_CORES_SHIFT; cores; cores &= cores - 1)
        if (!comms_accepts(&chip->core[__builtin_ctz(cores)]))
            return false;
    for (uint32_t links = route & ROUTE_LINKS; links; links &= links - 1) {
        unsigned link = (unsigned)__builtin_ctz(links);
        if (chip->neighbour[link] != NULL && !tree_accepts(chip->neighbour[link], packet, opposite(link), budget))
            return false;
    }
    return true;
}

static void deliver(struct processor *to, const struct packet *packet, unsigned source) {
    struct packet received = *packet;
    received.control = (packet->control & ~PACKET_LINK_MASK) | source << PACKET_SOURCE_SHIFT;
    comms_receive(to, &received);
}

static void send_tree(struct chip *chip, const struct packet *packet, unsigned source, unsigned *budget) {
    bool defaulted;
    uint32_t route = route_of(chip, packet, source, &defaulted);

    if (*budget == 0)
        return;
    --*budget;
    count(chip, packet, source, route, defaulted);
    for (uint32_t links = route & ROUTE_LINKS; links; links &= links - 1) {
        unsigned link = (unsigned)__builtin_ctz(links);
        if (chip->neighbour[link] != NULL)
            send_tree(chip->neighbour[link], packet, opposite(link), budget);
    }
    for (uint32_t cores = route >> ROUTE_CORES_SHIFT; cores; cores &= cores - 1)
        deliver(&chip->core[__builtin_ctz(cores)], packet, source);
}

/* ---- point to point ---- */

/* The receiver reads the sender's address where the sender had put the receiver's; two sequence bits go along. */
#define P2P_ADDRESS  0x0000ffffu
#define P2P_SEQUENCE 0x00030000u

static void send_p2p(struct chip *chip, const struct packet *packet, uint32_t sender) {
    uint32_t destination = packet->key & P2P_ADDRESS;
    unsigned source = SOURCE_NONE;

    for (unsigned hops = 0; hops < MAX_HOPS; hops++) {
        uint32_t entry = chip->router.p2p[destination / 8] >> 3 * (destination % 8) & 7;
        struct processor *monitor = router_monitor(chip);

        if (entry == P2P_THIS_CHIP) {
            struct packet arriving = *packet;
            arriving.key = (packet->key & P2P_SEQUENCE) | sender;
            count(chip, packet, source, 1u << (monitor->index + ROUTE_CORES_SHIFT), false);
            deliver(monitor, &arriving, source);
            return;
        }
        if (entry == P2P_NO_ROUTE || chip->neighbour[entry] == NULL)
            break;
        count(chip, packet, source, 1u << entry, false);
        chip = chip->neighbour[entry];
        source = opposite(entry);
    }
    count(chip, packet, source, 0, false);
}

/* ---- nearest neighbour ---- */

/* A direct packet reads or writes a word of the neighbour's memory and devices without its cores taking part; the
 * answer comes back with the lowest bit of the address set. */
static void peek_or_poke(struct chip *chip, unsigned link, const struct packet *packet) {
    struct chip *neighbour = chip->neighbour[link];
    struct packet answer = {.control = (uint32_t)PACKET_NEAREST_NEIGHBOUR << PACKET_TYPE_SHIFT, .key = packet->key | 1};

    if (packet->control & PACKET_HAS_PAYLOAD) {
        chip_write(neighbour, NULL, packet->key & ~3u, 4, packet->payload);
    } else {
        answer.control |= PACKET_HAS_PAYLOAD;
        chip_read(neighbour, NULL, packet->key & ~3u, &answer.payload);
    }
    deliver(router_monitor(chip), &answer, link);
}

static void send_to_neighbour(struct chip *chip, unsigned link, const struct packet *packet) {
    struct chip *neighbour = chip->neighbour[link];

    if (neighbour == NULL)
        return;
    if (packet->control & PACKET_DIRECT)
        peek_or_poke(chip, link, packet);
    else if (bootrom_is_active(neighbour))
        bootrom_neighbour_packet(neighbour, packet);
    else
        deliver(router_monitor(neighbour), packet, opposite(link));
}

static void send_nearest_neighbour(struct chip *chip, const struct packet *packet) {
    unsigned link = (packet->control & PACKET_LINK_MASK) >> PACKET_LINK_SHIFT;

    count(chip, packet, SOURCE_NONE, link < LINKS_PER_CHIP ? 1u << link : ROUTE_LINKS, false);
    if (link < LINKS_PER_CHIP)
        send_to_neighbour(chip, link, packet);
    else if (link == LINKS_PER_CHIP)
        for (link = 0; link < LINKS_PER_CHIP; link++)
            send_to_neighbour(chip, link, packet);
}

bool router_send(struct processor *from, const struct packet *packet) {
    struct chip *chip = from->chip;

    switch (packet_type(packet)) {
    case PACKET_POINT_TO_POINT:
        send_p2p(chip, packet, from->comms.source_address & P2P_ADDRESS);
        return true;
    case PACKET_NEAREST_NEIGHBOUR:
        send_nearest_neighbour(chip, packet);
        return true;
    default: {
        unsigned budget = MAX_TREE;
        if (!tree_accepts(chip, packet, SOURCE_NONE, &budget))
            return false;
        budget = MAX_TREE;
        send_tree(chip, packet, SOURCE_NONE, &budget);
        return true;
    }
    }
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
