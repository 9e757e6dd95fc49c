/* Which chips a machine has, where they lie, and which links join them. */
#ifndef SPINNLIVE_MACHINE_TOPOLOGY_H
#define SPINNLIVE_MACHINE_TOPOLOGY_H

#include <stdbool.h>
#include <stdint.h>

enum machine_board { BOARD_SPINN3 = 3, BOARD_SPINN5 = 5 }; /* the numbers are the boards' hardware versions */

/* SpiNN-5 boards are joined by threes ("triads"), each of 12 x 12 chips, to a torus. */
#define BOARDS_PER_TRIAD 3
#define TRIAD_SIDE       12

#define MACHINE_MAX_BOARDS 24
#define MACHINE_MAX_SIDE   48 /* 24 boards are eight triads: 4 x 2 at the most */
#define CHIPS_PER_SPINN5   48
#define MACHINE_MAX_CHIPS  (MACHINE_MAX_BOARDS * CHIPS_PER_SPINN5)

struct topology {
    enum machine_board board;
    unsigned boards;
    unsigned width, height; /* of the smallest rectangle that holds all chips */
    bool wraps;             /* its edges meet */
};

/* True if there is a machine of so many such boards: one, or (SpiNN-5) 3, 6, 12 or 24. */
bool topology_make(enum machine_board board, unsigned boards, struct topology *topology);

/* The place of chip 0, 0 of a board: the one with the Ethernet. */
void topology_origin(const struct topology *topology, unsigned board, unsigned *x, unsigned *y);

/* The chips of one board by number: false beyond the last. */
bool topology_chip(const struct topology *topology, unsigned board, unsigned number, unsigned *x, unsigned *y,
                   uint32_t *working_cores);

/* Where a link leads; false if nothing can be at its other end. */
bool topology_neighbour(const struct topology *topology, unsigned x, unsigned y, unsigned link, unsigned *to_x,
                        unsigned *to_y);

#endif
