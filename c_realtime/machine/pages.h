/* The pages of a memory that are not all zeros. Most of a chip's SDRAM is never written to, and the host gives no
 * memory for that part. Where the host can tell which part that is (host/resident.h), it is passed over without a look,
 * which would make the host enter each page into its tables; otherwise every page is looked at. Either way the same
 * pages are found. */
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

/* What the host knows: calls pages_touched() for each part of the memory that may ever have been written to. False if
 * it cannot tell. */
typedef bool pages_source(struct pages *pages);

/* Ask that from now on; NULL, which is what there is at first, for nobody. Before machines are made. */
void pages_set_source(pages_source *host);

/* For a source: the memory from offset `from` up to `to` may hold something. */
void pages_touched(struct pages *pages, size_t from, size_t to);

void pages_begin(struct pages *pages, const void *memory, size_t length);

/* The next page: its place and its length, which is that of a page or what is left of the memory. False after the last.
 */
bool pages_next(struct pages *pages, size_t *from, size_t *length);

#endif
