/* The router, over the links of a SpiNN-3: multicast trees, default routing, point to point, nearest neighbour with
 * peek and poke, fixed route, and the diagnostic counters under SCAMP's filters. */
#include "check.h"

static struct machine *machine;

static struct packet last(const struct processor *core) {
    CHECK(core->comms.tail != core->comms.head);
    return core->comms.queue[(core->comms.tail - 1) % COMMS_QUEUE_SIZE];
}

static uint32_t received(const struct processor *core) {
    return core->comms.tail - core->comms.head;
}

static void route(struct chip *chip, uint32_t entry, uint32_t key, uint32_t mask, uint32_t to) {
    router_write(chip, 0x4000 + 4 * entry, to);
    router_write(chip, 0x8000 + 4 * entry, key);
    router_write(chip, 0xc000 + 4 * entry, mask);
}

static bool send(struct chip *chip, unsigned core, uint32_t control, uint32_t payload, uint32_t key) {
    return send_packet(machine, &chip->core[core], control, payload, key);
}

int main(void) {
    machine = new_machine(BOARD_SPINN3);
    struct chip *a = machine->at[0][0], *b = machine->at[1][0], *c = machine->at[0][1], *d = machine->at[1][1];

    /* The links of the board: opposite ends agree, and four of the wraps are not wired. */
    unsigned wired = 0;
    for (unsigned i = 0; i < 4; i++)
        for (unsigned link = 0; link < LINKS_PER_CHIP; link++) {
            struct chip *chip = machine->chip[i], *other = chip->neighbour[link];
            if (other == NULL)
                continue;
            CHECK(other->neighbour[(link + 3) % LINKS_PER_CHIP] == chip);
            wired++;
        }
    CHECK_EQUAL(wired, 16);
    CHECK(a->neighbour[0] == b && a->neighbour[1] == d && a->neighbour[2] == c && a->neighbour[3] == NULL);

    for (unsigned i = 0; i < 4; i++)
        for (unsigned k = 0; k < CORES_PER_CHIP; k++) {
            machine->chip[i]->bootrom.finished = true;
            machine->chip[i]->core[k].state = PROCESSOR_RUNNING;
            machine->chip[i]->core[k].clocked = true;
        }

    /* A tree: two cores here, one over the east link; the first matching entry wins. */
    route(a, 0, 0x10, 0xfffffff0, 1u << (6 + 1) | 1u << (6 + 2) | 1u << 0);
    route(a, 1, 0x10, 0xffffff00, 1u << (6 + 3));
    route(b, 0, 0x10, 0xfffffff0, 1u << (6 + 5));
    CHECK(send(a, 4, 0, 0, 0x12));
    CHECK_EQUAL(received(&a->core[1]), 1);
    CHECK_EQUAL(received(&a->core[2]), 1);
    CHECK_EQUAL(received(&a->core[3]), 0);
    CHECK_EQUAL(last(&b->core[5]).control >> PACKET_SOURCE_SHIFT, 3); /* it came in from the west */

    /* A changed table counts at once, whatever was looked up before. */
    route(a, 0, 0x10, 0xfffffff0, 1u << (6 + 6));
    CHECK(send(a, 4, 0, 0, 0x12));
    CHECK_EQUAL(received(&a->core[6]), 1);

    /* Without an entry a packet goes straight on; without one where it began it is dropped. North twice is a ring. */
    route(a, 2, 0x40, 0xffffffff, 1u << 2);
    route(a, 3, 0x41, 0xffffffff, 1u << (6 + 7));
    CHECK(send(a, 4, 0, 0, 0x40)); /* a -> c, which has no entry, -> a, which sends it on: a loop that must end */
    uint32_t before = received(&a->core[7]);
    CHECK(send(c, 1, 0, 0, 0x41));
    CHECK_EQUAL(received(&a->core[7]), before); /* c dropped it: it began there */

    /* Entries that send a packet by every link that is wired, on every chip: it multiplies at each hop, and must still
     * end. */
    for (unsigned i = 0; i < 4; i++)
        route(machine->chip[i], 4, 0x50, 0xffffffff, machine->chip[i]->x == 0 ? 0x27 : 0x3c);
    CHECK(send(a, 4, 0, 0, 0x50));

    /* Point to point: by table to the monitor of the chip, with the sender's address and the sequence bits in the key.
     */
    router_write(a, 0x10000 + 4 * (0x0101 / 8), (0x00db6db6 & ~(7u << 3)) | 1u << 3); /* 1,1 by the north-east link */
    router_write(d, 0x10000 + 4 * (0x0101 / 8), 0x00db6db6 | 7u << 3);                /* 1,1 is here */
    comms_write(&a->core[0], 0x18, 0x07000000);
    CHECK(send(a, 0, 1u << 22 | PACKET_HAS_PAYLOAD, 99, 0x00020101));
    CHECK_EQUAL(last(&d->core[0]).key, 0x00020000);
    CHECK_EQUAL(last(&d->core[0]).payload, 99);
    uint32_t at_d = received(&d->core[0]);
    CHECK(send(a, 0, 1u << 22, 0, 0x0100)); /* no route to 1,0: dropped */
    CHECK_EQUAL(received(&d->core[0]), at_d);

    /* Nearest neighbour: to the neighbour's monitor; peek and poke do without it. */
    CHECK(send(a, 0, 2u << 22 | 0u << 18, 5, 0x01000000));
    CHECK_EQUAL(last(&b->core[0]).key, 0x01000000);
    CHECK_EQUAL(last(&b->core[0]).control >> PACKET_SOURCE_SHIFT, 3);
    memcpy(c->sdram + 0x80, &(uint32_t){0xcafe}, 4);
    CHECK(send(a, 0, 2u << 22 | PACKET_DIRECT | 2u << 18, 0, 0x60000080)); /* peek north */
    CHECK_EQUAL(last(&a->core[0]).payload, 0xcafe);
    CHECK_EQUAL(last(&a->core[0]).key, 0x60000081);
    CHECK(send(a, 0, 2u << 22 | PACKET_DIRECT | PACKET_HAS_PAYLOAD | 2u << 18, 0xbeef, 0xf5000010)); /* poke */
    CHECK_EQUAL(c->sysram[0x10] | c->sysram[0x11] << 8, 0xbeef);
    CHECK(send(a, 0, 2u << 22 | PACKET_DIRECT | 2u << 18, 0, 0xf2000000)); /* peek a device: the chip id */
    CHECK_EQUAL(last(&a->core[0]).payload, 0x59111012);
    CHECK(send(a, 0, 2u << 22 | 3u << 18, 0, 0)); /* nobody lives west: lost */

    /* Fixed route. */
    router_write(a, 0x84, 1u << (6 + 8));
    CHECK(send(a, 4, 3u << 22 | PACKET_HAS_PAYLOAD, 1, 2));
    CHECK_EQUAL(last(&a->core[8]).key, 2);

    /* Counters, with the filters that SCAMP sets: local multicast, multicast from outside, dropped multicast. */
    router_write(a, 0x200, 0x01fe7cf1);
    router_write(a, 0x204, 0x01febcf1);
    router_write(a, 0x220, 0x0001fcf1);
    router_write(b, 0x204, 0x01febcf1);
    router_write(a, 0x2c, 0xffffffff);
    router_write(b, 0x2c, 0xffffffff);
    route(a, 0, 0x10, 0xfffffff0, 1u << 0);
    CHECK(send(a, 4, 0, 0, 0x10));
    CHECK(send(a, 4, 0, 0, 0x7777));
    CHECK_EQUAL(router_read(a, 0x300), 1);
    CHECK_EQUAL(router_read(a, 0x304), 0);
    CHECK_EQUAL(router_read(a, 0x320), 1);
    CHECK_EQUAL(router_read(b, 0x304), 1);
    router_write(a, 0x2c, 0x0100ffff); /* clears counter 8 alone */
    CHECK_EQUAL(router_read(a, 0x320), 0);
    CHECK_EQUAL(router_read(a, 0x300), 1);
    router_write(a, 0x2c, 0); /* all counters off */
    CHECK(send(a, 4, 0, 0, 0x10));
    CHECK_EQUAL(router_read(a, 0x300), 1);
    machine_destroy(machine);
    return EXIT_SUCCESS;
}
