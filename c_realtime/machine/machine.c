#include "machine.h"

#include <stdlib.h>
#include <string.h>

#include "crew.h"
#include "lan.h"

/* ---- life ---- */

/* Locally administered addresses; nothing outside the machine sees them. The last byte is the board's number. */
static const uint8_t board_mac[6] = {0x02, 0x53, 0x4c, 0x00, 0x01, 0x00};

static bool add_board(struct machine *machine, unsigned board) {
    const struct machine_config *config = &machine->config;
    unsigned x, y;
    uint32_t cores;

    for (unsigned number = 0; topology_chip(&machine->topology, board, number, &x, &y, &cores); number++) {
        struct bootrom_settings settings = {.hardware_version = config->board, .netmask = {255, 255, 255, 0}};
        if (number == 0) { /* the board's own 0, 0 */
            settings.has_ethernet = true;
            memcpy(settings.mac, board_mac, sizeof settings.mac);
            settings.mac[5] = (uint8_t)board;
            memcpy(settings.ip, config->ip[board], sizeof settings.ip);
            memcpy(settings.gateway, config->ip[board], sizeof settings.gateway);
        }
        struct chip *chip = chip_create(x, y, cores, &settings);
        if (chip == NULL)
            return false;
        chip->number = machine->chip_count;
        chip->clock = &machine->now;
        machine->due[chip->number] = *chip->due;
        chip->due = &machine->due[chip->number];
        machine->chip[machine->chip_count++] = machine->at[x][y] = chip;
        if (number == 0)
            machine->ethernet[board] = chip;
    }
    return true;
}

static void join_links(struct machine *machine) {
    for (unsigned i = 0; i < machine->chip_count; i++)
        for (unsigned link = 0; link < LINKS_PER_CHIP; link++) {
            struct chip *chip = machine->chip[i];
            unsigned x, y;
            if (topology_neighbour(&machine->topology, chip->x, chip->y, link, &x, &y))
                chip->neighbour[link] = machine->at[x][y];
        }
}

struct machine *machine_create(const struct machine_config *config) {
    struct machine *machine = calloc(1, sizeof *machine);

    if (machine == NULL)
        return NULL;
    machine->config = *config;
    if (machine->config.boards == 0)
        machine->config.boards = 1;
    bool whole =
        faults_init(&machine->faults) && topology_make(config->board, machine->config.boards, &machine->topology);
    for (unsigned board = 0; whole && board < machine->config.boards; board++)
        whole = add_board(machine, board);
    if (!whole) {
        machine_destroy(machine);
        return NULL;
    }
    join_links(machine);
    machine->root = machine->ethernet[0];
    return machine;
}

void machine_destroy(struct machine *machine) {
    if (machine == NULL)
        return;
    crew_destroy(machine->crew);
    for (unsigned i = 0; i < machine->chip_count; i++)
        chip_destroy(machine->chip[i]);
    arm_translations_destroy(machine->translations);
    faults_destroy(&machine->faults);
    free(machine->sent);
    free(machine);
}

bool machine_set_threads(struct machine *machine, unsigned threads) {
    crew_destroy(machine->crew);
    machine->crew = NULL;
    if (threads < 2)
        return true;
    machine->crew = crew_create(threads);
    return machine->crew != NULL;
}

bool machine_set_engine(struct machine *machine, enum machine_engine engine) {
    struct arm_translations *translations = NULL;

    if (engine != ENGINE_PLAIN)
        translations = arm_translations_create();
    if (engine == ENGINE_FAST && translations == NULL)
        return false;
    for (unsigned i = 0; i < machine->chip_count; i++)
        for (unsigned k = 0; k < CORES_PER_CHIP; k++)
            arm_use_translations(&machine->chip[i]->core[k].arm, translations);
    arm_translations_destroy(machine->translations);
    machine->translations = translations;
    return true;
}

void machine_boot(struct machine *machine, const uint8_t *image, uint32_t length) {
    bootrom_start(machine->root, image, length);
}

void machine_reset_board(struct machine *machine, unsigned board, enum reset_code code) {
    unsigned chips = machine->chip_count / machine->config.boards; /* they come board by board */

    for (unsigned i = board * chips; i < (board + 1) * chips; i++)
        chip_reset(machine->chip[i], code);
}

