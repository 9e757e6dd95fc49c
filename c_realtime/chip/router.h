/* The router of a chip: its tables, its registers, and what it counts and reports. fabric.h moves the packets. */
#ifndef SPINNLIVE_CHIP_ROUTER_H
#define SPINNLIVE_CHIP_ROUTER_H

#include <stdbool.h>
#include <stdint.h>

#include "packet.h"

#define ROUTER_ENTRIES     1024
#define ROUTER_P2P_WORDS   8192 /* eight 3-bit entries in each */
#define ROUTER_DIAGNOSTICS 16
#define ROUTER_CACHE       256 /* power of two */
#define ROUTER_OUTPUTS     (LINKS_PER_CHIP + CORES_PER_CHIP)

struct archive;
struct chip;
struct processor;

/* A key's route as last looked up: the table is a CAM on silicon, and slow to search here. */
struct router_cached {
    uint32_t key, route;
    bool valid, hit;
};

/* The registers that tell of a packet that went wrong: the first one since the status was last read. */
struct router_report {
    uint32_t header, key, payload, outputs, status;
};

struct router {
    uint32_t control, fixed_route, diversion;
    uint32_t route[ROUTER_ENTRIES], key[ROUTER_ENTRIES], mask[ROUTER_ENTRIES];
    uint32_t used; /* entries beyond this one were never written: no need to search them */
    uint32_t p2p[ROUTER_P2P_WORDS];

    uint32_t filter[ROUTER_DIAGNOSTICS], counter[ROUTER_DIAGNOSTICS], counter_enable;
    uint32_t timing_control, passed;  /* passed: packets that it has routed while that was counted */
    uint64_t timed, timed_since;      /* CPU cycles in which its clock was counted, until and from timed_since on */
    struct router_report dump, error; /* dump: given up after waiting; error: gone stale */
    uint32_t interrupts;              /* the lines that it drives on all cores, as VIC masks */

    uint64_t blocked_since[ROUTER_OUTPUTS]; /* NEVER while an output takes packets */
    uint64_t last_dump;
    uint64_t dumped, aged; /* packets, since the machine was made */

    struct router_cached cache[ROUTER_CACHE];
};

/* Empty tables and counters. What is counted for the machine's own statistics goes on. */
void router_reset(struct chip *chip);
uint32_t router_read(struct chip *chip, uint32_t offset);
void router_write(struct chip *chip, uint32_t offset, uint32_t value);
void router_archive(struct archive *archive, struct router *router);

/* ---- tables ---- */

/* A route: a bit for each link, then one for each core. */
#define ROUTE_LINKS       0x0000003fu
#define ROUTE_CORES_SHIFT LINKS_PER_CHIP

/* An entry of the point-to-point table: the link to leave by, or one of these. */
#define P2P_NO_ROUTE  6u
#define P2P_THIS_CHIP 7u

/* Does it route at all (bit 0 of the control register)? */
bool router_is_on(const struct chip *chip);

/* The core to which SCAMP has the router give its own packets (bits 12..8 of the control register). */
struct processor *router_monitor(struct chip *chip);

/* Where a multicast packet goes; `defaulted` if no entry of the table matches its key. */
uint32_t router_multicast_route(struct chip *chip, uint32_t key, unsigned source, bool *defaulted);

uint32_t router_fixed_route(const struct chip *chip);
uint32_t router_p2p_entry(const struct chip *chip, uint32_t address);

/* The links by which a nearest-neighbour packet for all neighbours leaves. */
uint32_t router_broadcast_links(const struct chip *chip);

/* ---- time-outs (router_report.c) ---- */

/* Some outputs of a route are blocked at the time `now`. Have they been for so long that a packet for them is given up?
 */
bool router_gives_up(struct chip *chip, uint32_t outputs, uint64_t now);

/* A core has taken a packet. */
void router_output_moves(struct chip *chip, unsigned core);

/* Throw a packet away that has waited too long for `outputs`, and tell software of it. */
void router_dump(struct chip *chip, const struct packet *packet, unsigned source, uint32_t outputs, bool defaulted,
                 uint64_t now);

/* A packet has gone in a loop until it was stale, and was thrown away. */
void router_note_aged(struct chip *chip, const struct packet *packet, unsigned source);

/* ---- counters and reports (router_report.c) ---- */

/* A packet that came by link `source` (or from a core of this chip: PACKET_SOURCE_LOCAL) went to `route`, to nowhere
 * if that is 0; `defaulted` if no entry of the multicast table matched it. */
void router_count(struct chip *chip, const struct packet *packet, unsigned source, uint32_t route, bool defaulted);

/* The registers of this part; false if there is none at the offset. */
bool router_read_report(struct chip *chip, uint32_t offset, uint32_t *value);
bool router_write_report(struct chip *chip, uint32_t offset, uint32_t value);

/* Bring the interrupt lines in line with the state; called after a write to the control register. */
void router_update_interrupts(struct chip *chip);

#endif
