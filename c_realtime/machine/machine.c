#include "machine.h"

#include <stdlib.h>
#include <string.h>

/* ---- which chips there are, and which links join them ---- */

/* Link i leads from (x, y) to (x + dx[i], y + dy[i]): east, north-east, north, west, south-west, south. */
static const int link_dx[LINKS_PER_CHIP] = {1, 1, 0, -1, -1, 0};
static const int link_dy[LINKS_PER_CHIP] = {0, 1, 1, 0, -1, -1};

/* The hexagonal outline of a SpiNN-5: in column x, rows from spinn5_first[x] for spinn5_rows[x] chips. */
static const unsigned spinn5_first[8] = {0, 0, 0, 0, 0, 1, 2, 3};
static const unsigned spinn5_rows[8] = {4, 5, 6, 7, 8, 7, 6, 5};

static bool chip_exists(enum machine_board board, unsigned x, unsigned y) {
    if (board == BOARD_SPINN3)
        return x < 2 && y < 2;
    return x < 8 && y >= spinn5_first[x] && y < spinn5_first[x] + spinn5_rows[x];
}

/* Eight chips of a SpiNN-5 have 17 working cores (SpiNNMachine's picture of the board). */
static uint32_t working_cores(enum machine_board board, unsigned x, unsigned y) {
    static const unsigned with_17[8][2] = {{1, 1}, {1, 3}, {3, 1}, {3, 3}, {3, 5}, {5, 2}, {5, 4}, {5, 6}};
    uint32_t all = (1u << CORES_PER_CHIP) - 1;

    if (board == BOARD_SPINN5)
        for (unsigned i = 0; i < 8; i++)
            if (with_17[i][0] == x && with_17[i][1] == y)
                return all >> 1;
    return all;
}

static struct chip *neighbour_of(const struct machine *machine, enum machine_board board, const struct chip *chip,
                                 unsigned link) {
    int x = (int)chip->x + link_dx[link], y = (int)chip->y + link_dy[link];

    if (board == BOARD_SPINN3) {
        /* Four chips in a ring in both directions, but four of the links that would wrap east to west are not wired. */
        if ((chip->x == 0 && (link == 3 || link == 4)) || (chip->x == 1 && (link == 0 || link == 1)))
            return NULL;
        return machine->at[(unsigned)x & 1][(unsigned)y & 1];
    }
    if (x < 0 || y < 0 || x >= MACHINE_MAX_SIDE || y >= MACHINE_MAX_SIDE)
        return NULL;
    return machine->at[x][y];
}

/* ---- life ---- */

/* Locally administered addresses; nothing outside the machine sees them. */
static const uint8_t board_mac[6] = {0x02, 0x53, 0x4c, 0x00, 0x00, 0x01};

static bool add_chips(struct machine *machine, const struct machine_config *config) {
    for (unsigned x = 0; x < MACHINE_MAX_SIDE; x++)
        for (unsigned y = 0; y < MACHINE_MAX_SIDE; y++) {
            struct bootrom_settings settings = {.hardware_version = config->board, .netmask = {255, 255, 255, 0}};
            if (!chip_exists(config->board, x, y))
                continue;
            if (x == 0 && y == 0) {
                settings.has_ethernet = true;
                memcpy(settings.mac, board_mac, sizeof settings.mac);
                memcpy(settings.ip, config->ip, sizeof settings.ip);
                memcpy(settings.gateway, config->ip, sizeof settings.gateway);
            }
            struct chip *chip = chip_create(x, y, working_cores(config->board, x, y), &settings);
            if (chip == NULL)
                return false;
            machine->chip[machine->chip_count++] = machine->at[x][y] = chip;
        }
    return true;
}

/* The fast engine, where it is wanted and to be had; false if it must be and is not. */
static bool choose_engine(struct machine *machine, enum machine_engine engine) {
    if (engine == ENGINE_PLAIN)
        return true;
    machine->translations = arm_translations_create();
    for (unsigned i = 0; i < machine->chip_count; i++)
        for (unsigned k = 0; k < CORES_PER_CHIP; k++)
            arm_use_translations(&machine->chip[i]->core[k].arm, machine->translations);
    return machine->translations != NULL || engine != ENGINE_FAST;
}

