/* A small deterministic mutator: input number i of a run is a function of the run's seed and of i alone. */
#ifndef SPINNLIVE_FUZZ_MUTATE_H
#define SPINNLIVE_FUZZ_MUTATE_H

#include "fuzz.h"

/* Make input number `index` from the target's seeds; returns its length. */
size_t mutate(uint64_t run_seed, uint64_t index, uint8_t bytes[FUZZ_INPUT_BYTES]);

#endif
