/* UDP datagrams into a booted board: they pass the LAN, the MAC, and then the genuine SCAMP parses and obeys them.
 *
 * An input is a byte that says how long the board runs on after it (units of 20 us) and whether another port than SCP's
 * is meant, a byte for that port, and the datagram. The board is asked for its version every so often. A datagram may
 * legitimately end the firmware (it may write anywhere, and stop any core); a board that does not answer any more is
 * counted, and a fresh one taken. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../arm/translations.h"
#include "../host/bootimage.h"
#include "../host/udp.h"
#include "fuzz.h"

#define RUN_UNIT_CYCLES (20 * CYCLES_PER_US)
#define LATER_MASK      0x0fu
#define OTHER_PORT      0x80u
#define QUESTION_EVERY  128 /* datagrams */
#define QUESTION_TRIES  12
/* How long the first is waited for, and each further one twice as long up to the last: most are answered within 1 ms,
 * and a quarter is thrown away by a SCAMP that has no tag free, which takes 2.56 s at most. */
#define QUESTION_FIRST    (2000 * CYCLES_PER_US)
#define QUESTION_CYCLES   (100000 * CYCLES_PER_US)
#define BOOT_LIMIT_CYCLES ((uint64_t)20 * CPU_HZ)
#define QUESTION_BUSY     (2000 * CYCLES_PER_US) /* without a rest, after which nobody waits for an answer any more */
#define OLD_AGE           1024                   /* datagrams, after which a fresh board is taken anyway */
#define ROOM_TRIES        1000 /* units; then the board takes no frames any more, drops this one, and is asked */
#define AWAKE_WELL        4    /* more cores that do not sleep execute rubbish, and only cost time */
#define BUSY_WELL         8    /* datagrams in a row after which a core was not idle; then the board is asked */
#define WARM_ROUNDS       4
#define ASKER_PORT        40000
#define MUTANTS_PORT      40001

enum { ASKED, ANSWERED, ENDED, ASTRAY, DEAF, SILENT, TO_FIRMWARE, REPLIES, REPLIES_OK };
const char *const fuzz_counter_names[FUZZ_COUNTERS] = {"times asked",
                                                       "times answered",
                                                       "boards whose firmware had ended",
                                                       "boards whose firmware ran astray, or was busy",
                                                       "boards that took themselves for somebody else",
                                                       "boards silent for another reason",
                                                       "datagrams that reached the MAC",
                                                       "datagrams sent by the board",
                                                       "of them SCP with result OK"};
static uint64_t own_counters[FUZZ_COUNTERS];
uint64_t *fuzz_counters = own_counters;

static struct machine *machine;
static bool silent, spent, knows_own_ip;
static unsigned age, busy;
static uint8_t *booted; /* a snapshot */
static size_t booted_length;

static void boot(void) {
    static uint8_t image[BOOT_IMAGE_BYTES];
    struct machine_config config = {.board = BOARD_SPINN3, .ip = {{127, 0, 0, 2}}};
    const char *path = getenv("SPINNLIVE_BOOT_IMAGE");
    uint32_t length;

    if (path == NULL) {
        fprintf(stderr, "SPINNLIVE_BOOT_IMAGE must name SCAMP's boot image, scamp.boot of SpiNNMan\n");
        exit(EXIT_FAILURE);
    }
    if (!bootimage_read(path, config.board, 1, image, &length))
        exit(EXIT_FAILURE);
    machine = machine_create(&config);
    if (machine == NULL)
        exit(EXIT_FAILURE);
    machine_boot(machine, image, length);
    while (!machine_is_up(machine) && machine->now < BOOT_LIMIT_CYCLES)
        machine_run(machine, machine->now + QUESTION_CYCLES);
    if (!machine_is_up(machine))
        exit(EXIT_FAILURE);
}

/* ---- the seeds: every command that SCAMP knows, with arguments in use ---- */

