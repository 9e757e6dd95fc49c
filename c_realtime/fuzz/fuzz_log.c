/* Input logs: an input is the records of a log, behind a sound beginning (fuzz_snapshot.c has the snapshots). */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../host/recorder.h"
#include "../host/replay.h"
#include "../host/resident.h"
#include "fuzz.h"

#define PATH_BYTES 64

enum { REPLAYED, NOT_TO_THE_END };
const char *const fuzz_counter_names[FUZZ_COUNTERS] = {"logs replayed", "logs refused, or that differ"};
static uint64_t own_counters[FUZZ_COUNTERS];
uint64_t *fuzz_counters = own_counters;

static int file;
static char path[PATH_BYTES];
static off_t beginning;
static FILE *nowhere;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    struct machine_config config = {.board = BOARD_SPINN3, .ip = {{127, 0, 0, 2}}};
    struct machine *machine = machine_create(&config);
    size_t snapshot_length;
    uint8_t *snapshot = machine ? machine_save(machine, &snapshot_length) : NULL;
    uint32_t format = LOG_FORMAT;

    pages_set_source(resident_pages); /* as the board program; else each hash looks at half a gigabyte */
    (void)argc;
    (void)argv;
    file = memfd_create("log", 0);
    nowhere = fopen("/dev/null", "w");
    if (snapshot == NULL || file < 0 || nowhere == NULL)
        exit(EXIT_FAILURE);
    uint64_t length = snapshot_length;
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    if (write(file, LOG_MAGIC, LOG_MAGIC_BYTES) != LOG_MAGIC_BYTES ||
        write(file, &format, sizeof format) != sizeof format || write(file, &length, sizeof length) != sizeof length ||
        write(file, snapshot, snapshot_length) != (ssize_t)snapshot_length)
        exit(EXIT_FAILURE);
    beginning = lseek(file, 0, SEEK_CUR);
    free(snapshot);
    machine_destroy(machine);
    return 0;
}

static size_t put_record(uint8_t *bytes, enum log_kind kind, uint64_t time, const void *contents, uint32_t length) {
    bytes[0] = (uint8_t)kind;
    memcpy(bytes + 1, &time, sizeof time);
    memcpy(bytes + 9, &length, sizeof length);
    memcpy(bytes + 13, contents, length);
    return 13 + length;
}

size_t fuzz_seed(unsigned index, uint8_t bytes[FUZZ_INPUT_BYTES]) {
    static const uint8_t start[LOG_DATAGRAM_HEADER + 18] = {[4] = 127,   [7] = 1,  [8] = 1, [10] = 0x31,
                                                            [11] = 0xd4, [13] = 1, [17] = 1};
    static const uint32_t image[] = {0xe2800001u, 0xeafffffdu};
    static const uint64_t hash = 1;
    size_t length = 0;

    if (index > 2)
        return 0;
    length += put_record(bytes + length, LOG_DATAGRAM, 400, start, sizeof start);
    length += put_record(bytes + length, LOG_FAULT, 800, "lose in 50", 10);
    if (index > 0)
        length += put_record(bytes + length, LOG_IMAGE, 1200, image, sizeof image);
    if (index > 1)
        length += put_record(bytes + length, LOG_PULSE, 2000000, &hash, sizeof hash);
    length += put_record(bytes + length, LOG_OUTPUT, 2000400, &hash, sizeof hash);
    return length + put_record(bytes + length, LOG_HASH, 2000800, &hash, sizeof hash);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    FILE *output = stdout, *errors = stderr;

    if (ftruncate(file, beginning) != 0 || pwrite(file, bytes, length, beginning) != (ssize_t)length)
        abort();
    stdout = stderr =
        nowhere; /* what there is to tell is told a million times; sanitizers have the descriptor itself */
    bool same = replay(path, 1, ENGINE_PLAIN);
    stdout = output;
    stderr = errors;
    fuzz_counters[same ? REPLAYED : NOT_TO_THE_END]++;
    return 0;
}

bool fuzz_is_spent(void) {
    return false;
}
