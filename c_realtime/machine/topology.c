#include "topology.h"

#include "../chip/packet.h"

/* Link i leads from (x, y) to (x + dx[i], y + dy[i]): east, north-east, north, west, south-west, south. */
static const int link_dx[LINKS_PER_CHIP] = {1, 1, 0, -1, -1, 0};
static const int link_dy[LINKS_PER_CHIP] = {0, 1, 1, 0, -1, -1};

/* The hexagonal outline of a SpiNN-5: in column x, rows from spinn5_first[x] for spinn5_rows[x] chips. */
#define SPINN5_SIDE 8
static const unsigned spinn5_first[SPINN5_SIDE] = {0, 0, 0, 0, 0, 1, 2, 3};
static const unsigned spinn5_rows[SPINN5_SIDE] = {4, 5, 6, 7, 8, 7, 6, 5};

/* Where the three boards of a triad begin (SpiNNMachine, version_5: the Ethernet chips of a triad). */
static const unsigned triad_x[BOARDS_PER_TRIAD] = {0, 4, 8}, triad_y[BOARDS_PER_TRIAD] = {0, 8, 4};

#define SPINN3_SIDE 2

bool topology_make(enum machine_board board, unsigned boards, struct topology *topology) {
    unsigned triads_wide = 0, triads_high = 1;

    if (boards == 1) {
        unsigned side = board == BOARD_SPINN3 ? SPINN3_SIDE : SPINN5_SIDE;
        *topology = (struct topology){.board = board, .boards = 1, .width = side, .height = side};
        return true;
    }
    switch (boards) { /* as square as they get, wider than high */
    case 3:
        triads_wide = 1;
        break;
    case 6:
        triads_wide = 2;
        break;
    case 12:
        triads_wide = triads_high = 2;
        break;
    case 24:
        triads_wide = 4;
        triads_high = 2;
        break;
    }
    if (board != BOARD_SPINN5 || triads_wide == 0)
        return false;
    *topology = (struct topology){.board = board,
                                  .boards = boards,
                                  .width = triads_wide * TRIAD_SIDE,
                                  .height = triads_high * TRIAD_SIDE,
                                  .wraps = true};
    return true;
}

void topology_origin(const struct topology *topology, unsigned board, unsigned *x, unsigned *y) {
    unsigned triad = board / BOARDS_PER_TRIAD, place = board % BOARDS_PER_TRIAD;
    unsigned triads_wide = topology->width / TRIAD_SIDE;

    *x = *y = 0;
    if (topology->boards == 1)
        return;
    *x = triad % triads_wide * TRIAD_SIDE + triad_x[place];
    *y = triad / triads_wide * TRIAD_SIDE + triad_y[place];
}

/* Eight chips of a SpiNN-5 have 17 working cores (SpiNNMachine's picture of the board). */
static uint32_t working_cores(enum machine_board board, unsigned x, unsigned y) {
    static const unsigned with_17[8][2] = {{1, 1}, {1, 3}, {3, 1}, {3, 3}, {3, 5}, {5, 2}, {5, 4}, {5, 6}};
    uint32_t all = (1u << CORES_PER_CHIP) - 1;

    if (board == BOARD_SPINN5)
        for (unsigned i = 0; i < 8; i++)
            if (with_17[i][0] == x && with_17[i][1] == y)
                return all >> 1;
    return all;
}

bool topology_chip(const struct topology *topology, unsigned board, unsigned number, unsigned *x, unsigned *y,
                   uint32_t *cores) {
    unsigned origin_x, origin_y, column = 0, row;

    if (topology->board == BOARD_SPINN3) {
        column = number / SPINN3_SIDE;
        row = number % SPINN3_SIDE;
        if (column >= SPINN3_SIDE)
            return false;
    } else {
        while (column < SPINN5_SIDE && number >= spinn5_rows[column])
            number -= spinn5_rows[column++];
        if (column == SPINN5_SIDE)
            return false;
        row = spinn5_first[column] + number;
    }
    topology_origin(topology, board, &origin_x, &origin_y);
    *x = (origin_x + column) % topology->width;
    *y = (origin_y + row) % topology->height;
    *cores = working_cores(topology->board, column, row);
    return true;
}

bool topology_neighbour(const struct topology *topology, unsigned x, unsigned y, unsigned link, unsigned *to_x,
                        unsigned *to_y) {
    int width = (int)topology->width, height = (int)topology->height;
    int next_x = (int)x + link_dx[link], next_y = (int)y + link_dy[link];

    if (topology->board == BOARD_SPINN3) {
        /* Four chips in a ring in both directions, but four of the links that would wrap east to west are not wired. */
        if ((x == 0 && (link == 3 || link == 4)) || (x == 1 && (link == 0 || link == 1)))
            return false;
    } else if (!topology->wraps && (next_x < 0 || next_y < 0 || next_x >= width || next_y >= height)) {
        return false;
    }
    *to_x = (unsigned)((next_x + width) % width);
    *to_y = (unsigned)((next_y + height) % height);
    return true;
}
