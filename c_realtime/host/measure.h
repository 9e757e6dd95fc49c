/* Measuring how fast a machine goes. */
#ifndef SPINNLIVE_HOST_MEASURE_H
#define SPINNLIVE_HOST_MEASURE_H

#include "options.h"

/* Have the machine of options->restore, or of options->image once it is up, run for options->measure_cycles of emulated
 * time, with nobody to talk to and as fast as it goes, and tell on standard output, as a line of JSON, what was
 * executed, what it cost, and the hash of the state that came out. False if there is no such machine, which has been
 * said. */
bool measure(const struct options *options);

#endif
