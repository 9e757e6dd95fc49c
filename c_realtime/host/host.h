/* What the parts of the board program share: the machine, and all by which it touches the world. */
#ifndef SPINNLIVE_HOST_HOST_H
#define SPINNLIVE_HOST_HOST_H

#include "../machine/machine.h"
#include "gdb.h"
#include "options.h"
#include "pacer.h"
#include "recorder.h"
#include "udp.h"

struct host {
    const struct options *options;
    struct machine *machine;
    struct pacer pacer;
    struct udp udp;
    struct recorder *recorder; /* NULL while nothing is recorded */
    int control;               /* the control port's socket */
    struct gdb gdb;
    int64_t frozen_until_ns; /* wall time; 0: not frozen; INT64_MAX: until thawed */
};

#endif
