/* The MAC and the network around it: datagrams in and out, ARP, pacing on the wire, and rubbish. */
#include "../machine/lan.h"
#include "check.h"

enum {
    TX_RAM = 0x0000,
    RX_RAM = 0x4000,
    DESCRIPTOR = 0x8000,
    STATUS = 0xc004,
    TX_LENGTH = 0xc008,
    TX = 0xc00c,
    RX_DONE = 0xc010
};

static struct machine *machine;

static struct chip *root(void) {
    return machine->root;
}

static uint8_t in_receive_ram(unsigned offset) {
    return (uint8_t)(ethernet_read(root(), RX_RAM + (offset & ~3u)) >> 8 * (offset & 3));
}

static void transmit(const uint8_t *frame, uint32_t length) {
    for (uint32_t i = 0; i < length; i++)
        ethernet_write(root(), TX_RAM + i, 1, frame[i]);
    ethernet_write(root(), TX_LENGTH, 4, length);
    ethernet_write(root(), TX, 4, length);
}

static void pass(uint64_t cycles) {
    machine->now += cycles;
    lan_carry(machine);
}

int main(void) {
    machine = new_machine(BOARD_SPINN3);
    struct datagram datagram = {.remote_ip = {10, 1, 2, 3}, .remote_port = 0x1234, .board_port = 17893, .length = 5};
    struct datagram out;

    memcpy(datagram.bytes, "hello", 5);
    CHECK(!machine_input(machine, &datagram)); /* an unbooted board hears only boot packets */
    root()->bootrom.finished = true;
    root()->core[0].state = PROCESSOR_RUNNING;
    root()->core[0].clocked = true;

    CHECK(machine_input(machine, &datagram));
    CHECK(root()->core[0].vic.lines & VIC_ETHERNET_RX);
    CHECK_EQUAL(ethernet_read(root(), STATUS), 1 << 1);
    CHECK_EQUAL(ethernet_read(root(), DESCRIPTOR), 60 + 4); /* padded to the shortest frame, and the check sequence */
    CHECK_EQUAL(in_receive_ram(12) << 8 | in_receive_ram(13), 0x0800);
    CHECK_EQUAL(in_receive_ram(23), 17);
    CHECK_EQUAL(in_receive_ram(26), 10);
    CHECK_EQUAL(in_receive_ram(30), 127);
    CHECK_EQUAL(in_receive_ram(34) << 8 | in_receive_ram(35), 0x1234);
    CHECK_EQUAL(in_receive_ram(38) << 8 | in_receive_ram(39), 8 + 5);
    CHECK_EQUAL(in_receive_ram(42), 'h');

    /* The next frame waits until this one is discarded. */
    datagram.bytes[0] = 'j';
    CHECK(machine_input(machine, &datagram));
    CHECK_EQUAL(in_receive_ram(42), 'h');
    ethernet_write(root(), RX_DONE, 4, 0);
    CHECK_EQUAL(in_receive_ram(42), 'j');
    ethernet_write(root(), RX_DONE, 4, 0);
    CHECK_EQUAL(ethernet_read(root(), STATUS), 0);
    CHECK(!(root()->core[0].vic.lines & VIC_ETHERNET_RX));

    /* Full is full, and said so. */
    unsigned taken = 0;
    while (machine_has_room(machine, 0) && taken < 1000)
        taken += machine_input(machine, &datagram);
    CHECK(taken > 32 && taken < 100);
    datagram.length = DATAGRAM_BYTES + 1;
    CHECK(!machine_input(machine, &datagram));

    /* Out: a datagram leaves after its time on the wire, not before. */
    static const uint8_t udp[60] = {[12] = 0x08,  [14] = 0x45, [17] = 20 + 8 + 3, [23] = 17,   [30] = 127,
                                    [33] = 1,     [34] = 0x45, [35] = 0xe5,       [36] = 0x30, [37] = 0x39,
                                    [39] = 8 + 3, [42] = 'a',  [43] = 'b',        [44] = 'c'};
    transmit(udp, sizeof udp);
    CHECK(!machine_output(machine, &out));
    pass((60 + ETHERNET_OVERHEAD_BYTES) * ETHERNET_CYCLES_PER_BYTE + ETHERNET_LATENCY_CYCLES - 1);
    CHECK(!machine_output(machine, &out));
    pass(1);
    CHECK(machine_output(machine, &out));
    CHECK_EQUAL(out.board_port, 17893);
    CHECK_EQUAL(out.remote_port, 12345);
    CHECK_EQUAL(out.remote_ip[0], 127);
    CHECK_EQUAL(out.length, 3);
    CHECK(memcmp(out.bytes, "abc", 3) == 0);
    CHECK(!machine_output(machine, &out));

    /* A run that is to stop for it stops in the window in which it leaves, and goes on when it has been taken. */
    const uint64_t start = machine->now, end = start + CPU_HZ;
    transmit(udp, sizeof udp);
    machine_run_to_output(machine, end);
    const uint64_t left = machine->now;
    CHECK(left > start && left <= start + 60 * CYCLES_PER_US);
    machine_run_to_output(machine, end);
    CHECK_EQUAL(machine->now, left);
    CHECK(machine_output(machine, &out));
    machine_run_to_output(machine, end);
    CHECK(machine->now >= end);

    /* ARP is answered by the network, and is no datagram. */
    uint32_t waiting = root()->ethernet.incoming_tail;
    static const uint8_t arp[60] = {[12] = 0x08, [13] = 0x06, [15] = 1,   [16] = 8, [18] = 6,
                                    [19] = 4,    [21] = 1,    [38] = 127, [41] = 9};
    transmit(arp, sizeof arp);
    pass(CPU_HZ);
    CHECK(!machine_output(machine, &out));
    CHECK_EQUAL(root()->ethernet.incoming_tail, waiting + 1);
    const uint8_t *reply = root()->ethernet.incoming[waiting % ETHERNET_BACKLOG].bytes;
    CHECK_EQUAL(reply[21], 2);
    CHECK_EQUAL(reply[28], 127); /* the address asked for is the sender's now */
    CHECK_EQUAL(reply[31], 9);

    /* Rubbish of every length and with every length field comes to nothing. */
    srand(1);
    for (unsigned i = 0; i < 20000; i++) {
        uint8_t frame[ETHERNET_FRAME_BYTES];
        uint32_t length = (uint32_t)rand() % (i % 2 ? 70 : ETHERNET_FRAME_BYTES + 1);
        for (uint32_t k = 0; k < length; k++)
            frame[k] = i % 3 && k < sizeof udp ? udp[k] : (uint8_t)rand();
        if (length > 40)
            frame[14 + rand() % 26] = (uint8_t)rand();
        transmit(frame, length);
        pass(CPU_HZ / 1000);
        while (machine_output(machine, &out))
            CHECK(out.length <= DATAGRAM_BYTES);
    }
    ethernet_write(root(), TX_LENGTH, 4, 0xffffffffu);
    ethernet_write(root(), TX, 4, 0);
    pass(CPU_HZ);
    CHECK(!machine_output(machine, &out));

    /* A transmitter that is far behind says that it is busy. */
    for (unsigned i = 0; i < ETHERNET_OUTGOING / 2; i++) {
        CHECK_EQUAL(ethernet_read(root(), STATUS) & 1, 0);
        transmit(udp, sizeof udp);
    }
    CHECK_EQUAL(ethernet_read(root(), STATUS) & 1, 1);
    machine_destroy(machine);
    return EXIT_SUCCESS;
}
