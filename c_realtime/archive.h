/* One walk over the state of the machine, for everybody who saves, restores or hashes it. Every device has a function
 * that hands all of its state to an archive, field by field in a fixed order; what the archive does with the bytes is
 * its own affair. Caches are not state. Numbers are stored as the host has them: little-endian, as SpiNNaker. */
#ifndef SPINNLIVE_ARCHIVE_H
#define SPINNLIVE_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct archive {
    void (*bytes)(struct archive *archive, void *bytes, size_t length); /* takes, overwrites or reads them */
    /* Likewise for a memory, most of which may be zeros; what is restored is zeros beforehand. */
    void (*memory)(struct archive *archive, void *bytes, size_t length);
    bool restoring; /* the bytes come from outside: check them */
    bool failed;    /* they are not what a machine can be in */
};

/* A field that may hold any bits: integers and arrays of them. */
#define ARCHIVE(archive, field) (archive)->bytes((archive), &(field), sizeof(field))

/* Say what holds for a restored value; a file that breaks it is refused. */
static inline void archive_expect(struct archive *archive, bool holds) {
    if (archive->restoring && !holds)
        archive->failed = true;
}

/* A bool has no bit patterns to spare: it travels as a byte. */
static inline void archive_bool(struct archive *archive, bool *field) {
    uint8_t byte = *field;
    archive->bytes(archive, &byte, 1);
    archive_expect(archive, byte <= 1);
    *field = byte != 0;
}

/* The ends of a queue that run free around a ring of `size` places. */
static inline void archive_ring(struct archive *archive, uint32_t *head, uint32_t *tail, uint32_t size) {
    ARCHIVE(archive, *head);
    ARCHIVE(archive, *tail);
    archive_expect(archive, *tail - *head <= size);
    if (*tail - *head > size)
        *tail = *head;
}

#endif
