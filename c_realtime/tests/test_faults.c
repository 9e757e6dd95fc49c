/* Faults: what the words do, that wrong words do nothing and say why, and that a machine with faults is as
 * deterministic as one without. */
#include "check.h"

static void fault(struct machine *machine, const char *words) {
    char complaint[FAULT_COMPLAINT_BYTES] = "";
    if (!machine_fault(machine, words, complaint, sizeof complaint))
        fprintf(stderr, "%s: %s\n", words, complaint);
    CHECK_EQUAL(complaint[0], 0);
}

/* A machine whose root chip hears frames and does nothing with them. */
static struct machine *listening_machine(void) {
    struct machine *machine = new_machine(BOARD_SPINN3);
    machine->root->bootrom.finished = true;
    return machine;
}

static void send(struct machine *machine, uint8_t number) {
    struct datagram datagram = {.remote_ip = {127, 0, 0, 1}, .remote_port = 1, .board_port = 17893, .length = 1};
    datagram.bytes[0] = number;
    machine_input(machine, &datagram);
}

/* The first byte of the datagram in frame number `index` that the MAC has been given. */
static unsigned arrived(const struct machine *machine, unsigned index) {
    return machine->root->ethernet.incoming[index].bytes[42];
}

static uint64_t frames(const struct machine *machine) {
    return machine->root->ethernet.frames_in;
}

static void incoming(void) {
    struct machine *machine = listening_machine();

    fault(machine, "lose in 100 2");
    for (uint8_t i = 1; i <= 3; i++)
        send(machine, i);
    CHECK_EQUAL(frames(machine), 1);
    CHECK_EQUAL(arrived(machine, 0), 3);
    CHECK_EQUAL(machine->faults.fault[0].met, 3);
    CHECK_EQUAL(machine->faults.fault[0].done, 2);
    machine_destroy(machine);

    machine = listening_machine();
    fault(machine, "delay in 100 50 1");
    send(machine, 1);
    send(machine, 2);
    CHECK_EQUAL(frames(machine), 1);
    CHECK_EQUAL(machine_next_event(machine), 50 * CYCLES_PER_US);
    machine_run(machine, 49 * CYCLES_PER_US);
    CHECK_EQUAL(frames(machine), 1);
    machine_run(machine, 52 * CYCLES_PER_US);
    CHECK_EQUAL(frames(machine), 2);
    CHECK_EQUAL(arrived(machine, 1), 1);
    CHECK_EQUAL(machine->faults.next_due, NEVER);
    machine_destroy(machine);

    machine = listening_machine();
    fault(machine, "duplicate in 100 1");
    send(machine, 7);
    CHECK_EQUAL(frames(machine), 2);
    CHECK_EQUAL(arrived(machine, 1), 7);
    machine_destroy(machine);

    machine = listening_machine();
    fault(machine, "reorder in 100 1");
    send(machine, 1);
    CHECK_EQUAL(frames(machine), 0);
    send(machine, 2);
    CHECK_EQUAL(frames(machine), 2);
    CHECK_EQUAL(arrived(machine, 0), 2);
    CHECK_EQUAL(arrived(machine, 1), 1);
    fault(machine, "clear");
    fault(machine, "reorder in 100 1");
    send(machine, 3); /* nothing follows it */
    machine_run(machine, 10002 * CYCLES_PER_US);
    CHECK_EQUAL(frames(machine), 3);
    machine_destroy(machine);
}

/* An IP frame with one byte of UDP data leaves the root chip's MAC. */
static void transmit(struct machine *machine, uint8_t number) {
    uint8_t frame[60] = {[12] = 8, [14] = 0x45, [23] = 17, [34] = 0x45, [35] = 0xe5, [37] = 9, [39] = 9, [42] = number};
    for (unsigned i = 0; i < sizeof frame; i += 4) {
        uint32_t word;
        memcpy(&word, frame + i, 4);
        ethernet_write(machine->root, i, 4, word);
    }
    ethernet_write(machine->root, 0xc008, 4, sizeof frame);
    ethernet_write(machine->root, 0xc00c, 4, 1);
    machine_run(machine, machine->now + 200 * CYCLES_PER_US);
}

