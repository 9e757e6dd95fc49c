/* Ethernet frames that software on a board sends: ARP, IP and UDP are taken apart on the network's side. */
#include <stdlib.h>
#include <string.h>

#include "../machine/machine.h"
#include "fuzz.h"

#define TRANSMIT_LENGTH  0xc008
#define TRANSMIT_COMMAND 0xc00c

enum { FRAMES, DATAGRAMS };
const char *const fuzz_counter_names[FUZZ_COUNTERS] = {"frames sent", "datagrams found in them"};
static uint64_t own_counters[FUZZ_COUNTERS];
uint64_t *fuzz_counters = own_counters;

static struct machine *machine;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    struct machine_config config = {.board = BOARD_SPINN3, .ip = {{127, 0, 0, 2}}};

    (void)argc;
    (void)argv;
    machine = machine_create(&config);
    if (machine == NULL)
        exit(EXIT_FAILURE);
    machine->root->bootrom.finished = true;
    return 0;
}

size_t fuzz_seed(unsigned index, uint8_t bytes[FUZZ_INPUT_BYTES]) {
    static const uint8_t arp[60] = {[12] = 8, [13] = 6, [15] = 1, [16] = 8, [18] = 6, [19] = 4, [21] = 1};
    static const uint8_t udp[60] = {[12] = 8, [14] = 0x45, [23] = 17, [34] = 0x45, [35] = 0xe5, [37] = 9, [39] = 26};

    if (index > 1)
        return 0;
    memcpy(bytes, index ? udp : arp, sizeof arp);
    return sizeof arp;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    struct datagram datagram;

    for (uint32_t at = 0; at < length && at < 0x4000; at += 4) {
        uint32_t word = 0;
        memcpy(&word, bytes + at, length - at < 4 ? length - at : 4);
        ethernet_write(machine->root, at, 4, word);
    }
    ethernet_write(machine->root, TRANSMIT_LENGTH, 4, (uint32_t)length);
    ethernet_write(machine->root, TRANSMIT_COMMAND, 4, 1);
    machine_run(machine, machine->now + 400 * CYCLES_PER_US);
    fuzz_counters[FRAMES]++;
    while (machine_output(machine, &datagram))
        fuzz_counters[DATAGRAMS]++;
    return 0;
}

bool fuzz_is_spent(void) {
    return false;
}