struct machine *machine_create(const struct machine_config *config) {
    struct machine *machine = calloc(1, sizeof *machine);

    if (machine == NULL)
        return NULL;
    memcpy(machine->ip, config->ip, sizeof machine->ip);
    if (!add_chips(machine, config) || !choose_engine(machine, config->engine)) {
        machine_destroy(machine);
        return NULL;
    }
    for (unsigned i = 0; i < machine->chip_count; i++)
        for (unsigned link = 0; link < LINKS_PER_CHIP; link++)
            machine->chip[i]->neighbour[link] = neighbour_of(machine, config->board, machine->chip[i], link);
    machine->ethernet = machine->at[0][0];
    return machine;
}

void machine_destroy(struct machine *machine) {
    for (unsigned i = 0; i < machine->chip_count; i++)
        chip_destroy(machine->chip[i]);
    arm_translations_destroy(machine->translations);
    free(machine);
}

void machine_boot(struct machine *machine, const uint8_t *image, uint32_t length) {
    bootrom_start(machine->ethernet, image, length);
}

/* A system variable by which SCAMP tells how far it has come (spinnaker_tools, sark.h: sv->netinit_phase). */
#define NETINIT_PHASE      0x7f2d
#define NETINIT_PHASE_DONE 0xff

bool machine_is_up(const struct machine *machine) {
    return machine->ethernet->sysram[NETINIT_PHASE] == NETINIT_PHASE_DONE;
}

/* ---- time ---- */

uint64_t machine_next_event(const struct machine *machine) {
    uint64_t next = NEVER;

    for (unsigned i = 0; i < machine->chip_count; i++) {
        const struct chip *chip = machine->chip[i];
        if (chip->awake)
            return machine->now;
        if (chip->next_event < next)
            next = chip->next_event;
    }
    return next > machine->now ? next : machine->now;
}

uint64_t machine_next_outward_event(const struct machine *machine) {
    uint64_t next = ethernet_next_departure(machine->ethernet);

    for (unsigned i = 0; i < machine->chip_count; i++) {
        struct chip *chip = machine->chip[i];
        const struct processor *monitor = router_monitor(chip);
        if (chip->awake)
            return machine->now;
        for (unsigned k = 0; k < CORES_PER_CHIP; k++) {
            const struct processor *core = &chip->core[k];
            if (core != monitor && processor_is_running(core) && core->next_event < next)
                next = core->next_event;
        }
    }
    return next > machine->now ? next : machine->now;
}

static uint64_t grid_below(uint64_t time) {
    return time - time % MACHINE_WINDOW_CYCLES;
}

void machine_run(struct machine *machine, uint64_t until) {
    while (machine->now < until) {
        uint64_t next = machine_next_event(machine), end = machine->now + MACHINE_WINDOW_CYCLES;

        if (next >= end) { /* everybody sleeps: go on at the window in which the first of them wakes */
            uint64_t target = grid_below(next < until ? next : until + MACHINE_WINDOW_CYCLES - 1);
            machine->now = target;
            continue;
        }
        for (unsigned i = 0; i < machine->chip_count; i++) {
            struct chip *chip = machine->chip[i];
            chip->time = machine->now;
            if (chip->awake || chip->next_event < end)
                chip_run(chip, end);
        }
        machine->now = end;
        arm_translations_tidy(machine->translations);
    }
}

/* ---- what there is to tell ---- */

struct machine_statistics machine_statistics(const struct machine *machine) {
    struct machine_statistics statistics = {
        .datagrams_in = machine->datagrams_in,
        .datagrams_out = machine->datagrams_out,
        .datagrams_dropped = machine->datagrams_dropped,
        .chips = machine->chip_count,
    };
    for (unsigned i = 0; i < machine->chip_count; i++)
        for (unsigned k = 0; k < CORES_PER_CHIP; k++) {
            const struct processor *core = &machine->chip[i]->core[k];
            statistics.instructions += core->arm.instructions;
            statistics.packets_sent += core->comms.sent;
            statistics.packets_received += core->comms.received;
            statistics.packets_dropped += core->comms.dropped;
            statistics.packets_timed_out += core->comms.timed_out;
            statistics.cores_awake += processor_is_running(core) && !core->arm.waiting;
        }
    return statistics;
}
