/* Snapshot files. The check at their end is put right, so that what is mutated is met by the reader and not by it; what
 * is restored has to run. */
#include <stdlib.h>
#include <string.h>

#include "../machine/machine.h"
#include "fuzz.h"

#define CHECK_BYTES 8
#define RUN_CYCLES  (10 * MACHINE_WINDOW_CYCLES)

enum { REFUSED, RESTORED };
const char *const fuzz_counter_names[FUZZ_COUNTERS] = {"snapshots refused", "snapshots restored"};
static uint64_t own_counters[FUZZ_COUNTERS];
uint64_t *fuzz_counters = own_counters;

static uint8_t *saved;
static size_t saved_length;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    static const uint32_t loop[] = {0xe2800001u, 0xe5810000u, 0xe5912000u, 0xeafffffbu}; /* count, store, load */
    struct machine_config config = {.board = BOARD_SPINN3, .ip = {{127, 0, 0, 2}}};
    struct machine *machine = machine_create(&config);

    (void)argc;
    (void)argv;
    if (machine == NULL)
        exit(EXIT_FAILURE);
    machine_boot(machine, (const uint8_t *)loop, sizeof loop);
    machine_run(machine, RUN_CYCLES);
    saved = machine_save(machine, &saved_length);
    machine_destroy(machine);
    if (saved == NULL || saved_length > FUZZ_INPUT_BYTES)
        exit(EXIT_FAILURE);
    return 0;
}

size_t fuzz_seed(unsigned index, uint8_t bytes[FUZZ_INPUT_BYTES]) {
    if (index > 0)
        return 0;
    memcpy(bytes, saved, saved_length);
    return saved_length;
}

/* As snapshot.c has it. */
static uint64_t check_of(const uint8_t *bytes, size_t length) {
    uint64_t hash = 0xcbf29ce484222325u;

    for (size_t at = 0; at < length; at += 8) {
        uint64_t word = 0;
        memcpy(&word, bytes + at, length - at < 8 ? length - at : 8);
        hash = (hash ^ word) * 0x00000100000001b3u;
    }
    return hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    const char *complaint = NULL;
    uint8_t *copy = malloc(length ? length : 1);

    if (copy == NULL)
        return 0;
    memcpy(copy, bytes, length);
    if (length >= CHECK_BYTES) {
        uint64_t check = check_of(copy, length - CHECK_BYTES);
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
    return 0;
}

bool fuzz_is_spent(void) {
    return false;
}
