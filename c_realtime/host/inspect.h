/* What the control port tells about the machine from the inside. Looking changes nothing. */
#ifndef SPINNLIVE_HOST_INSPECT_H
#define SPINNLIVE_HOST_INSPECT_H

#include "../machine/machine.h"
#include "answer.h"

/* A chip with its cores: load, state, queues, router, Ethernet, diodes. */
void inspect_chip(struct answer *answer, const struct machine *machine, struct chip *chip);

/* One core: its registers now, and what its software has left in its block. */
void inspect_core(struct answer *answer, const struct machine *machine, struct processor *core, unsigned number);

/* A piece of a core's output text from byte `offset` on, and how long all of it is. */
void inspect_iobuf(struct answer *answer, const struct chip *chip, unsigned number, size_t offset);

/* What software has touched and is not modelled. */
void inspect_unmodelled(struct answer *answer, const struct machine *machine);

#endif
