/* The walk over the whole machine's state, for hash.c and snapshot.c. */
#ifndef SPINNLIVE_MACHINE_STATE_H
#define SPINNLIVE_MACHINE_STATE_H

#include "machine.h"

void machine_archive(struct archive *archive, struct machine *machine);

#endif
