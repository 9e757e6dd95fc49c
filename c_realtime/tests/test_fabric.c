/* The fabric: delivery at the window's end, order, back-pressure that holds nobody else up, turns, and long trees. */
#include "check.h"

enum { TXKEY = 0x08, RXKEY = 0x14 };

static struct machine *machine;

static void end_window(void) {
    machine->now += MACHINE_WINDOW_CYCLES;
    fabric_deliver(machine->chip, machine->chip_count, machine->chip_count, machine->now);
}

static void route(struct chip *chip, uint32_t entry, uint32_t key, uint32_t mask, uint32_t to) {
    router_write(chip, 0x4000 + 4 * entry, to);
    router_write(chip, 0x8000 + 4 * entry, key);
    router_write(chip, 0xc000 + 4 * entry, mask);
}

static uint32_t waiting(const struct processor *core) {
    return core->comms.tail - core->comms.head;
}

static void start(enum machine_board board) {
    machine = new_machine(board);
    for (unsigned i = 0; i < machine->chip_count; i++) {
        machine->chip[i]->bootrom.finished = true;
        for (unsigned k = 0; k < CORES_PER_CHIP; k++) {
            machine->chip[i]->core[k].state = PROCESSOR_RUNNING;
            machine->chip[i]->core[k].clocked = true;
        }
    }
}

static void held_back_alone(void) {
    start(BOARD_SPINN3);
    struct chip *a = machine->at[0][0], *b = machine->at[1][0];
    route(a, 0, 0x100, 0xffffff00, 1u << 0);       /* to the east, */
    route(b, 0, 0x100, 0xffffff00, 1u << (6 + 3)); /* core 3 there */
    route(a, 1, 0x200, 0xffffff00, 1u << (6 + 4));

    for (uint32_t i = 0; i < COMMS_HOLD_MARK + 2; i++)
        comms_write(&a->core[1], TXKEY, 0x100 + i);
    comms_write(&a->core[1], TXKEY, 0x200); /* behind the others of its core, though its own receiver is free */
    comms_write(&a->core[2], TXKEY, 0x201);
    CHECK_EQUAL(a->sending, 6);
    CHECK_EQUAL(waiting(&b->core[3]), 0);
    end_window();
    CHECK_EQUAL(a->sending, 2);
    CHECK_EQUAL(waiting(&b->core[3]), COMMS_HOLD_MARK);
    CHECK_EQUAL(waiting(&a->core[4]), 1);
    CHECK_EQUAL(comms_read(&a->core[4], RXKEY), 0x201);
    CHECK_EQUAL(*a->due, 0);
    for (uint32_t i = 0; i < COMMS_HOLD_MARK; i++) /* in the order in which they were sent */
        CHECK_EQUAL(comms_read(&b->core[3], RXKEY), 0x100 + i);
    end_window();
    CHECK_EQUAL(a->sending, 0);
    CHECK_EQUAL(waiting(&b->core[3]), 2);
    CHECK_EQUAL(comms_read(&a->core[4], RXKEY), 0x200);
    machine_destroy(machine);
}

/* Seventeen cores send all that they can to one, which takes one packet in each window: all get their turns. */
static void everybody_gets_a_turn(void) {
    enum { WINDOWS = 40 * CORES_PER_CHIP };
    unsigned taken[CORES_PER_CHIP] = {0};

    start(BOARD_SPINN3);
    struct chip *a = machine->at[0][0];
    route(a, 0, 0, 0, 1u << (6 + 0));
    for (unsigned i = 0; i < WINDOWS; i++) {
        for (unsigned k = 1; k < CORES_PER_CHIP; k++)
            while (a->core[k].comms.transmit_tail - a->core[k].comms.transmit_head < COMMS_TRANSMIT_SIZE)
                comms_write(&a->core[k], TXKEY, k);
        end_window();
        taken[comms_read(&a->core[0], RXKEY)]++;
    }
    for (unsigned k = 1; k < CORES_PER_CHIP; k++)
        CHECK(taken[k] > 20 && taken[k] < 80);
    machine_destroy(machine);
}

/* One tree through all 48 chips of a SpiNN-5, from column to column and up and down, with a receiver on each. */
static void long_tree(void) {
    start(BOARD_SPINN5);
    for (unsigned i = 0; i < machine->chip_count; i++) {
        struct chip *chip = machine->chip[i];
        uint32_t wired = 0;
        for (unsigned link = 0; link < LINKS_PER_CHIP; link++)
            wired |= chip->neighbour[link] != NULL ? 1u << link : 0;
        /* Along the diagonal from 0,0 to 7,7, and from it to the north and to the east. */
        uint32_t links = chip->x == chip->y ? 0x07 : chip->x > chip->y ? 1u << 0 : 1u << 2;
        route(chip, 0, 0x42, 0xffffffff, 1u << (6 + 2) | (links & wired));
    }
    comms_write(&machine->root->core[1], TXKEY, 0x42);
    end_window();
    for (unsigned i = 0; i < machine->chip_count; i++)
        CHECK_EQUAL(waiting(&machine->chip[i]->core[2]), 1);
    machine_destroy(machine);
}

int main(void) {
    held_back_alone();
    everybody_gets_a_turn();
    long_tree();
    return EXIT_SUCCESS;
}
