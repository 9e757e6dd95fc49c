/* The router of a chip: its tables, its registers and its diagnostic counters. fabric.h moves the packets. */
#ifndef SPINNLIVE_CHIP_ROUTER_H
#define SPINNLIVE_CHIP_ROUTER_H

#include <stdbool.h>
#include <stdint.h>

#include "../archive.h"
#include "packet.h"

#define ROUTER_ENTRIES     1024
#define ROUTER_P2P_WORDS   8192 /* eight 3-bit entries in each */
#define ROUTER_DIAGNOSTICS 16
#define ROUTER_CACHE       256 /* power of two */

struct chip;
struct processor;

/* A key's route as last looked up: the table is a CAM on silicon, and slow to search here. */
struct router_cached {
    uint32_t key, route;
    bool valid, hit;
};

struct router {
    uint32_t control, fixed_route;
    uint32_t route[ROUTER_ENTRIES], key[ROUTER_ENTRIES], mask[ROUTER_ENTRIES];
    uint32_t used; /* entries beyond this one were never written: no need to search them */
    uint32_t p2p[ROUTER_P2P_WORDS];
    uint32_t filter[ROUTER_DIAGNOSTICS], counter[ROUTER_DIAGNOSTICS], counter_enable;
    struct router_cached cache[ROUTER_CACHE];
};

void router_init(struct chip *chip);
uint32_t router_read(struct chip *chip, uint32_t offset);
void router_write(struct chip *chip, uint32_t offset, uint32_t value);

/* A route: a bit for each link, then one for each core. */
#define ROUTE_LINKS       0x0000003fu
#define ROUTE_CORES_SHIFT 6

/* An entry of the point-to-point table: the link to leave by, or one of these. */
#define P2P_NO_ROUTE  6u
#define P2P_THIS_CHIP 7u

/* The route of a multicast key; false if no entry of the table matches it. */
bool router_look_up(struct chip *chip, uint32_t key, uint32_t *route);
uint32_t router_fixed_route(const struct chip *chip);
uint32_t router_p2p_entry(const struct chip *chip, uint32_t address);

/* A packet that came by link `source` (or from a core of this chip: PACKET_SOURCE_LOCAL) went to `route`, to nowhere
 * if that is 0; `defaulted` if no entry of the multicast table matched it. */
void router_count(struct chip *chip, const struct packet *packet, unsigned source, uint32_t route, bool defaulted);

/* The core to which SCAMP has the router give its own packets (bits 12..8 of the control register). */
struct processor *router_monitor(struct chip *chip);

void router_archive(struct archive *archive, struct router *router);

#endif
