#include "state.h"

#include <string.h>

#include "pages.h"

void machine_archive(struct archive *archive, struct machine *machine) {
    ARCHIVE(archive, machine->now);
    archive_expect(archive, machine->now % MACHINE_WINDOW_CYCLES == 0);
    ARCHIVE(archive, machine->datagrams_in);
    ARCHIVE(archive, machine->datagrams_out);
    ARCHIVE(archive, machine->datagrams_dropped);
    for (unsigned i = 0; i < machine->chip_count; i++)
        chip_archive(archive, machine->chip[i]);
    faults_archive(archive, &machine->faults);
    if (archive->restoring)
        for (unsigned i = 0; i < machine->chip_count; i++)
            links_apply(machine->chip[i]);
}

/* ---- the hash ---- */

#define FNV_OFFSET 0xcbf29ce484222325u
#define FNV_PRIME  0x00000100000001b3u

struct hashing {
    struct archive archive;
    uint64_t hash;
};

/* FNV-1a over 64-bit words, and over single bytes at the end. */
static void hash_bytes(struct archive *archive, void *data, size_t length) {
    struct hashing *hashing = (struct hashing *)archive;
    const uint8_t *bytes = data;
    uint64_t hash = hashing->hash;

    for (; length >= 8; bytes += 8, length -= 8) {
        uint64_t word;
        memcpy(&word, bytes, sizeof word);
        hash = (hash ^ word) * FNV_PRIME;
    }
    while (length--)
        hash = (hash ^ *bytes++) * FNV_PRIME;
    hashing->hash = hash;
}

/* Pages of zeros are left out, with the others' places kept, so that untouched SDRAM costs little. */
static void hash_memory(struct archive *archive, void *data, size_t length) {
    uint8_t *bytes = data;
    struct pages pages;
    size_t from, page;

    pages_begin(&pages, data, length);
    while (pages_next(&pages, &from, &page)) {
        hash_bytes(archive, &from, sizeof from);
        hash_bytes(archive, bytes + from, page);
    }
}

uint64_t machine_hash(const struct machine *machine) {
    struct hashing hashing = {{.bytes = hash_bytes, .memory = hash_memory}, FNV_OFFSET};

    machine_archive(&hashing.archive, (struct machine *)machine); /* hashing writes nothing */
    return hashing.hash;
}

uint64_t machine_pulse(const struct machine *machine) {
    struct hashing hashing = {{.bytes = hash_bytes}, FNV_OFFSET};
    struct archive *archive = &hashing.archive;
    uint64_t now = machine->now;

    ARCHIVE(archive, now);
    for (unsigned i = 0; i < machine->chip_count; i++)
        for (unsigned k = 0; k < CORES_PER_CHIP; k++) {
            struct processor *core = &machine->chip[i]->core[k];
            uint32_t cpsr = arm_cpsr(&core->arm);
            if (!processor_is_running(core))
                continue;
            archive->bytes(archive, core->arm.r, 15 * sizeof *core->arm.r);
            ARCHIVE(archive, core->arm.pc);
            ARCHIVE(archive, cpsr);
            ARCHIVE(archive, core->arm.instructions);
            ARCHIVE(archive, core->next_event);
        }
    return hashing.hash;
}