static const uint32_t commands[][4] = {
    {0, 0, 0, 0},                             /* version */
    {2, 0x60240018, 256, 2},                  /* read */
    {2, 0xf5007f00, 64, 0},                   /* read system variables by bytes */
    {3, 0x60240018, 64, 2},                   /* write */
    {5, 0x60240018, 0x12345678, 256},         /* fill */
    {15, 16, 5, 0},                           /* count */
    {17, 0x60240018, 64, 0},                  /* link read */
    {18, 0x60240018, 64, 2},                  /* link write */
    {19, 0x10040002, 0, 0},                   /* application run */
    {20, 0x003f0000, 0x5002ff10, 0x80003f00}, /* stop an application */
    {20, 0x06010100, 0xffff, 0x80003f1a},     /* flood fill: start */
    {23, 0x3f000001, 0x00000300, 0x60240018}, /* flood fill: data */
    {20, 0x0f000001, 0x10040002, 0x3f1a},     /* flood fill: end */
    {21, 0x00000008, 64, 0x10040002},         /* copy and run */
    {22, 0, 0x0003ff10, 0xffff},              /* signal */
    {25, 0x0000003f, 0, 0},                   /* LEDs */
    {26, 0x00000002, 0, 0},                   /* IP tag: get */
    {26, 0x00010001, 0x00004321, 0x0200007f}, /* IP tag: set */
    {26, 0x20010302, 0x45674567, 0},          /* reverse IP tag */
    {26, 0x00030001, 0, 0},                   /* IP tag: clear */
    {26, 0x00040000, 1, 0},                   /* IP tag: time-out of 10 ms, see open_tags() */
    {28, 0x00001000, 1024, 7},                /* allocate SDRAM */
    {28, 0x00001002, 0, 0},                   /* free SDRAM */
    {28, 0x00001003, 16, 0},                  /* allocate router entries */
    {28, 0x00001006, 0, 0},                   /* space */
    {29, 0x00011002, 0x60240018, 1},          /* router: load */
    {29, 0x00001003, 0x80000000, 0},          /* router: fixed route */
    {31, 0x5f, 0, 0},                         /* chip information */
    {32, 1, 0, 0},                            /* clock beacons */
};
#define VERSION       0
#define TAG_TIME_OUT  20
#define COMMAND_COUNT (sizeof commands / sizeof *commands)
#define CHIPS_ASKED   3

static size_t request(const uint32_t command[4], unsigned chip, uint8_t *bytes) {
    static const uint8_t places[CHIPS_ASKED][2] = {{255, 255}, {0, 0}, {1, 1}}; /* y, x */
    uint8_t header[12] = {0, 0, 0x87, 0xff, 0, 0xff, places[chip][0], places[chip][1], 255, 255, (uint8_t)command[0],
                          0};

    memcpy(bytes, header, sizeof header);
    memset(bytes + 12, 0, 2); /* sequence */
    memcpy(bytes + 14, command + 1, 12);
    for (unsigned i = 26; i < 26 + 64; i++)
        bytes[i] = (uint8_t)(i * 7);
    return 26 + 64;
}

size_t fuzz_seed(unsigned index, uint8_t bytes[FUZZ_INPUT_BYTES]) {
    if (index >= COMMAND_COUNT * CHIPS_ASKED)
        return 0;
    bytes[0] = (uint8_t)(index % 8);
    bytes[1] = 0;
    return 2 + request(commands[index / CHIPS_ASKED], index % CHIPS_ASKED, bytes + 2);
}

/* ---- the board ---- */

/* False if the board has stopped taking what comes. */
static bool send(unsigned from_port, unsigned port, const uint8_t *bytes, size_t length) {
    struct datagram datagram = {.remote_ip = {127, 0, 0, 1},
                                .remote_port = (uint16_t)from_port,
                                .board_port = (uint16_t)port,
                                .length = (uint32_t)length};

    memcpy(datagram.bytes, bytes, length < DATAGRAM_BYTES ? length : DATAGRAM_BYTES);
    for (unsigned i = 0; i < ROOM_TRIES && !machine_has_room(machine, 0); i++)
        machine_run(machine, machine->now + RUN_UNIT_CYCLES);
    bool has_room = machine_has_room(machine, 0);
    if (machine_input(machine, &datagram) && from_port == MUTANTS_PORT)
        fuzz_counters[TO_FIRMWARE]++;
    return has_room;
}

