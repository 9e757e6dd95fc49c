/* The whole machine as a row of bytes, and back.
 *
 *   magic, version | configuration | blocks: raw length, compressed length, LZ4 block | a block of raw length 0 | check
 *
 * All numbers are little-endian 32-bit words but for the 64-bit check, a hash of all bytes before it. The raw bytes are
 * the state walk's (state.c); of each memory only the pages that are not all zeros, each after its number, and
 * PAGE_END. */
#include <stdlib.h>
#include <string.h>

#include "compress.h"
#include "pages.h"
#include "state.h"

#define MAGIC       "SPINNLIVE-SNAP\r\n" /* the line end shows a transfer that took the file for text */
#define MAGIC_BYTES 16
#define FORMAT      5u /* to be raised with every change of what the walk visits */
#define BLOCK_BYTES (256u << 10)
#define PAGE_END    UINT32_MAX

/* FNV-1a, eight bytes at a time. */
uint64_t machine_snapshot_check(const uint8_t *bytes, size_t length) {
    uint64_t hash = 0xcbf29ce484222325u;

    for (size_t at = 0; at < length; at += 8) {
        uint64_t word = 0;
        memcpy(&word, bytes + at, length - at < 8 ? length - at : 8);
        hash = (hash ^ word) * 0x00000100000001b3u;
    }
    return hash;
}

/* ---- saving ---- */

struct saving {
    struct archive archive;
    uint8_t *out;
    size_t length, room;
    uint8_t *block; /* raw bytes that wait to be compressed */
    size_t waiting;
};

static void put(struct saving *saving, const void *bytes, size_t length) {
    if (saving->room - saving->length < length) {
        size_t room = 2 * saving->room + length;
        uint8_t *larger = saving->archive.failed ? NULL : realloc(saving->out, room);
        if (larger == NULL) {
            saving->archive.failed = true;
            return;
        }
        saving->out = larger;
        saving->room = room;
    }
    memcpy(saving->out + saving->length, bytes, length);
    saving->length += length;
}

static void put_32(struct saving *saving, uint32_t value) {
    put(saving, &value, sizeof value);
}

static void put_block(struct saving *saving) {
    uint8_t *packed = malloc(compress_bound(BLOCK_BYTES));

    if (packed == NULL) {
        saving->archive.failed = true;
        return;
    }
    uint32_t length = (uint32_t)compress_block(saving->block, saving->waiting, packed);
    put_32(saving, (uint32_t)saving->waiting);
    put_32(saving, length);
    put(saving, packed, length);
    saving->waiting = 0;
    free(packed);
}

static void save_bytes(struct archive *archive, void *data, size_t length) {
    struct saving *saving = (struct saving *)archive;
    const uint8_t *bytes = data;

    while (length && !archive->failed) {
        size_t part = BLOCK_BYTES - saving->waiting;
        if (part > length)
            part = length;
        memcpy(saving->block + saving->waiting, bytes, part);
        saving->waiting += part;
        bytes += part;
        length -= part;
        if (saving->waiting == BLOCK_BYTES)
            put_block(saving);
    }
}

static void save_memory(struct archive *archive, void *data, size_t length) {
    uint8_t *bytes = data;
    uint32_t end = PAGE_END;
    struct pages pages;
    size_t from, page;

    pages_begin(&pages, data, length);
    while (pages_next(&pages, &from, &page)) {
        uint32_t number = (uint32_t)(from / PAGE_OF_STATE);
        save_bytes(archive, &number, sizeof number);
        save_bytes(archive, bytes + from, page);
    }
    save_bytes(archive, &end, sizeof end);
}

uint8_t *machine_save(const struct machine *machine, size_t *length) {
    struct saving saving = {.archive = {.bytes = save_bytes, .memory = save_memory}, .block = malloc(BLOCK_BYTES)};

    if (saving.block == NULL)
        return NULL;
    put(&saving, MAGIC, MAGIC_BYTES);
    put_32(&saving, FORMAT);
    put_32(&saving, machine->config.board);
    put_32(&saving, machine->config.boards);
    put(&saving, machine->config.ip, machine->config.boards * sizeof *machine->config.ip);
    machine_archive(&saving.archive, (struct machine *)machine); /* saving writes nothing into it */
    if (saving.waiting)
        put_block(&saving);
    put_32(&saving, 0);
    uint64_t check = machine_snapshot_check(saving.out, saving.length);
    put(&saving, &check, sizeof check);
    free(saving.block);
    if (saving.archive.failed) {
        free(saving.out);
        return NULL;
    }
    *length = saving.length;
    return saving.out;
}

