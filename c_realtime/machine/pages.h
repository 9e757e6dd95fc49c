/* The pages of a memory that are not all zeros. Most of a chip's SDRAM is never written to, and the host gives no
 * memory for that part: it is passed over without a look, which would make the host enter each page into its tables. */
#ifndef SPINNLIVE_MACHINE_PAGES_H
#define SPINNLIVE_MACHINE_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../chip/chip.h"

#define PAGE_OF_STATE 4096u

struct pages {
    const uint8_t *memory;
    size_t length;                                      /* of the memory: SDRAM_BYTES at the most */
    size_t next;                                        /* where to look on */
    uint8_t untouched[SDRAM_BYTES / PAGE_OF_STATE / 8]; /* a bit for each page */
};

void pages_begin(struct pages *pages, const void *memory, size_t length);

/* The next page: its place and its length, which is that of a page or what is left of the memory. False after the last.
 */
bool pages_next(struct pages *pages, size_t *from, size_t *length);

#endif
