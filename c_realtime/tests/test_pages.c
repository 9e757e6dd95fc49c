/* The pages of a memory that hold something: the same ones, whether the host tells where to look or not. */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "../host/resident.h"
#include "check.h"

#define LENGTH  (8u << 20)
#define WRITTEN 5

/* The first and the last byte, and both sides of a page's end. */
static const size_t places[WRITTEN] = {0, 3 * PAGE_OF_STATE - 1, 3 * PAGE_OF_STATE, LENGTH / 2 + 77, LENGTH - 1};

static uint8_t *fresh_memory(void) {
    uint8_t *memory = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    CHECK(memory != MAP_FAILED);
    madvise(memory, LENGTH, MADV_NOHUGEPAGE); /* else one byte may touch two megabytes */
    return memory;
}

static void check_found(const uint8_t *memory, size_t length) {
    struct pages pages;
    size_t from, size;

    pages_begin(&pages, memory, length);
    for (unsigned i = 0; i < WRITTEN && places[i] < length; i++) {
        CHECK(pages_next(&pages, &from, &size));
        CHECK_EQUAL(from, places[i] / PAGE_OF_STATE * PAGE_OF_STATE);
        CHECK_EQUAL(size, length - from < PAGE_OF_STATE ? length - from : PAGE_OF_STATE);
    }
    CHECK(!pages_next(&pages, &from, &size));
}

static bool tells_nothing(struct pages *pages) {
    pages_touched(pages, 0, PAGE_OF_STATE);
    return false;
}

static bool tells_too_much(struct pages *pages) {
    pages_touched(pages, 0, pages->length + 10 * PAGE_OF_STATE);
    return true;
}

static bool tells_of_one_page(struct pages *pages) {
    pages_touched(pages, PAGE_OF_STATE + 5, PAGE_OF_STATE + 6);
    return true;
}

int main(void) {
    pages_source *const sources[] = {NULL, tells_nothing, tells_too_much, resident_pages};
    uint8_t *memory = fresh_memory();

    for (unsigned i = 0; i < WRITTEN; i++)
        memory[places[i]] = (uint8_t)(i + 1);
    for (unsigned i = 0; i < sizeof sources / sizeof *sources; i++) {
        pages_set_source(sources[i]);
        check_found(memory, LENGTH);
        check_found(memory, LENGTH - 100); /* no whole number of pages; the last byte is beyond it */
    }

    /* What is told is believed: the rest is not even looked at. */
    struct pages pages;
    size_t from, size;
    memory[PAGE_OF_STATE] = 1;
    pages_set_source(tells_of_one_page);
    pages_begin(&pages, memory, LENGTH);
    CHECK(pages_next(&pages, &from, &size));
    CHECK_EQUAL(from, PAGE_OF_STATE);
    CHECK(!pages_next(&pages, &from, &size));
    munmap(memory, LENGTH);
    return 0;
}