static void outgoing(void) {
    struct machine *machine = listening_machine();
    struct datagram datagram;

    fault(machine, "lose in 100");
    fault(machine, "lose out 100 1");
    fault(machine, "delay out 100 1000 1");
    transmit(machine, 1);
    transmit(machine, 2);
    transmit(machine, 3);
    CHECK(machine_output(machine, &datagram));
    CHECK_EQUAL(datagram.bytes[0], 3);
    CHECK(!machine_output(machine, &datagram));
    machine_run(machine, machine->now + 1000 * CYCLES_PER_US);
    CHECK(machine_output(machine, &datagram));
    CHECK_EQUAL(datagram.bytes[0], 2);
    CHECK(datagram.time <= machine->now && datagram.time >= 1000 * CYCLES_PER_US);
    machine_destroy(machine);
}

static void shares_and_seeds(void) {
    struct machine *one = listening_machine(), *same = listening_machine(), *other = listening_machine();

    fault(one, "lose in 25");
    fault(same, "lose in 25");
    fault(other, "seed 2");
    fault(other, "lose in 25");
    for (unsigned i = 0; i < 1000; i++) {
        send(one, 1);
        send(same, 1);
        send(other, 1);
    }
    uint64_t lost = one->faults.fault[0].done;
    CHECK(lost > 200 && lost < 300);
    CHECK_EQUAL(machine_hash(one), machine_hash(same));
    CHECK(machine_hash(one) != machine_hash(other));
    machine_destroy(one);
    machine_destroy(same);
    machine_destroy(other);
}

static void a_snapshot_keeps_them(void) {
    struct machine *machine = listening_machine();
    const char *complaint;
    size_t length;

    fault(machine, "delay in 50 300");
    fault(machine, "kill link 0,0,2");
    fault(machine, "kill core 1,1,3");
    fault(machine, "drop 0,1,5 10 7");
    for (unsigned i = 0; i < 20; i++)
        send(machine, (uint8_t)i);
    uint8_t *bytes = machine_save(machine, &length);
    CHECK(bytes != NULL);
    struct machine *restored = machine_restore(bytes, length, &complaint);
    CHECK(restored != NULL);
    CHECK(restored->faults.waiting > 0);
    CHECK(restored->root->neighbour[2] == NULL && restored->at[0][1]->neighbour[5] == NULL);
    CHECK(restored->at[1][1]->core[3].broken);
    machine_run(machine, 100000);
    machine_run(restored, 100000);
    CHECK_EQUAL(machine_hash(machine), machine_hash(restored));
    CHECK_EQUAL(restored->faults.waiting, 0);
    free(bytes);
    machine_destroy(machine);
    machine_destroy(restored);
}

