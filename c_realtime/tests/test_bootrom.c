/* The boot ROM: images over UDP and from a neighbour, and boot packets that make no sense. */
#include "check.h"

static void send(struct machine *machine, uint32_t operation, uint32_t operand1, uint32_t operand3, const uint8_t *data,
                 uint32_t length) {
    struct datagram datagram = {.board_port = BOOT_UDP_PORT, .length = 18 + length};
    uint8_t *b = datagram.bytes;

    b[1] = 1;
    b[5] = (uint8_t)operation;
    b[6] = (uint8_t)(operand1 >> 24);
    b[7] = (uint8_t)(operand1 >> 16);
    b[8] = (uint8_t)(operand1 >> 8);
    b[9] = (uint8_t)operand1;
    b[17] = (uint8_t)operand3;
    if (length)
        memcpy(b + 18, data, length);
    machine_input(machine, &datagram);
}

int main(void) {
    struct machine *machine = new_machine(BOARD_SPINN3);
    struct chip *root = machine->root, *neighbour = root->neighbour[0];
    uint8_t data[1024], noise[1472];

    /* Rubbish first: nothing starts and nothing breaks. */
    srand(2);
    for (unsigned i = 0; i < 50000; i++) {
        struct datagram datagram = {.board_port = BOOT_UDP_PORT, .length = (uint32_t)rand() % (DATAGRAM_BYTES + 1)};
        for (unsigned k = 0; k < datagram.length && k < 64; k++)
            datagram.bytes[k] = k == 1 || k == 5 ? (uint8_t)(rand() % 6) : k < 5 ? 0 : (uint8_t)rand();
        if (datagram.bytes[5] == 5)
            datagram.bytes[9] = 0; /* not this time */
        machine_input(machine, &datagram);
    }
    CHECK(bootrom_is_active(root));
    memset(noise, 0xff, sizeof noise);
    root->bootrom.blocks = 0;
    send(machine, 5, 1, 0, NULL, 0);
    CHECK(bootrom_is_active(root)); /* "run" without a "start" before it */

    /* Two blocks of words, bytes reversed; a block past the end of the image is left out. */
    for (unsigned i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)i;
    send(machine, 1, 0, 1, NULL, 0);
    send(machine, 3, 0xff00, 0, data, sizeof data);
    send(machine, 3, 0xff01, 0, data, 172);
    send(machine, 3, 0xffff, 0, noise, 1024);
    send(machine, 5, 1, 0, NULL, 0);
    CHECK(!bootrom_is_active(root));
    CHECK(processor_is_running(&root->core[0]));
    CHECK(!processor_is_running(&root->core[1]));
    CHECK_EQUAL(root->core[0].arm.pc, 0);
    CHECK_EQUAL(root->core[0].arm.itcm[0], 3);
    CHECK_EQUAL(root->core[0].arm.itcm[1024 + 4], 7);
    CHECK_EQUAL(root->core[0].arm.dtcm[0x8000 + 3], 0);
    CHECK_EQUAL(root->sysram[0x7fe0] | root->sysram[0x7fe1] << 8, 0x8031); /* SROM present, SpiNN-3, Ethernet */
    CHECK_EQUAL(root->sysram[0x7fe8], 127);                                /* the board's address */

    /* Once booted, boot packets are not for anybody. */
    send(machine, 5, 1, 0, NULL, 0);
    CHECK_EQUAL(root->core[0].arm.pc, 0);
    CHECK(machine->datagrams_dropped > 0);

    /* From a neighbour, word by word. */
    const uint32_t control = 2u << 22 | PACKET_HAS_PAYLOAD;
    CHECK(send_packet(machine, &root->core[0], control, 0x11223344, 0x03000000 | 2 << 8));
    CHECK(send_packet(machine, &root->core[0], control, 0x11223344, 0x03ff0000 | 0xff00)); /* past the end */
    CHECK(bootrom_is_active(neighbour));
    CHECK(send_packet(machine, &root->core[0], control, 0, 0x05000100));
    CHECK(!bootrom_is_active(neighbour));
    CHECK_EQUAL(neighbour->core[0].arm.itcm[8], 0x44);
    CHECK_EQUAL(neighbour->sysram[0x7fe0], 0); /* no serial ROM on this chip */
    machine_destroy(machine);
    return EXIT_SUCCESS;
}
