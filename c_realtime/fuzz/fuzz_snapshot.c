/* Snapshot files. The check at their end is put right, so that what is mutated is met by the reader and not by it; what
 * is restored has to run.
 *
 * Few mutants of a compressed file are sound blocks, and fewer reach the fields of the state. So an input that begins
 * with a P is not a file but a row of patches to the state of a machine, as the walk over it (../machine/state.c) meets
 * it: where, how many bytes, which. */
#include <stdlib.h>
#include <string.h>

#include "../machine/machine.h"
#include "../machine/state.h"
#include "../host/resident.h"
#include "fuzz.h"

#define CHECK_BYTES 8
#define RUN_CYCLES  (10 * MACHINE_WINDOW_CYCLES)

enum { REFUSED, RESTORED, STATES_REFUSED, STATES_TAKEN };
const char *const fuzz_counter_names[FUZZ_COUNTERS] = {"snapshots refused", "snapshots restored",
                                                       "patched states refused", "patched states taken"};
static uint64_t own_counters[FUZZ_COUNTERS];
uint64_t *fuzz_counters = own_counters;

static uint8_t *saved;
static size_t saved_length;

/* ---- the state as bytes, without the memories ---- */

struct flat {
    struct archive archive;
    uint8_t *bytes;
    size_t at, room;
};

static uint8_t *state, *patched;
static size_t state_length;

static void append(struct archive *archive, void *data, size_t length) {
    struct flat *flat = (struct flat *)archive;

    if (flat->bytes != NULL)
        memcpy(flat->bytes + flat->at, data, length);
    flat->at += length;
}

static void take(struct archive *archive, void *data, size_t length) {
    struct flat *flat = (struct flat *)archive;

    if (length > flat->room - flat->at) { /* queues that are longer now: the end of the file */
        archive->failed = true;
        memset(data, 0, length);
        return;
    }
    memcpy(data, flat->bytes + flat->at, length);
    flat->at += length;
}

static void pass_memory(struct archive *archive, void *data, size_t length) {
    (void)archive;
    (void)data;
    (void)length;
}

static void keep_state(struct machine *machine) {
    struct flat flat = {.archive = {.bytes = append, .memory = pass_memory}};

    machine_archive(&flat.archive, machine);
    state_length = flat.at;
    state = malloc(state_length);
    patched = malloc(state_length);
    if (state == NULL || patched == NULL)
        exit(EXIT_FAILURE);
    flat = (struct flat){.archive = flat.archive, .bytes = state};
    machine_archive(&flat.archive, machine);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    static const uint32_t loop[] = {0xe2800001u, 0xe5810000u, 0xe5912000u, 0xeafffffbu}; /* count, store, load */
    struct machine_config config = {.board = BOARD_SPINN3, .ip = {{127, 0, 0, 2}}};
    struct machine *machine = machine_create(&config);

    pages_set_source(resident_pages); /* as the board program; else each hash looks at half a gigabyte */
    (void)argc;
    (void)argv;
    if (machine == NULL)
        exit(EXIT_FAILURE);
    machine_boot(machine, (const uint8_t *)loop, sizeof loop);
    machine_run(machine, RUN_CYCLES);
    saved = machine_save(machine, &saved_length);
    keep_state(machine);
    machine_destroy(machine);
    if (saved == NULL || saved_length > FUZZ_INPUT_BYTES)
        exit(EXIT_FAILURE);
    return 0;
}

#define PATCH_BYTES      9 /* offset: 4; length: 1; value: 4 */
#define PATCHED_SEEDS    100
#define PATCHES_PER_SEED 3

static size_t put_patch(uint8_t *bytes, uint32_t offset, uint32_t value) {
    memcpy(bytes, &offset, sizeof offset);
    bytes[4] = 4;
    memcpy(bytes + 5, &value, sizeof value);
    return PATCH_BYTES;
}

size_t fuzz_seed(unsigned index, uint8_t bytes[FUZZ_INPUT_BYTES]) {
    size_t length = 1;

    if (index > PATCHED_SEEDS)
        return 0;
    if (index == 0) {
        memcpy(bytes, saved, saved_length);
        return saved_length;
    }
    bytes[0] = 'P';
    for (unsigned i = 0; i < PATCHES_PER_SEED; i++)
        length +=
            put_patch(bytes + length, (index * PATCHES_PER_SEED + i) * 2654435761u, i ? UINT32_MAX >> index % 32 : 0);
    return length;
}

static void try_file(const uint8_t *bytes, size_t length) {
    const char *complaint = NULL;
    uint8_t *copy = malloc(length ? length : 1);

    if (copy == NULL)
        return;
    memcpy(copy, bytes, length);
    if (length >= CHECK_BYTES) {
        uint64_t check = machine_snapshot_check(copy, length - CHECK_BYTES);
        memcpy(copy + length - CHECK_BYTES, &check, sizeof check);
    }
    struct machine *machine = machine_restore(copy, length, &complaint);
    fuzz_counters[machine ? RESTORED : REFUSED]++;
    if (machine == NULL && complaint == NULL)
        abort();
    if (machine != NULL)
        machine_run(machine, machine->now + RUN_CYCLES);
    machine_destroy(machine);
    free(copy);
}

static void try_patches(const uint8_t *bytes, size_t length) {
    struct flat flat = {
        .archive = {.bytes = take, .memory = pass_memory, .restoring = true}, .bytes = patched, .room = state_length};
    const char *complaint;
    struct machine *machine = machine_restore(saved, saved_length, &complaint);

    if (machine == NULL)
        abort();
    memcpy(patched, state, state_length);
    for (; length >= PATCH_BYTES; bytes += PATCH_BYTES, length -= PATCH_BYTES) {
        uint32_t offset;
        memcpy(&offset, bytes, sizeof offset);
        size_t at = offset % state_length, count = bytes[4] % 4 + 1;
        memcpy(patched + at, bytes + 5, count < state_length - at ? count : state_length - at);
    }
    machine_archive(&flat.archive, machine);
    fuzz_counters[flat.archive.failed ? STATES_REFUSED : STATES_TAKEN]++;
    if (!flat.archive.failed)
        machine_run(machine, machine->now + RUN_CYCLES);
    machine_destroy(machine);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    if (length > 0 && bytes[0] == 'P')
        try_patches(bytes + 1, length - 1);
    else
        try_file(bytes, length);
    return 0;
}

bool fuzz_is_spent(void) {
    return false;
}