/* Take what the board sends; true if an answer to the question was there. */
static bool collect(void) {
    struct datagram datagram;
    bool answered = false;

    while (machine_output(machine, &datagram)) {
        static const uint8_t ok[2] = {0x80, 0};
        bool is_ok = datagram.length >= 14 && memcmp(datagram.bytes + 10, ok, 2) == 0;
        if (datagram.remote_port == ASKER_PORT) {
            answered = answered || is_ok;
        } else {
            fuzz_counters[REPLIES]++;
            fuzz_counters[REPLIES_OK] += is_ok;
        }
    }
    return answered;
}

/* The states of a core that will never answer again (spinnaker_tools, sark.h: cpu_state_e, vcpu_t). */
#define MONITOR_STATE      (0x7000 + 46) /* in system RAM */
#define CPU_STATE_LAST_BAD 3             /* dead, powered down, run-time error, watchdog */

static bool is_known_dead(void) {
    return machine->root->sysram[MONITOR_STATE] <= CPU_STATE_LAST_BAD;
}

/* An abort or an undefined instruction ends SCAMP, on whatever chip; and if its vector has been written over, the core
 * goes on executing what is no code for ever, which only costs time. */
#define MODE_ABORT     0x17
#define MODE_UNDEFINED 0x1b

static bool is_any_astray(void) {
    for (unsigned i = 0; i < machine->chip_count; i++)
        for (unsigned k = 0; k < CORES_PER_CHIP; k++) {
            const struct arm_core *core = &machine->chip[i]->core[k].arm;
            if (!core->waiting && (core->mode == MODE_ABORT || core->mode == MODE_UNDEFINED))
                return true;
        }
    return false;
}

/* Where SCAMP 4.0.0 has its own IP address, and drops whatever is not for it. The words of a flood fill's block come
 * with a number of 8 bits, and the buffer for them has fewer: the word number 116 of a block that is too long is
 * written over the address (in ITCM, 0x2010 to 0x2062: no bound; 0x344a to 0x3458: the comparison). */
#define OWN_IP 0x778 /* in DTCM */

static bool is_deaf(void) {
    return knows_own_ip && memcmp(router_monitor(machine->root)->arm.dtcm + OWN_IP, machine->config.ip[0], 4) != 0;
}

/* How long the cores of the Ethernet chip have been executing, in cycles. */
static uint64_t busy_cycles(void) {
    uint64_t sum = 0;

    for (unsigned i = 0; i < CORES_PER_CHIP; i++)
        sum += machine->root->core[i].busy;
    return sum;
}

/* SCAMP has eight tags for messages that want an answer, and takes none beyond them. A mutant to a core that is not
 * there holds one until it times out, which is after 2.56 s as SpiNNMan wants it: most of what comes meanwhile would
 * be thrown away unread. */
static void open_tags(void) {
    uint8_t bytes[FUZZ_INPUT_BYTES];
    send(MUTANTS_PORT, SCP_PORT, bytes, request(commands[TAG_TIME_OUT], 0, bytes));
}

/* Whether a core has hardly slept. SCAMP sleeps when it has nothing to do; what was told to fill gigabytes does not,
 * nor does what is not SCAMP any more. */
static bool is_restless(uint64_t began, uint64_t busy_before) {
    return busy_cycles() - busy_before > (machine->now - began) / 10 * 9;
}

/* Ask, in vain, and say why: a firmware may be told to end itself, or what is not code may be executed; but a board
 * that rests and is silent all the same would be a fault of ours. */
