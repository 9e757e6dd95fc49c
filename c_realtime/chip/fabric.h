/* The communications fabric: takes the packets that cores sent in a time window over routers and links to their
 * receivers, at the window's end.
 *
 * While a window lasts each chip is by itself, and its cores' packets wait in their transmit queues. So a packet takes
 * up to one window, whichever way it goes; a real one takes a fraction of a microsecond for each chip on its way. */
#ifndef SPINNLIVE_CHIP_FABRIC_H
#define SPINNLIVE_CHIP_FABRIC_H

#include <stdbool.h>
#include <stdint.h>

struct chip;

/* Deliver all that these chips' cores have sent and that finds its receivers free, at the time `end`. A packet that is
 * held back holds back later ones of its own core alone. The chips are given in the order of their numbers, and must be
 * all of the machine's `total` that have sent anything. */
void fabric_deliver(struct chip *const *chips, unsigned count, unsigned total, uint64_t end);

#endif
