/* The command line of the board program. */
#ifndef SPINNLIVE_HOST_OPTIONS_H
#define SPINNLIVE_HOST_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "../machine/machine.h"

enum pace { PACE_REALTIME, PACE_FREE };

struct options {
    enum machine_board board;
    uint8_t ip[4];
    char address[16];  /* the same, as text */
    const char *image; /* boot image to start with, or NULL to wait for one */
    enum pace pace;
    enum machine_engine engine;
    bool lifeline;       /* end when standard input does */
    uint64_t run_cycles; /* end after this much emulated time; 0: never */
};

/* Read the arguments. On --help or on a mistake prints what there is to say and ends the program. */
struct options options_parse(int argc, char **argv);

#endif
