/* Boot images: whatever is in them is executed, as ARM and as Thumb code, with all devices at hand. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../machine/machine.h"
#include "fuzz.h"

#define RUN_CYCLES (100 * MACHINE_WINDOW_CYCLES)
#define OLD_AGE    500
#define PIECE      2048 /* of the genuine image; what is at its start is executed first */

enum { INSTRUCTIONS, PACKETS };
const char *const fuzz_counter_names[FUZZ_COUNTERS] = {"instructions", "packets sent"};
static uint64_t own_counters[FUZZ_COUNTERS];
uint64_t *fuzz_counters = own_counters;

static struct machine *machine;
static uint8_t genuine[BOOT_IMAGE_BYTES];
static size_t genuine_length;
static unsigned age;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    struct machine_config config = {.board = BOARD_SPINN3, .ip = {{127, 0, 0, 2}}};
    const char *path = getenv("SPINNLIVE_BOOT_IMAGE");
    FILE *file = path ? fopen(path, "rb") : NULL;

    (void)argc;
    (void)argv;
    if (file != NULL) {
        genuine_length = fread(genuine, 1, sizeof genuine, file);
        fclose(file);
    }
    machine = machine_create(&config);
    if (machine == NULL)
        exit(EXIT_FAILURE);
    return 0;
}

size_t fuzz_seed(unsigned index, uint8_t bytes[FUZZ_INPUT_BYTES]) {
    static const uint32_t code[] = {0xe3a01201u, 0xe3a02001u, 0xe2800001u, 0xe5810008u, 0xe5913000u,
                                    0xe3130101u, 0x1afffffcu, 0xeafffff9u, 0xe12fff10u, 0xee070f90u};

    if (index == 0) {
        memcpy(bytes, code, sizeof code);
        return sizeof code;
    }
    if (index * PIECE > genuine_length)
        return 0;
    memcpy(bytes, genuine, 64); /* its vectors, and a piece of its code */
    memcpy(bytes + 64, genuine + (index - 1) * PIECE, PIECE);
    return 64 + PIECE;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    uint64_t before = machine->root->core[0].arm.instructions, sent = machine->root->core[0].comms.sent;

    machine_boot(machine, bytes, (uint32_t)length);
    machine_run(machine, machine->now + RUN_CYCLES);
    fuzz_counters[INSTRUCTIONS] += machine->root->core[0].arm.instructions - before;
    fuzz_counters[PACKETS] += machine->root->core[0].comms.sent - sent;
    age++;
    return 0;
}

bool fuzz_is_spent(void) {
    return age >= OLD_AGE;
}
