/* A SpiNNaker packet, as the communications controller and the router see it. */
#ifndef SPINNLIVE_CHIP_PACKET_H
#define SPINNLIVE_CHIP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINKS_PER_CHIP 6
#define CORES_PER_CHIP 18

/* Control bits, in the place that the TCR and RSR registers have them (SpiNNaker datasheet, communications controller).
 */
#define PACKET_TYPE_SHIFT      22
#define PACKET_DIRECT          0x00200000u /* nearest neighbour: peek or poke instead of normal */
#define PACKET_LINK_SHIFT      18          /* nearest neighbour: the link to leave by, 6 for all */
#define PACKET_LINK_MASK       0x001c0000u
#define PACKET_HAS_PAYLOAD     0x00020000u
#define PACKET_CONTROL_MASK    0x00ff0000u
#define PACKET_EMERGENCY_SHIFT 20
#define PACKET_SOURCE_SHIFT    24 /* RSR: the link that it came by, 7 if it was local */
#define PACKET_SOURCE_LOCAL    7u

enum packet_type { PACKET_MULTICAST, PACKET_POINT_TO_POINT, PACKET_NEAREST_NEIGHBOUR, PACKET_FIXED_ROUTE };

struct packet {
    uint32_t control;
    uint32_t payload;
    uint32_t key;    /* multicast routing key, or destination and sequence bits, or the nearest neighbour's address */
    uint32_t source; /* the sender's SAR register when it sent: its point-to-point address and a pretended link */
};

static inline enum packet_type packet_type(const struct packet *packet) {
    return (enum packet_type)(packet->control >> PACKET_TYPE_SHIFT & 3);
}

/* The link that a sender's SAR register makes its packet seem to have come by: so the software that puts a dumped
 * packet back has it routed as it was. Nearest-neighbour packets always begin where they are sent. */
static inline unsigned packet_pretended_source(const struct packet *packet) {
    unsigned link = packet->source >> PACKET_SOURCE_SHIFT & 7;
    return link < LINKS_PER_CHIP && packet_type(packet) != PACKET_NEAREST_NEIGHBOUR ? link : PACKET_SOURCE_LOCAL;
}

/* The emergency routing field, which only multicast and fixed-route packets have; 0 is a normal packet. */
static inline unsigned packet_emergency(const struct packet *packet) {
    bool has_it = packet_type(packet) == PACKET_MULTICAST || packet_type(packet) == PACKET_FIXED_ROUTE;
    return has_it ? packet->control >> PACKET_EMERGENCY_SHIFT & 3 : 0;
}

#endif
