#define _POSIX_C_SOURCE 200809L
#include "pages.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Linux tells of each page of a process in a 64-bit word whether there is anything (admin-guide/mm/pagemap). What is
 * neither in memory nor in swap of a private memory of zeros was never written to. */
#define PAGEMAP         "/proc/self/pagemap"
#define PAGEMAP_PRESENT (UINT64_C(1) << 63)
#define PAGEMAP_SWAPPED (UINT64_C(1) << 62)
#define PAGEMAP_AT_ONCE 512

#define WORTH_ASKING (1u << 20) /* bytes; smaller memories are soon looked through */

/* Mark pages of the state that lie in host pages from `host` up to `end` as touched. */
static void touch(struct pages *pages, uintptr_t host, uintptr_t end) {
    uintptr_t start = (uintptr_t)pages->memory;
    size_t from = host > start ? host - start : 0, to = end - start < pages->length ? end - start : pages->length;

    for (size_t page = from / PAGE_OF_STATE; page * PAGE_OF_STATE < to; page++)
        pages->untouched[page / 8] &= (uint8_t)~(1u << page % 8);
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

void pages_begin(struct pages *pages, const void *memory, size_t length) {
    int pagemap = length < WORTH_ASKING ? -1 : open(PAGEMAP, O_RDONLY | O_CLOEXEC);

    pages->memory = memory;
    pages->length = length;
    pages->next = 0;
    memset(pages->untouched, pagemap < 0 ? 0 : 0xff, sizeof pages->untouched);
    if (pagemap < 0)
        return;
    if (!ask(pages, pagemap))
        memset(pages->untouched, 0, sizeof pages->untouched);
    close(pagemap);
}

static bool is_zero(const uint8_t *bytes, size_t length) {
    return length == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, length - 1) == 0);
}

bool pages_next(struct pages *pages, size_t *from, size_t *length) {
    for (; pages->next < pages->length; pages->next += PAGE_OF_STATE) {
        size_t number = pages->next / PAGE_OF_STATE, left = pages->length - pages->next;
        size_t size = left < PAGE_OF_STATE ? left : PAGE_OF_STATE;
        if (pages->untouched[number / 8] >> number % 8 & 1 || is_zero(pages->memory + pages->next, size))
            continue;
        *from = pages->next;
        *length = size;
        pages->next += PAGE_OF_STATE;
        return true;
    }
    return false;
}