/* A system variable by which SCAMP tells how far it has come (spinnaker_tools, sark.h: sv->netinit_phase). */
#define NETINIT_PHASE      0x7f2d
#define NETINIT_PHASE_DONE 0xff

bool machine_is_up(const struct machine *machine) {
    return machine->root->sysram[NETINIT_PHASE] == NETINIT_PHASE_DONE;
}

/* ---- time ---- */

/* When the network is next to do something by itself. */
static uint64_t next_on_the_network(const struct machine *machine) {
    uint64_t departure = lan_next_departure(machine);
    return departure < machine->faults.next_due ? departure : machine->faults.next_due;
}

uint64_t machine_next_event(const struct machine *machine) {
    uint64_t next = next_on_the_network(machine);

    for (unsigned i = 0; i < machine->chip_count; i++)
        if (machine->due[i] < next)
            next = machine->due[i];
    return next > machine->now ? next : machine->now;
}

uint64_t machine_next_outward_event(const struct machine *machine) {
    uint64_t next = next_on_the_network(machine);

    if (machine->sent_head != machine->sent_tail)
        return machine->now;
    for (unsigned i = 0; i < machine->chip_count; i++)
        if (machine->due[i] <= machine->now)
            return machine->now;
    for (unsigned i = 0; i < machine->chip_count; i++) {
        struct chip *chip = machine->chip[i];
        unsigned monitor = router_monitor(chip)->index;
        for (unsigned k = 0; k < CORES_PER_CHIP; k++)
            if (k != monitor && chip->wake_at[k] < next)
                next = chip->wake_at[k];
    }
    return next > machine->now ? next : machine->now;
}

static uint64_t grid_below(uint64_t time) {
    return time - time % MACHINE_WINDOW_CYCLES;
}

static void run_window(struct machine *machine, uint64_t end) {
    unsigned count = 0;

    for (unsigned i = 0; i < machine->chip_count; i++)
        if (machine->due[i] < end)
            machine->busy[count++] = machine->chip[i];
    if (machine->crew != NULL)
        crew_run(machine->crew, machine->busy, count, end);
    else
        for (unsigned i = 0; i < count; i++)
            chip_run(machine->busy[i], end);
    machine->now = end; /* what reaches chips from others reaches them now */
    fabric_deliver(machine->busy, count, machine->chip_count, end);
}

/* One window; or on, until the window in which the first of those wakes who all sleep, but not past `last`. */
static void advance(struct machine *machine, uint64_t last) {
    uint64_t next = machine_next_event(machine), end = machine->now + MACHINE_WINDOW_CYCLES;

    if (next >= end) {
        machine->now = next < last ? grid_below(next) : last;
        return;
    }
    run_window(machine, end);
    lan_carry(machine);
    arm_translations_tidy(machine->translations);
    faults_advance(machine);
}

static uint64_t grid_above(uint64_t time) {
    return grid_below(time + MACHINE_WINDOW_CYCLES - 1);
}

void machine_run(struct machine *machine, uint64_t until) {
    for (uint64_t last = grid_above(until); machine->now < last;)
        advance(machine, last);
}

void machine_run_to_output(struct machine *machine, uint64_t until) {
    for (uint64_t last = grid_above(until); machine->now < last && machine->sent_head == machine->sent_tail;)
        advance(machine, last);
}

/* ---- what there is to tell ---- */

struct machine_statistics machine_statistics(const struct machine *machine) {
    struct machine_statistics statistics = {
        .datagrams_in = machine->datagrams_in,
        .datagrams_out = machine->datagrams_out,
        .datagrams_dropped = machine->datagrams_dropped,
        .chips = machine->chip_count,
    };
    for (unsigned i = 0; i < machine->chip_count; i++) {
        statistics.packets_timed_out += machine->chip[i]->router.dumped;
        statistics.packets_dropped += machine->chip[i]->router.aged;
        for (unsigned k = 0; k < CORES_PER_CHIP; k++) {
            const struct processor *core = &machine->chip[i]->core[k];
            statistics.instructions += core->arm.instructions;
            statistics.packets_sent += core->comms.sent;
            statistics.packets_received += core->comms.received;
            statistics.packets_dropped += core->comms.unheard;
            statistics.cores_awake += processor_is_running(core) && !core->arm.waiting;
        }
    }
    return statistics;
}
