/* The command line of the board program. */
#ifndef SPINNLIVE_HOST_OPTIONS_H
#define SPINNLIVE_HOST_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "../machine/machine.h"

#define OPTIONS_FAULTS 64

enum pace { PACE_REALTIME, PACE_FREE };

struct options {
    enum machine_board board;
    unsigned boards;
    uint8_t ip[MACHINE_MAX_BOARDS][4];
    char address[MACHINE_MAX_BOARDS][16]; /* the same, as text */
    const char *image;                    /* boot image to start with, or NULL to wait for one */
    const char *restore;                  /* snapshot to start from, or NULL */
    const char *record;                   /* file for the input log, or NULL */
    const char *replay;                   /* log to have again instead of being a board, or NULL */
    const char *folder;                   /* where files go that the control port asks for; NULL: it may not */
    const char *boot_cache;               /* where booted machines are kept (bootcache.h), or NULL */
    unsigned threads;
    enum pace pace;
    enum machine_engine engine;
    const char *fault[OPTIONS_FAULTS]; /* what is wrong from the start, in the words of machine_fault() */
    unsigned faults;
    bool lifeline;           /* end when standard input does */
    uint64_t run_cycles;     /* end after this much emulated time; 0: never */
    uint64_t measure_cycles; /* measure the speed over this much, instead of being a board; 0: do not */
};

/* Read the arguments. On --help or on a mistake prints what there is to say and ends the program. */
struct options options_parse(int argc, char **argv);

/* Give each board after the first the next address. */
void options_number_addresses(struct options *options);

#endif
