#include "fabric.h"

#include "chip.h"

#define LOCAL PACKET_SOURCE_LOCAL

/* A packet on its way. */
struct passage {
    const struct packet *packet;
    uint64_t now;
    unsigned budget; /* how many more routers it may pass */
};

/* No sound route passes a router twice. In one with a loop in it a packet goes on for ever, and a multicast packet can
 * multiply at every turn; silicon drops it when the time phase has moved on by two. The allowance is for trees that
 * meet themselves once. */
static unsigned routers_allowed(unsigned chips) {
    return 2 * chips;
}

static unsigned opposite(unsigned link) {
    return (link + 3) % LINKS_PER_CHIP;
}

/* The chip at the other end of a link; NULL if there is none, or one of the two ends is switched off. */
static struct chip *linked(const struct chip *chip, unsigned link) {
    struct chip *neighbour = chip->neighbour[link];

    if (neighbour == NULL || !sysctl_link_sends(chip, link) || !sysctl_link_receives(neighbour, opposite(link)))
        return NULL;
    return neighbour;
}

/* ---- where a packet goes ---- */

#define P2P_ADDRESS  0x0000ffffu
#define P2P_SEQUENCE 0x00030000u
#define ALL_LINKS    LINKS_PER_CHIP /* in a nearest-neighbour packet's link field */

static uint32_t core_route(const struct processor *core) {
    return 1u << (core->index + ROUTE_CORES_SHIFT);
}

static uint32_t p2p_route(struct chip *chip, uint32_t address) {
    uint32_t entry = router_p2p_entry(chip, address);

    if (entry == P2P_THIS_CHIP)
        return core_route(router_monitor(chip));
    return entry == P2P_NO_ROUTE ? 0 : 1u << entry;
}

/* A nearest-neighbour packet passes one link, to a monitor. Where nobody is linked it is lost without being missed:
 * SCAMP sends such packets to find out who is there. */
static uint32_t neighbour_route(struct chip *chip, const struct packet *packet, unsigned source) {
    unsigned field = (packet->control & PACKET_LINK_MASK) >> PACKET_LINK_SHIFT;
    uint32_t route = field < LINKS_PER_CHIP ? 1u << field : field == ALL_LINKS ? router_broadcast_links(chip) : 0;

    if (source != LOCAL)
        return core_route(router_monitor(chip));
    for (unsigned link = 0; link < LINKS_PER_CHIP; link++)
        if (linked(chip, link) == NULL)
            route &= ~(1u << link);
    return route;
}

static uint32_t route_of(struct chip *chip, const struct packet *packet, unsigned source, bool *defaulted) {
    *defaulted = false;
    switch (packet_type(packet)) {
    case PACKET_POINT_TO_POINT:
        return p2p_route(chip, packet->key & P2P_ADDRESS);
    case PACKET_NEAREST_NEIGHBOUR:
        return neighbour_route(chip, packet, source);
    case PACKET_FIXED_ROUTE:
        return router_fixed_route(chip);
    default:
        return router_multicast_route(chip, packet->key, source, defaulted);
    }
}

/* Does the chip answer a packet that came over a link by itself, with no core taking part? */
static bool is_served_by_chip(const struct chip *chip, const struct packet *packet, unsigned source) {
    return packet_type(packet) == PACKET_NEAREST_NEIGHBOUR && source != LOCAL &&
           (packet->control & PACKET_DIRECT || bootrom_is_active(chip));
}

/* ---- may it go? ---- */

/* The outputs of a route that take no packet now. */
static uint32_t blocked_outputs(struct chip *chip, enum packet_type type, uint32_t route) {
    uint32_t blocked = 0;

    for (uint32_t cores = route >> ROUTE_CORES_SHIFT; cores; cores &= cores - 1) {
        const struct processor *core = &chip->core[__builtin_ctz(cores)];
        if (!comms_accepts(core, type))
            blocked |= core_route(core);
    }
    for (uint32_t links = route & ROUTE_LINKS; links; links &= links - 1)
        if (linked(chip, (unsigned)__builtin_ctz(links)) == NULL)
            blocked |= links & -links;
    return blocked;
}

/* Look along the whole way. True if the packet may be sent now: everything is free, or so long blocked that the router
 * in question gives the packet up. It waits as a whole, before it enters the fabric; on silicon its copies on free
 * branches go ahead. */
static bool may_go(struct chip *chip, struct passage *passage, unsigned source) {
    bool defaulted;

    if (passage->budget == 0)
        return true;
    passage->budget--;
    if (!router_is_on(chip))
        return false;
    if (is_served_by_chip(chip, passage->packet, source))
        return !(passage->packet->control & PACKET_DIRECT) ||
               comms_accepts(router_monitor(chip->neighbour[source]), PACKET_NEAREST_NEIGHBOUR);
    uint32_t route = route_of(chip, passage->packet, source, &defaulted);
    uint32_t blocked = blocked_outputs(chip, packet_type(passage->packet), route);
    if (blocked != 0)
        return router_gives_up(chip, blocked, passage->now);
    for (uint32_t links = route & ROUTE_LINKS; links; links &= links - 1) {
        unsigned link = (unsigned)__builtin_ctz(links);
        if (!may_go(linked(chip, link), passage, opposite(link)))
            return false;
    }
    return true;
}

