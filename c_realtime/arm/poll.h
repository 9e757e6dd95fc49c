/* Loops that wait until a device register reads zero, such as a timer's count. The synapse cores of sPyNNaker spend
 * most of their time in one. */
#ifndef SPINNLIVE_ARM_POLL_H
#define SPINNLIVE_ARM_POLL_H

#include "internal.h"

/* The last load that may have been such a loop's, in the run in progress. */
struct arm_poll {
    bool present; /* nothing has been left to the interpreter since */
    uint32_t pc, cpsr, r[15];
    int32_t cycles_left;
    uint64_t instructions;
};

/* The interpreter is about to execute the instruction at the pc, for translated code. If it asks once more whether a
 * device register is zero, and the turn of the loop that lies behind has changed nothing, take all the turns at once in
 * which the register stays what it is, as far as the grant covers them whole: with the outcome of taking them one by
 * one. */
void arm_skip_polls(struct arm_core *core, struct arm_poll *last);

/* Is there at `pc`, in ARM state, a load of a value of which nothing is asked but whether it is zero? */
bool arm_is_poll(const uint8_t *itcm, uint32_t pc);

#endif
