/* What a fuzz target offers. Each parser of outside bytes has one, in a file of its own.
 *
 * With any compiler each is linked with driver.c, which makes its inputs by a small deterministic mutator, so that a
 * bounded number of them runs wherever the tests do. With clang each is linked with libFuzzer as well. */
#ifndef SPINNLIVE_FUZZ_FUZZ_H
#define SPINNLIVE_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FUZZ_INPUT_BYTES 32768
#define FUZZ_COUNTERS    9

/* libFuzzer's two entry points: prepare once; take one input. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* The target's valid input number `index`, from which others are made: its length, or 0 when there are no more. */
size_t fuzz_seed(unsigned index, uint8_t bytes[FUZZ_INPUT_BYTES]);

/* Has the last input left a state with which nothing more can be tried? The driver then goes on with a fresh copy of
 * what LLVMFuzzerInitialize() prepared. */
bool fuzz_is_spent(void);

/* What happened, for the driver's report; names beyond the last are NULL. */
extern const char *const fuzz_counter_names[FUZZ_COUNTERS];
extern uint64_t *fuzz_counters;

#endif
