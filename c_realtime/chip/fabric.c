#include "fabric.h"

#include "chip.h"

#define SOURCE_NONE PACKET_SOURCE_LOCAL

/* A packet on its way. */
struct passage {
    const struct packet *packet;
    unsigned budget; /* how many more routers it may pass */
};

/* No sound route passes a router twice. One with a loop in it would go on, and a multicast one can multiply its packet
 * at every turn; silicon drops such packets by age. The allowance is for trees that meet themselves once. */
static unsigned routers_allowed(unsigned chips) {
    return 2 * chips;
}

static unsigned opposite(unsigned link) {
    return (link + 3) % LINKS_PER_CHIP;
}

static void deliver(struct processor *to, const struct packet *packet, unsigned source) {
    struct packet received = *packet;
    received.control = (packet->control & ~PACKET_LINK_MASK) | source << PACKET_SOURCE_SHIFT;
    comms_receive(to, &received);
}

/* ---- multicast and fixed route ---- */

static uint32_t route_of(struct chip *chip, const struct packet *packet, unsigned source, bool *defaulted) {
    uint32_t route;

    *defaulted = false;
    if (packet_type(packet) == PACKET_FIXED_ROUTE)
        return router_fixed_route(chip);
    if (router_look_up(chip, packet->key, &route))
        return route;
    /* A key without an entry goes straight on, or is dropped where it began. */
    *defaulted = true;
    return source == SOURCE_NONE ? 0 : 1u << opposite(source);
}

/* Do all receivers of the tree have room? */
static bool tree_accepts(struct chip *chip, struct passage *passage, unsigned source) {
    enum packet_type type = packet_type(passage->packet);
    bool defaulted;
    uint32_t route = route_of(chip, passage->packet, source, &defaulted);

    if (passage->budget == 0)
        return true;
    passage->budget--;
    for (uint32_t cores = route >> ROUTE_CORES_SHIFT; cores; cores &= cores - 1)
        if (!comms_accepts(&chip->core[__builtin_ctz(cores)], type))
            return false;
    for (uint32_t links = route & ROUTE_LINKS; links; links &= links - 1) {
        unsigned link = (unsigned)__builtin_ctz(links);
        if (chip->neighbour[link] != NULL && !tree_accepts(chip->neighbour[link], passage, opposite(link)))
            return false;
    }
    return true;
}

static void send_tree(struct chip *chip, struct passage *passage, unsigned source) {
    bool defaulted;
    uint32_t route = route_of(chip, passage->packet, source, &defaulted);

    if (passage->budget == 0)
        return;
    passage->budget--;
    router_count(chip, passage->packet, source, route, defaulted);
    for (uint32_t cores = route >> ROUTE_CORES_SHIFT; cores; cores &= cores - 1)
        deliver(&chip->core[__builtin_ctz(cores)], passage->packet, source);
    for (uint32_t links = route & ROUTE_LINKS; links; links &= links - 1) {
        unsigned link = (unsigned)__builtin_ctz(links);
        if (chip->neighbour[link] != NULL && !link_loses(chip, link))
            send_tree(chip->neighbour[link], passage, opposite(link));
    }
}

static bool try_tree(struct chip *chip, const struct packet *packet, unsigned budget) {
    struct passage trial = {packet, budget}, passage = {packet, budget};

    if (!tree_accepts(chip, &trial, SOURCE_NONE))
        return false;
    send_tree(chip, &passage, SOURCE_NONE);
    return true;
}

/* ---- point to point ---- */

/* The receiver reads the sender's address where the sender had put the receiver's; two sequence bits go along. */
#define P2P_ADDRESS  0x0000ffffu
#define P2P_SEQUENCE 0x00030000u

