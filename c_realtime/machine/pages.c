#include "pages.h"

#include <string.h>

#define WORTH_ASKING (1u << 20) /* bytes; smaller memories are soon looked through */

static pages_source *source;

void pages_set_source(pages_source *host) {
    source = host;
}

void pages_touched(struct pages *pages, size_t from, size_t to) {
    for (size_t page = from / PAGE_OF_STATE; page * PAGE_OF_STATE < to && page * PAGE_OF_STATE < pages->length; page++)
        pages->untouched[page / 8] &= (uint8_t)~(1u << page % 8);
}

void pages_begin(struct pages *pages, const void *memory, size_t length) {
    bool asks = source != NULL && length >= WORTH_ASKING;

    pages->memory = memory;
    pages->length = length;
    pages->next = 0;
    memset(pages->untouched, asks ? 0xff : 0, sizeof pages->untouched);
    if (asks && !source(pages))
        memset(pages->untouched, 0, sizeof pages->untouched);
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
