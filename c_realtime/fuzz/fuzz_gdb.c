/* Bytes from a debugger: packets are found, obeyed, and the core executed when they say so. */
#include <stdlib.h>
#include <string.h>

#include "../host/gdb_packet.h"
#include "../machine/machine.h"
#include "fuzz.h"

#define OLD_AGE 2000

enum { PACKETS, ANSWERS, STOPS };
const char *const fuzz_counter_names[FUZZ_COUNTERS] = {"packets", "of them answered", "stops of the core"};
static uint64_t own_counters[FUZZ_COUNTERS];
uint64_t *fuzz_counters = own_counters;

static struct machine *machine;
static struct debug debugger;
static struct rsp rsp;
static unsigned age;

static void hold(void *context, struct processor *processor, enum debug_reason reason, uint32_t address) {
    (void)context;
    (void)processor;
    (void)gdb_stop_reply(reason, address);
    fuzz_counters[STOPS]++;
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    static const uint32_t loop[] = {0xe2800001u, 0xe5810000u, 0xe5912000u, 0xeafffffbu}; /* count, store, load */
    struct machine_config config = {.board = BOARD_SPINN3, .ip = {{127, 0, 0, 2}}};

    (void)argc;
    (void)argv;
    machine = machine_create(&config);
    if (machine == NULL)
        exit(EXIT_FAILURE);
    machine_boot(machine, (const uint8_t *)loop, sizeof loop);
    machine->root->core[0].arm.r[1] = 0x60001000u;
    debugger.hold = hold;
    machine->root->core[0].debug = &debugger;
    return 0;
}

static const char *const packets[] = {"?",
                                      "g",
                                      "p4",
                                      "P4=11223344",
                                      "P10=1f000000",
                                      "m60001000,40",
                                      "mf2000100,8",
                                      "m11000000,20",
                                      "M60001000,4:01020304",
                                      "X403f00,4:}\x03z}\x04",
                                      "Z0,4,4",
                                      "Z1,8,4",
                                      "Z2,60001000,4",
                                      "Z3,60001000,4",
                                      "Z4,60001000,8",
                                      "z1,8,4",
                                      "z2,60001000,4",
                                      "c",
                                      "s",
                                      "C05",
                                      "S05;0",
                                      "vCont?",
                                      "vCont;c",
                                      "vCont;s:1",
                                      "qSupported:multiprocess+",
                                      "qAttached",
                                      "qXfer:features:read:target.xml:0,ffb",
                                      "qfThreadInfo",
                                      "Hg0",
                                      "T1",
                                      "D",
                                      "k",
                                      "QStartNoAckMode"};

size_t fuzz_seed(unsigned index, uint8_t bytes[FUZZ_INPUT_BYTES]) {
    size_t length = 0;

    if (index >= sizeof packets / sizeof *packets)
        return 0;
    for (unsigned i = 0; i < 3; i++) {
        const char *packet = packets[(index + i * 7) % (sizeof packets / sizeof *packets)];
        length += rsp_frame(packet, strlen(packet), (char *)bytes + length);
    }
    return length;
}

static void obey(void) {
    static struct gdb_answer answer;
    char frame[RSP_FRAME_BYTES(RSP_PACKET_BYTES)];
    enum gdb_outcome outcome = gdb_obey(&machine->root->core[0], &rsp, "T05", true, &answer);

    fuzz_counters[PACKETS]++;
    if (outcome == GDB_GO_ON || outcome == GDB_STEP) {
        debugger.stepping = outcome == GDB_STEP;
        machine_run(machine, machine->now + MACHINE_WINDOW_CYCLES);
    } else if (answer.length > 0) {
        rsp_frame(answer.text, answer.length, frame);
        fuzz_counters[ANSWERS]++;
    }
}

/* The mutator knows nothing of check-sums: those of half of the packets are put right. */
static void put_sums_right(uint8_t *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) {
        uint8_t sum = 0;
        size_t from = i;
        if (bytes[i] != '$')
            continue;
        for (i++; i < length && bytes[i] != '#'; i++)
            sum = (uint8_t)(sum + bytes[i]);
        if (i + 2 < length && (from & 1) == (length & 1))
            rsp_put_hex((char *)bytes + i + 1, &sum, 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    static uint8_t copy[FUZZ_INPUT_BYTES];

    if (length > sizeof copy)
        length = sizeof copy;
    memcpy(copy, bytes, length);
    put_sums_right(copy, length);
    for (size_t i = 0; i < length; i++)
        if (rsp_take(&rsp, copy[i]) == RSP_PACKET)
            obey();
    age++;
    return 0;
}

bool fuzz_is_spent(void) {
    return age >= OLD_AGE;
}
