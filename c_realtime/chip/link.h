/* The six links of a chip to its neighbours, and what may be wrong with them. A link that was cut is cut at both ends.
 * One that loses packets does so on the way out of the chip. */
#ifndef SPINNLIVE_CHIP_LINK_H
#define SPINNLIVE_CHIP_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "../archive.h"
#include "packet.h"

struct chip;

#define LINK_LOSS_WHOLE 1000000u /* losses are in parts per million */

struct link_loss {
    uint32_t share; /* of the packets; 0: none is lost */
    uint32_t left;  /* how many more may be lost */
    uint64_t passed, lost;
};

struct links {
    uint32_t cut;    /* a bit for each */
    uint32_t losing; /* links whose share is not 0 */
    uint64_t random;
    struct link_loss loss[LINKS_PER_CHIP];
};

/* A packet leaves the chip by this link: is it lost? Counts it. */
bool link_loses(struct chip *chip, unsigned link);

void link_set_loss(struct chip *chip, unsigned link, uint32_t share, uint32_t most, uint64_t random);

/* Part the chip from the neighbour behind the link, for good. */
void link_cut(struct chip *chip, unsigned link);

/* Walk the state; after a restore links_apply() parts what is cut. */
void links_archive(struct archive *archive, struct links *links);
void links_apply(struct chip *chip);

#endif
