/* The router of a chip: multicast by key and mask, point to point by table, nearest neighbour, and a fixed route. */
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

/* Send a packet from a core. False, with nothing sent, if a receiver is full: the core must hold it and try again. */
bool router_send(struct processor *from, const struct packet *packet);

/* The core to which SCAMP has the router give its own packets (bits 12..8 of the control register). */
struct processor *router_monitor(struct chip *chip);

void router_archive(struct archive *archive, struct router *router);

#endif