static bool answers(void) {
    uint8_t question[FUZZ_INPUT_BYTES];

    fuzz_counters[ASKED]++;
    if (is_known_dead()) {
        fuzz_counters[ENDED]++;
        return false;
    }
    for (unsigned i = 0; i < QUESTION_TRIES; i++) {
        uint64_t began = machine->now, before = busy_cycles();
        uint64_t patience = i < 6 ? (uint64_t)QUESTION_FIRST << i : QUESTION_CYCLES;
        send(ASKER_PORT, SCP_PORT, question, request(commands[VERSION], 0, question));
        while (machine->now < began + patience) {
            machine_run(machine, machine->now + 10 * RUN_UNIT_CYCLES);
            if (collect()) {
                fuzz_counters[ANSWERED]++;
                open_tags();
                return true;
            }
            if (is_deaf()) {
                fuzz_counters[DEAF]++;
                return false;
            }
            if (is_known_dead() || (machine->now > began + QUESTION_BUSY && is_restless(began, before))) {
                fuzz_counters[is_known_dead() ? ENDED : ASTRAY]++;
                return false;
            }
        }
    }
    fuzz_counters[SILENT]++;
    return false;
}

/* A machine as it was when it had booted, on the engine that users have. What was translated for the one before is
 * taken over: it depends on the code alone, and would only be made anew. */
static void take_fresh_board(void) {
    const char *complaint;
    struct machine *fresh = machine_restore(booted, booted_length, &complaint);

    if (fresh == NULL)
        abort();
    for (unsigned i = 0; i < fresh->chip_count; i++)
        for (unsigned k = 0; k < CORES_PER_CHIP; k++)
            arm_use_translations(&fresh->chip[i]->core[k].arm, machine->translations);
    fresh->translations = machine->translations;
    machine->translations = NULL;
    machine_destroy(machine);
    machine = fresh;
    silent = spent = false;
    age = busy = 0;
}

/* Obey every seed, so that what SCAMP mostly executes is translated before the driver makes children of this process.
 * They share the memory for code, one after the other: what is there now must outlast them. */
static void warm_up(void) {
    static uint8_t bytes[FUZZ_INPUT_BYTES];

    for (unsigned round = 0; round < WARM_ROUNDS; round++)
        for (unsigned i = 0; fuzz_seed(i, bytes) > 0; i++)
            LLVMFuzzerTestOneInput(bytes, fuzz_seed(i, bytes));
    if (machine->translations != NULL)
        machine->translations->after_stubs = machine->translations->code.at;
    memset(fuzz_counters, 0, FUZZ_COUNTERS * sizeof *fuzz_counters);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    boot();
    open_tags();
    booted = machine_save(machine, &booted_length);
    if (booted == NULL)
        exit(EXIT_FAILURE);
    knows_own_ip = true;
    knows_own_ip = !is_deaf(); /* else it is another SCAMP */
    machine_set_engine(machine, ENGINE_BEST);
    warm_up();
    take_fresh_board();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
    if (length < 2)
        return 0;
    if (spent) /* only under libFuzzer, and while warming up: the driver takes a fresh process */
        take_fresh_board();
    uint64_t began = machine->now, before = busy_cycles();
    unsigned port = bytes[0] & OTHER_PORT ? SCP_PORT ^ bytes[1] : SCP_PORT;
    bool takes_more = send(MUTANTS_PORT, port, bytes + 2, length - 2);
    machine_run(machine, machine->now + (bytes[0] & LATER_MASK) * RUN_UNIT_CYCLES);
    collect();
    if (machine->now > began) /* else nothing can be said */
        busy = is_restless(began, before) ? busy + 1 : 0;
    bool astray = is_any_astray();
    /* A board that has lost its way is found out early: letting it execute rubbish only costs time. */
    if (++age % QUESTION_EVERY == 0 || !takes_more || busy > BUSY_WELL || astray || is_known_dead()) {
        busy = 0;
        silent = !answers();
        spent = silent || astray || age >= OLD_AGE || machine_statistics(machine).cores_awake > AWAKE_WELL;
    }
    return 0;
}

bool fuzz_is_spent(void) {
    return spent;
}
