/* Emulated time against the wall clock. */
#ifndef SPINNLIVE_HOST_PACER_H
#define SPINNLIVE_HOST_PACER_H

#include <stdint.h>

#include "options.h"

/* A board that has fallen behind by no more than this catches up, so that a moment's absence of the host's scheduler
 * does not slow it. What it falls behind beyond that is given up, and told as dilation. */
#define PACER_CATCH_UP_NS 20000000

/* Speed is taken over at least this long. */
#define PACER_SPEED_NS 500000000

struct pacer {
    enum pace pace;
    int64_t reference_ns;      /* wall time that corresponds to... */
    uint64_t reference_cycles; /* ...this emulated time */
    int64_t given_up_ns;       /* by how much the board has fallen behind in all */
    int64_t speed_since_ns;
    uint64_t speed_since_cycles;
    double speed; /* emulated time over wall time, lately; 0 until known */
};

/* Monotonic wall clock. */
int64_t pacer_wall_ns(void);

void pacer_start(struct pacer *pacer, enum pace pace, uint64_t now);

/* Go on from this moment, after a pause that was wanted: it is nothing to catch up with. */
void pacer_resume(struct pacer *pacer, uint64_t now);

/* The emulated time up to which the machine may run at this moment. */
uint64_t pacer_allowed(struct pacer *pacer, uint64_t now);

/* Nanoseconds from this moment until the emulated time `then` may be reached; 0 if it already may. */
int64_t pacer_wait_ns(const struct pacer *pacer, uint64_t then);

#endif
