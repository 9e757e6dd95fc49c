/* The walk over the whole machine's state, for hash.c and snapshot.c. */
#ifndef SPINNLIVE_MACHINE_STATE_H
#define SPINNLIVE_MACHINE_STATE_H

#include "machine.h"

#define STATE_PAGE_BYTES 4096u /* in which memories are looked through for zeros */

void machine_archive(struct archive *archive, struct machine *machine);

/* The length of the piece of a memory that begins at `from`: a page, or what is left. */
static inline size_t state_page_length(size_t length, size_t from) {
    return length - from < STATE_PAGE_BYTES ? length - from : STATE_PAGE_BYTES;
}

bool state_is_zero(const void *bytes, size_t length);

#endif