static bool try_p2p(struct chip *chip, const struct packet *packet, unsigned budget) {
    uint32_t destination = packet->key & P2P_ADDRESS;
    unsigned source = SOURCE_NONE, passed = 0;
    struct chip *at = chip;
    uint32_t entry;

    while ((entry = router_p2p_entry(at, destination)) < LINKS_PER_CHIP && at->neighbour[entry] != NULL &&
           passed++ < budget)
        at = at->neighbour[entry];
    struct processor *monitor = router_monitor(at);
    bool arrives = entry == P2P_THIS_CHIP;
    if (arrives && !comms_accepts(monitor, PACKET_POINT_TO_POINT))
        return false;
    for (; chip != at; chip = chip->neighbour[entry], source = opposite(entry)) {
        entry = router_p2p_entry(chip, destination);
        router_count(chip, packet, source, 1u << entry, false);
        if (link_loses(chip, entry))
            return true;
    }
    router_count(at, packet, source, arrives ? 1u << (monitor->index + ROUTE_CORES_SHIFT) : 0, false);
    if (arrives) {
        struct packet arriving = *packet;
        arriving.key = (packet->key & P2P_SEQUENCE) | (packet->source & P2P_ADDRESS);
        deliver(monitor, &arriving, source);
    }
    return true;
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

/* Can a packet leave by this link? Where nobody is linked it is lost at once. */
static bool neighbour_accepts(struct chip *chip, unsigned link, const struct packet *packet) {
    struct chip *neighbour = chip->neighbour[link];

    if (neighbour == NULL)
        return true;
    if (packet->control & PACKET_DIRECT)
        return comms_accepts(router_monitor(chip), PACKET_NEAREST_NEIGHBOUR);
    return bootrom_is_active(neighbour) || comms_accepts(router_monitor(neighbour), PACKET_NEAREST_NEIGHBOUR);
}

static void send_to_neighbour(struct chip *chip, unsigned link, const struct packet *packet) {
    struct chip *neighbour = chip->neighbour[link];

    if (neighbour == NULL || link_loses(chip, link))
        return;
    if (packet->control & PACKET_DIRECT)
        peek_or_poke(chip, link, packet);
    else if (bootrom_is_active(neighbour))
        bootrom_neighbour_packet(neighbour, packet);
    else
        deliver(router_monitor(neighbour), packet, opposite(link));
}

#define ALL_LINKS LINKS_PER_CHIP /* in a packet's link field */

static bool try_nearest_neighbour(struct chip *chip, const struct packet *packet) {
    unsigned field = (packet->control & PACKET_LINK_MASK) >> PACKET_LINK_SHIFT;
    uint32_t route = field < LINKS_PER_CHIP ? 1u << field : field == ALL_LINKS ? ROUTE_LINKS : 0;

    for (unsigned link = 0; link < LINKS_PER_CHIP; link++)
        if (route >> link & 1 && !neighbour_accepts(chip, link, packet))
            return false;
    router_count(chip, packet, SOURCE_NONE, route, false);
    for (unsigned link = 0; link < LINKS_PER_CHIP; link++)
        if (route >> link & 1)
            send_to_neighbour(chip, link, packet);
    return true;
}

/* ---- a window's packets ---- */

/* Send one packet of a core; false, with nothing sent, if a receiver is full. */
static bool try_packet(struct processor *from, const struct packet *packet, unsigned budget) {
    switch (packet_type(packet)) {
    case PACKET_POINT_TO_POINT:
        return try_p2p(from->chip, packet, budget);
    case PACKET_NEAREST_NEIGHBOUR:
        return try_nearest_neighbour(from->chip, packet);
    default:
        return try_tree(from->chip, packet, budget);
    }
}

/* Let the next packet of a core go if it can, or give it up when it has waited too long. */
static bool serve(struct processor *from, unsigned budget, uint64_t end) {
    struct comms *comms = &from->comms;

    if (try_packet(from, comms_next_to_send(from), budget)) {
        comms_sent(from, true);
        return true;
    }
    if (comms->blocked_since == NEVER)
        comms->blocked_since = end;
    if (end - comms->blocked_since < PACKET_TIMEOUT_CYCLES)
        return false;
    comms_sent(from, false);
    return true;
}

/* One packet of each core that has any left and is not held back, from core `first` on. Returns whether any went. */
static bool serve_chip(struct chip *chip, unsigned first, unsigned budget, uint64_t end) {
    bool progress = false;

    for (unsigned i = 0; i < CORES_PER_CHIP; i++) {
        unsigned core = (first + i) % CORES_PER_CHIP;
        if (!((chip->sending & ~chip->held_back) >> core & 1))
            continue;
        if (serve(&chip->core[core], budget, end))
            progress = true;
        else
            chip->held_back |= 1u << core;
    }
    return progress;
}

void fabric_deliver(struct chip *const *chips, unsigned count, uint64_t end) {
    uint64_t turn = end / FABRIC_TURN_CYCLES;
    bool progress = false;

    for (unsigned i = 0; i < count; i++) {
        progress |= chips[i]->sending != 0;
        chips[i]->held_back = 0;
    }
    if (!progress)
        return;
    for (unsigned i = 0; i < count; i++)
        chips[i]->time = end; /* also those that slept: what reaches them reaches them now */
    /* Chips and cores take turns, and who begins moves on with time: nobody always gets the last place in a receiver.
     */
    while (progress) {
        progress = false;
        for (unsigned i = 0; i < count; i++) {
            struct chip *chip = chips[(turn + i) % count];
            if (chip->sending & ~chip->held_back)
                progress |= serve_chip(chip, (unsigned)(turn % CORES_PER_CHIP), routers_allowed(count), end);
        }
    }
}
