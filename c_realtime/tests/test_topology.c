/* Boards and machines of boards: which chips, which links, which Ethernets. */
#include "check.h"

static unsigned count_links(const struct machine *machine) {
    unsigned links = 0;
    for (unsigned i = 0; i < machine->chip_count; i++)
        for (unsigned link = 0; link < LINKS_PER_CHIP; link++)
            links += machine->chip[i]->neighbour[link] != NULL;
    return links;
}

/* Whoever goes out by a link comes back by the opposite one. */
static void check_ways_back(const struct machine *machine) {
    for (unsigned i = 0; i < machine->chip_count; i++)
        for (unsigned link = 0; link < LINKS_PER_CHIP; link++) {
            const struct chip *chip = machine->chip[i], *neighbour = chip->neighbour[link];
            CHECK(neighbour == NULL || neighbour->neighbour[(link + 3) % LINKS_PER_CHIP] == chip);
        }
}

static struct machine *machine_of(enum machine_board board, unsigned boards) {
    struct machine_config config = {.board = board, .boards = boards};
    for (unsigned i = 0; i < boards; i++)
        memcpy(config.ip[i], (uint8_t[]){127, 0, 0, (uint8_t)(2 + i)}, 4);
    struct machine *machine = machine_create(&config);
    CHECK(machine != NULL);
    check_ways_back(machine);
    return machine;
}

static void single_boards(void) {
    struct machine *machine = machine_of(BOARD_SPINN3, 1);
    CHECK_EQUAL(machine->chip_count, 4);
    CHECK_EQUAL(count_links(machine), 4 * 6 - 8);
    machine_destroy(machine);

    machine = machine_of(BOARD_SPINN5, 1);
    unsigned cores = 0;
    for (unsigned i = 0; i < machine->chip_count; i++)
        cores += (unsigned)__builtin_popcount(machine->chip[i]->sysctl.cpu_ok);
    CHECK_EQUAL(machine->chip_count, 48);
    CHECK_EQUAL(cores, 856);
    CHECK_EQUAL(count_links(machine), 240);
    machine_destroy(machine);
}

/* Three boards fill the 12 x 12 torus: every chip is there once and has six neighbours. */
static void a_triad(void) {
    struct machine *machine = machine_of(BOARD_SPINN5, 3);

    CHECK_EQUAL(machine->chip_count, 144);
    CHECK_EQUAL(count_links(machine), 144 * 6);
    for (unsigned x = 0; x < 12; x++)
        for (unsigned y = 0; y < 12; y++)
            CHECK(machine->at[x][y] != NULL && machine->at[x][y]->x == x && machine->at[x][y]->y == y);
    CHECK(machine->at[0][0]->neighbour[3] == machine->at[11][0]);
    CHECK(machine->at[11][11]->neighbour[1] == machine->at[0][0]);

    static const unsigned ethernets[3][2] = {{0, 0}, {4, 8}, {8, 4}};
    for (unsigned i = 0; i < 3; i++) {
        CHECK(machine->ethernet[i] == machine->at[ethernets[i][0]][ethernets[i][1]]);
        CHECK_EQUAL(machine->ethernet[i]->bootrom.settings.ip[3], 2 + i);
    }
    unsigned with_ethernet = 0;
    for (unsigned i = 0; i < machine->chip_count; i++)
        with_ethernet += machine->chip[i]->bootrom.settings.has_ethernet;
    CHECK_EQUAL(with_ethernet, 3);
    machine_destroy(machine);
}

/* Without making them: every place of the torus belongs to exactly one board. */
static void larger_ones(void) {
    static const unsigned boards[] = {6, 12, 24};

    for (unsigned i = 0; i < 3; i++) {
        static bool taken[MACHINE_MAX_SIDE][MACHINE_MAX_SIDE];
        struct topology topology;
        unsigned x, y, chips = 0;
        uint32_t cores;

        memset(taken, 0, sizeof taken);
        CHECK(topology_make(BOARD_SPINN5, boards[i], &topology));
        for (unsigned board = 0; board < boards[i]; board++)
            for (unsigned number = 0; topology_chip(&topology, board, number, &x, &y, &cores); number++, chips++) {
                CHECK(x < topology.width && y < topology.height && !taken[x][y]);
                taken[x][y] = true;
            }
        CHECK_EQUAL(chips, 48 * boards[i]);
        CHECK_EQUAL(chips, topology.width * topology.height);
    }
}

static void what_does_not_exist(void) {
    struct topology topology;

    CHECK(!topology_make(BOARD_SPINN3, 3, &topology));
    CHECK(!topology_make(BOARD_SPINN5, 0, &topology));
    CHECK(!topology_make(BOARD_SPINN5, 2, &topology));
    CHECK(!topology_make(BOARD_SPINN5, 25, &topology));
}

int main(void) {
    single_boards();
    a_triad();
    larger_ones();
    what_does_not_exist();
    return EXIT_SUCCESS;
}