/* ---- it goes ---- */

static void deliver(struct processor *to, const struct packet *packet, unsigned source) {
    struct packet received = *packet;

    received.control = (packet->control & ~PACKET_LINK_MASK) | source << PACKET_SOURCE_SHIFT;
    if (packet_type(packet) == PACKET_POINT_TO_POINT) /* who sent it, where the sender had put for whom it is */
        received.key = (packet->key & P2P_SEQUENCE) | (packet->source & P2P_ADDRESS);
    comms_receive(to, &received);
}

/* A direct packet reads or writes a word of the chip's memory and devices. The answer goes back with the lowest bit of
 * the address set. */
static void peek_or_poke(struct chip *chip, const struct packet *packet, unsigned source) {
    struct packet answer = {.control = (uint32_t)PACKET_NEAREST_NEIGHBOUR << PACKET_TYPE_SHIFT, .key = packet->key | 1};
    struct processor *asker = router_monitor(chip->neighbour[source]);

    if (packet->control & PACKET_HAS_PAYLOAD) {
        chip_write(chip, NULL, packet->key & ~3u, 4, packet->payload);
    } else {
        answer.control |= PACKET_HAS_PAYLOAD;
        chip_read(chip, NULL, packet->key & ~3u, &answer.payload);
    }
    deliver(asker, &answer, opposite(source));
}

static void go(struct chip *chip, struct passage *passage, unsigned source) {
    const struct packet *packet = passage->packet;
    bool defaulted;

    if (passage->budget == 0) {
        router_note_aged(chip, packet, source);
        return;
    }
    passage->budget--;
    uint32_t route = route_of(chip, packet, source, &defaulted);
    uint32_t blocked = blocked_outputs(chip, packet_type(packet), route);
    if (is_served_by_chip(chip, packet, source)) {
        router_count(chip, packet, source, core_route(router_monitor(chip)), false);
        if (packet->control & PACKET_DIRECT)
            peek_or_poke(chip, packet, source);
        else
            bootrom_neighbour_packet(chip, packet);
        return;
    }
    if (blocked != 0 && router_gives_up(chip, blocked, passage->now)) {
        router_dump(chip, packet, source, blocked, defaulted, passage->now);
        return;
    }
    router_count(chip, packet, source, route, defaulted);
    for (uint32_t cores = route >> ROUTE_CORES_SHIFT; cores; cores &= cores - 1)
        deliver(&chip->core[__builtin_ctz(cores)], packet, source);
    for (uint32_t links = route & ROUTE_LINKS; links; links &= links - 1) {
        unsigned link = (unsigned)__builtin_ctz(links);
        struct chip *neighbour = linked(chip, link);
        if (neighbour != NULL && !link_loses(chip, link))
            go(neighbour, passage, opposite(link));
    }
}

/* ---- a window's packets ---- */

/* Let the next packet of a core go if it may. */
static bool serve(struct processor *from, unsigned budget, uint64_t now) {
    const struct packet *packet = comms_next_to_send(from);
    struct passage trial = {packet, now, budget}, passage = trial;
    unsigned source = packet_pretended_source(packet);

    if (!may_go(from->chip, &trial, source))
        return false;
    go(from->chip, &passage, source);
    comms_sent(from);
    return true;
}

/* One packet of each core that has any left and is not held back, from core `first` on. Returns whether any went. */
static bool serve_chip(struct chip *chip, unsigned first, unsigned budget, uint64_t now) {
    bool progress = false;

    for (unsigned i = 0; i < CORES_PER_CHIP; i++) {
        unsigned core = (first + i) % CORES_PER_CHIP;
        if (!((chip->sending & ~chip->held_back) >> core & 1))
            continue;
        if (serve(&chip->core[core], budget, now))
            progress = true;
        else
            chip->held_back |= 1u << core;
    }
    return progress;
}

void fabric_deliver(struct chip *const *chips, unsigned count, unsigned total, uint64_t end) {
    uint64_t turn = end / FABRIC_TURN_CYCLES;
    unsigned first = 0;
    bool progress = false;

    for (unsigned i = 0; i < count; i++) {
        progress |= chips[i]->sending != 0;
        chips[i]->held_back = 0;
        first += chips[i]->number < turn % total;
    }
    if (!progress)
        return;
    /* Chips and cores take turns, and who begins moves on with time: nobody always gets the last place in a receiver.
     */
    while (progress) {
        progress = false;
        for (unsigned i = 0; i < count; i++) {
            struct chip *chip = chips[(first + i) % count];
            if (chip->sending & ~chip->held_back)
                progress |= serve_chip(chip, (unsigned)(turn % CORES_PER_CHIP), routers_allowed(total), end);
        }
    }
    for (unsigned i = 0; i < count; i++)
        chip_reschedule(chips[i]);
}