/* ---- restoring ---- */

struct restoring {
    struct archive archive;
    const uint8_t *in;
    size_t left;
    uint8_t *block; /* raw bytes of the block in hand */
    size_t taken, present;
};

static bool get(struct restoring *restoring, void *bytes, size_t length) {
    if (restoring->left < length) {
        restoring->archive.failed = true;
        memset(bytes, 0, length);
        return false;
    }
    memcpy(bytes, restoring->in, length);
    restoring->in += length;
    restoring->left -= length;
    return true;
}

static uint32_t get_32(struct restoring *restoring) {
    uint32_t value;
    get(restoring, &value, sizeof value);
    return value;
}

static bool next_block(struct restoring *restoring) {
    uint32_t raw = get_32(restoring), packed = raw ? get_32(restoring) : 0;

    if (raw == 0 || raw > BLOCK_BYTES || packed > restoring->left ||
        !decompress_block(restoring->in, packed, restoring->block, raw)) {
        restoring->archive.failed = true;
        return false;
    }
    restoring->in += packed;
    restoring->left -= packed;
    restoring->taken = 0;
    restoring->present = raw;
    return true;
}

static void restore_bytes(struct archive *archive, void *data, size_t length) {
    struct restoring *restoring = (struct restoring *)archive;
    uint8_t *bytes = data;

    while (length) {
        if (archive->failed || (restoring->taken == restoring->present && !next_block(restoring))) {
            memset(bytes, 0, length);
            return;
        }
        size_t part = restoring->present - restoring->taken;
        if (part > length)
            part = length;
        memcpy(bytes, restoring->block + restoring->taken, part);
        restoring->taken += part;
        bytes += part;
        length -= part;
    }
}

static void restore_memory(struct archive *archive, void *data, size_t length) {
    uint8_t *bytes = data;
    size_t next = 0; /* pages come in order, so that a hostile file cannot keep us busy */

    for (;;) {
        uint32_t number;
        restore_bytes(archive, &number, sizeof number);
        size_t from = (size_t)number * PAGE_OF_STATE;
        if (archive->failed || number == PAGE_END)
            return;
        if (from < next || from >= length) {
            archive->failed = true;
            return;
        }
        restore_bytes(archive, bytes + from, length - from < PAGE_OF_STATE ? length - from : PAGE_OF_STATE);
        next = from + PAGE_OF_STATE;
    }
}

static struct machine *create(struct restoring *restoring, const char **complaint) {
    struct machine_config config = {.board = get_32(restoring), .boards = get_32(restoring)};
    struct topology topology;

    *complaint = "it names boards that do not exist";
    if (restoring->archive.failed || (config.board != BOARD_SPINN3 && config.board != BOARD_SPINN5) ||
        !topology_make(config.board, config.boards, &topology) ||
        !get(restoring, config.ip, config.boards * sizeof *config.ip))
        return NULL;
    *complaint = "the host has not enough memory for its machine";
    return machine_create(&config);
}

static struct machine *restore(struct restoring *restoring, const char **complaint) {
    const uint8_t *start = restoring->in;
    char magic[MAGIC_BYTES];
    uint64_t check, sum;

    *complaint = "it is not a snapshot of a spinnlive board";
    if (!get(restoring, magic, sizeof magic) || memcmp(magic, MAGIC, sizeof magic) != 0)
        return NULL;
    *complaint = "it was written by another version of spinnlive";
    if (get_32(restoring) != FORMAT)
        return NULL;
    struct machine *machine = create(restoring, complaint);
    if (machine == NULL)
        return NULL;
    machine_archive(&restoring->archive, machine);
    *complaint = "it is damaged";
    if (!restoring->archive.failed && restoring->taken == restoring->present && get_32(restoring) == 0) {
        sum = machine_snapshot_check(start, (size_t)(restoring->in - start));
        if (get(restoring, &check, sizeof check) && restoring->left == 0 && check == sum)
            return machine;
    }
    machine_destroy(machine);
    return NULL;
}

struct machine *machine_restore(const uint8_t *bytes, size_t length, const char **complaint) {
    struct restoring restoring = {
        .archive = {.bytes = restore_bytes, .memory = restore_memory, .restoring = true},
        .in = bytes,
        .left = length,
        .block = malloc(BLOCK_BYTES),
    };
    *complaint = "the host has not enough memory for it";
    struct machine *machine = restoring.block ? restore(&restoring, complaint) : NULL;

    free(restoring.block);
    return machine;
}
