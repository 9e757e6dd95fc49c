#define _POSIX_C_SOURCE 200809L
#include "resident.h"

#include <fcntl.h>
#include <unistd.h>

/* Linux tells of each page of a process in a 64-bit word whether there is anything (admin-guide/mm/pagemap). What is
 * neither in memory nor in swap of a private memory of zeros was never written to. */
#define PAGEMAP         "/proc/self/pagemap"
#define PAGEMAP_PRESENT (UINT64_C(1) << 63)
#define PAGEMAP_SWAPPED (UINT64_C(1) << 62)
#define PAGEMAP_AT_ONCE 512

/* The part of the memory that lies in host pages from `host` up to `end`. */
static void touch(struct pages *pages, uintptr_t host, uintptr_t end) {
    uintptr_t start = (uintptr_t)pages->memory;

    pages_touched(pages, host > start ? host - start : 0, end - start);
}

static bool ask(struct pages *pages, int pagemap) {
    uintptr_t size = (uintptr_t)sysconf(_SC_PAGESIZE), start = (uintptr_t)pages->memory;
    uintptr_t number = start / size, end = (start + pages->length + size - 1) / size;
    uint64_t word[PAGEMAP_AT_ONCE];

    while (number < end) {
        uintptr_t count = end - number < PAGEMAP_AT_ONCE ? end - number : PAGEMAP_AT_ONCE;
        if (pread(pagemap, word, count * sizeof *word, (off_t)(number * sizeof *word)) !=
            (ssize_t)(count * sizeof *word))
            return false;
        for (uintptr_t i = 0; i < count; i++)
            if (word[i] & (PAGEMAP_PRESENT | PAGEMAP_SWAPPED))
                touch(pages, (number + i) * size, (number + i + 1) * size);
        number += count;
    }
    return true;
}

bool resident_pages(struct pages *pages) {
    int pagemap = open(PAGEMAP, O_RDONLY | O_CLOEXEC);

    if (pagemap < 0)
        return false;
    bool told = ask(pages, pagemap);
    close(pagemap);
    return told;
}
