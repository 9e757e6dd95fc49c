/* Having a recorded run again. */
#ifndef SPINNLIVE_HOST_REPLAY_H
#define SPINNLIVE_HOST_REPLAY_H

#include "../machine/machine.h"

/* Replay a log as fast as it goes, on so many host threads and by that engine, and tell the outcome on standard output
 * as a line of JSON: how far, how much, and the emulated time at which the machine first did something else than was
 * recorded. False if it did, or if the log cannot be replayed, which is told on standard error. */
bool replay(const char *path, unsigned threads, enum machine_engine engine);

#endif
