/* Boot datagrams to a boot ROM: an input is a row of them, each after its length (16 bits, little-endian). What they
 * have put together is started now and then, so that rubbish is executed, too. */
#include <stdlib.h>
#include <string.h>

#include "../machine/machine.h"
#include "fuzz.h"

#define RUN_CYCLES (20 * MACHINE_WINDOW_CYCLES)
#define OLD_AGE    1000

enum { DATAGRAMS, STARTS };
const char *const fuzz_counter_names[FUZZ_COUNTERS] = {"boot datagrams", "images started"};
static uint64_t own_counters[FUZZ_COUNTERS];
uint64_t *fuzz_counters = own_counters;

static struct machine *machine;
static unsigned age;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    struct machine_config config = {.board = BOARD_SPINN3, .ip = {{127, 0, 0, 2}}};

    (void)argc;
    (void)argv;
    machine = machine_create(&config);
    if (machine == NULL)
        exit(EXIT_FAILURE);
    return 0;
}

static size_t put_datagram(uint8_t *bytes, uint32_t operation, uint32_t one, uint32_t three, size_t data) {
    uint8_t header[18] = {
        [1] = 1, [5] = (uint8_t)operation, [8] = (uint8_t)(one >> 8), [9] = (uint8_t)one, [17] = (uint8_t)three};
    size_t length = sizeof header + data;

    bytes[0] = (uint8_t)length;
    bytes[1] = (uint8_t)(length >> 8);
    memcpy(bytes + 2, header, sizeof header);
    for (size_t i = 0; i < data; i++)
        bytes[2 + sizeof header + i] = (uint8_t)(i % 4 == 0 ? 0xe3 : i * 37); /* ARM code of a kind */
    return 2 + length;
}

size_t fuzz_seed(unsigned index, uint8_t bytes[FUZZ_INPUT_BYTES]) {
    size_t length = 0;

    if (index > 2)
        return 0;
    length += put_datagram(bytes + length, 1, 0, index, 0);
    for (unsigned block = 0; block <= index; block++)
        length += put_datagram(bytes + length, 3, 0xff00 | block, 0, 1024);
    return length + put_datagram(bytes + length, 5, 1, 0, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    machine->root->bootrom.finished = false;
    while (length >= 2) {
        struct datagram datagram = {.board_port = BOOT_UDP_PORT, .length = bytes[0] | (uint32_t)bytes[1] << 8};
        bytes += 2;
        length -= 2;
        if (datagram.length > length)
            datagram.length = (uint32_t)length;
        memcpy(datagram.bytes, bytes, datagram.length < DATAGRAM_BYTES ? datagram.length : DATAGRAM_BYTES);
        machine_input(machine, &datagram);
        fuzz_counters[DATAGRAMS]++;
        bytes += datagram.length;
        length -= datagram.length;
    }
    if (machine->root->bootrom.finished)
        fuzz_counters[STARTS]++;
    machine_run(machine, machine->now + RUN_CYCLES);
    age++;
    return 0;
}

bool fuzz_is_spent(void) {
    return age >= OLD_AGE;
}