static void hardware(void) {
    static const uint32_t loop[] = {0xe2800001u, 0xeafffffdu}; /* add r0, r0, #1; b add */
    struct machine *machine = listening_machine();
    struct processor *core = &machine->at[1][0]->core[4], *receiver = &machine->at[0][1]->core[0];

    load_program(core, loop, sizeof loop);
    machine_run(machine, 4000);
    uint64_t executed = core->arm.instructions;
    CHECK(executed > 0);
    fault(machine, "kill core 1,0,4");
    sysctl_write(machine->at[1][0], 0x24, 0x5ec3ffff); /* not even a reset wakes it */
    machine_run(machine, 8000);
    CHECK_EQUAL(core->arm.instructions, executed);
    CHECK_EQUAL(machine->at[1][0]->sysctl.cpu_ok >> 4 & 1, 0);

    fault(machine, "flip 0,1 0x60001234 3");
    CHECK_EQUAL(machine->at[0][1]->sdram[0x1234], 8);
    fault(machine, "flip 0,1 0xe5000010 0");
    CHECK_EQUAL(machine->at[0][1]->sysram[0x10], 1);

    /* Nearest-neighbour packets from 0,0 north to 0,1. */
    machine->at[0][1]->bootrom.finished = true;
    receiver->state = PROCESSOR_RUNNING;
    receiver->clocked = true;
    const uint32_t north = (uint32_t)PACKET_NEAREST_NEIGHBOUR << PACKET_TYPE_SHIFT | 2u << PACKET_LINK_SHIFT;
    fault(machine, "drop 0,0,2 100 1");
    CHECK(send_packet(machine, &machine->root->core[0], north, 0, 1));
    CHECK_EQUAL(receiver->comms.received, 0);
    CHECK(send_packet(machine, &machine->root->core[0], north, 0, 1));
    CHECK_EQUAL(receiver->comms.received, 1);
    CHECK_EQUAL(machine->root->links.loss[2].lost, 1);
    CHECK_EQUAL(machine->root->links.loss[2].passed, 2);
    fault(machine, "kill link 0,1,5");
    CHECK(send_packet(machine, &machine->root->core[0], north, 0, 1));
    CHECK_EQUAL(receiver->comms.received, 1);
    fault(machine, "kill chip 1,1");
    for (unsigned i = 0; i < machine->chip_count; i++)
        for (unsigned link = 0; link < LINKS_PER_CHIP; link++)
            CHECK(machine->chip[i]->neighbour[link] != machine->at[1][1]);
    machine_destroy(machine);
}

static void wrong_words(void) {
    static const char *const wrong[] = {"",
                                        " ",
                                        "explode",
                                        "lose",
                                        "lose up 5",
                                        "lose in",
                                        "lose in 0",
                                        "lose in 101",
                                        "lose in 5 0",
                                        "lose in 5 x",
                                        "lose in 5 5 5",
                                        "lose in 0.00001",
                                        "lose in 5.",
                                        "lose in -5",
                                        "delay in 5",
                                        "delay in 5 0",
                                        "delay in 5 100000001",
                                        "drop",
                                        "drop 0,0,6 5",
                                        "drop 9,9,0 5",
                                        "drop 0,0 5",
                                        "drop 0,0,1",
                                        "kill",
                                        "kill it 0,0",
                                        "kill chip 5,5",
                                        "kill core 0,0,18",
                                        "kill chip 0,0,0",
                                        "kill core 0,0",
                                        "kill chip 0,0 0",
                                        "flip 0,0",
                                        "flip 0,0 0x60000000 8",
                                        "flip 0,0 0x10000000 1",
                                        "flip 0,0 0x100000000 1",
                                        "seed",
                                        "seed x",
                                        "clear all",
                                        "seed 18446744073709551616",
                                        "a b c d e f g",
                                        "clear clear",
                                        "lose in 555555555555555555555555555555555555555555555555"};
    struct machine *machine = listening_machine();
    uint64_t hash = machine_hash(machine);

    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char complaint[FAULT_COMPLAINT_BYTES] = "";
        if (machine_fault(machine, wrong[i], complaint, sizeof complaint))
            fprintf(stderr, "taken: %s\n", wrong[i]);
        CHECK(complaint[0] != '\0');
        CHECK_EQUAL(machine_hash(machine), hash);
    }
    for (unsigned i = 0; i < FAULTS_MOST; i++)
        fault(machine, "lose out 0.5");
    char complaint[FAULT_COMPLAINT_BYTES];
    CHECK(!machine_fault(machine, "lose in 5", complaint, sizeof complaint));
    machine_destroy(machine);
}

int main(void) {
    incoming();
    outgoing();
    shares_and_seeds();
    a_snapshot_keeps_them();
    hardware();
    wrong_words();
    return EXIT_SUCCESS;
}
