/* Commands to the control port, faults among them. */
#include <stdlib.h>
#include <string.h>

#include "../host/control.h"
#include "../host/hold.h"
#include "fuzz.h"

#define COMMAND_BYTES 128
#define OLD_AGE       500

enum { REFUSED, OBEYED };
const char *const fuzz_counter_names[FUZZ_COUNTERS] = {"commands refused", "commands obeyed"};
static uint64_t own_counters[FUZZ_COUNTERS];
uint64_t *fuzz_counters = own_counters;

static struct options options = {.boards = 1, .ip = {{127, 0, 0, 2}}, .threads = 1};
static struct host host = {.options = &options};
static unsigned age;

bool host_must_end(struct host *unused, bool lifeline_readable) {
    (void)unused;
    (void)lifeline_readable;
    return true;
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    struct machine_config config = {.board = BOARD_SPINN3, .ip = {{127, 0, 0, 2}}};

    (void)argc;
    (void)argv;
    host.machine = machine_create(&config);
    if (host.machine == NULL || !gdb_start(&host.gdb, &host))
        exit(EXIT_FAILURE);
    host.machine->root->bootrom.finished = true;
    host.machine->root->sysram[0x7fbc] = CORES_PER_CHIP; /* SCAMP is up, and says how many cores there are */
    pacer_start(&host.pacer, PACE_FREE, 0);
    return 0;
}

size_t fuzz_seed(unsigned index, uint8_t bytes[FUZZ_INPUT_BYTES]) {
    static const char *const commands[] = {"status",
                                           "unmodelled",
                                           "chip 0,0",
                                           "chip 1,1",
                                           "core 0,0,3",
                                           "iobuf 0,0,3 0",
                                           "gdb 0,0,3 0",
                                           "gdb 0,0,3 off",
                                           "freeze 5",
                                           "freeze forever",
                                           "thaw",
                                           "hash",
                                           "pace free",
                                           "pace realtime",
                                           "snapshot here",
                                           "record here",
                                           "record",
                                           "faults",
                                           "fault lose in 5",
                                           "fault lose out 0.01 7",
                                           "fault delay in 50 1000 3",
                                           "fault duplicate out 5.25",
                                           "fault reorder in 100",
                                           "fault drop 0,0,2 5",
                                           "fault kill chip 1,1",
                                           "fault kill core 0,0,5",
                                           "fault kill link 0,0,2",
                                           "fault flip 0,0 0x60000000 3",
                                           "fault seed 18446744073709551615",
                                           "fault clear"};

    if (index >= sizeof commands / sizeof *commands)
        return 0;
    memcpy(bytes, commands[index], strlen(commands[index]));
    return strlen(commands[index]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    static struct answer answer;
    char command[COMMAND_BYTES] = {0};
    struct datagram datagram = {.remote_port = 1, .board_port = SCP_PORT, .length = (uint32_t)(length % 300)};

    memcpy(command, bytes, length < COMMAND_BYTES ? length : COMMAND_BYTES - 1);
    control_obey(&answer, command, &host);
    fuzz_counters[strncmp(answer.text, "{\"error\"", 8) == 0 ? REFUSED : OBEYED]++;
    if (answer.length >= sizeof answer.text)
        abort();
    machine_input(host.machine, &datagram); /* for the faults to act on */
    machine_run(host.machine, host.machine->now + MACHINE_WINDOW_CYCLES);
    age++;
    return 0;
}

bool fuzz_is_spent(void) {
    return age >= OLD_AGE;
}
