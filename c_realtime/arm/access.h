/* What memory the next instruction of a core will touch, told before it is executed: for watchpoints. */
#ifndef SPINNLIVE_ARM_ACCESS_H
#define SPINNLIVE_ARM_ACCESS_H

#include "arm.h"

struct arm_access {
    uint32_t address, bytes; /* bytes is 0 if the instruction touches no data */
    bool reads, writes;
};

/* The data access of the instruction at the core's pc, as its registers and flags are now. */
struct arm_access arm_next_access(struct arm_core *core);

#endif
