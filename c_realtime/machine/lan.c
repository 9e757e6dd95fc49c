/* The network that the boards are plugged into: UDP datagrams become Ethernet frames for the MAC and the other way
 * round, and somebody answers ARP. Frames are Ethernet II with IPv4 without options, which is all that SCAMP speaks. */
#include "lan.h"

#include <stdlib.h>
#include <string.h>

#define ETHERNET_HEADER 14
#define IP_HEADER       20
#define UDP_HEADER      8
#define FRAME_MINIMUM   60
#define FRAME_CHECK     4 /* the MAC counts the check sequence in a received frame's length */
#define TYPE_IP         0x0800u
#define TYPE_ARP        0x0806u
#define PROTOCOL_UDP    17
#define ARP_BYTES       28
#define ARP_REQUEST     1
#define ARP_REPLY       2

/* Everybody on the network is at this address (locally administered). */
static const uint8_t network_mac[6] = {0x02, 0x53, 0x4c, 0x00, 0x00, 0x02};

static unsigned get_16(const uint8_t *bytes) {
    return (unsigned)bytes[0] << 8 | bytes[1];
}

static void put_16(uint8_t *bytes, unsigned value) {
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

static void put_ethernet_header(uint8_t *frame, const uint8_t to[6], unsigned type) {
    memcpy(frame, to, 6);
    memcpy(frame + 6, network_mac, 6);
    put_16(frame + 12, type);
}

/* ---- to the board ---- */

bool machine_has_room(const struct machine *machine, unsigned board) {
    const struct ethernet *ethernet = &machine->ethernet[board]->ethernet;
    /* Leaves room for answers to the board's own ARP requests. */
    return ethernet->incoming_tail - ethernet->incoming_head < ETHERNET_BACKLOG - 4;
}

static bool deliver_udp(struct chip *board, const struct datagram *datagram) {
    uint8_t frame[ETHERNET_FRAME_BYTES] = {0};
    uint8_t *ip = frame + ETHERNET_HEADER, *udp = ip + IP_HEADER;
    uint32_t length = ETHERNET_HEADER + IP_HEADER + UDP_HEADER + datagram->length;

    put_ethernet_header(frame, board->bootrom.settings.mac, TYPE_IP);
    ip[0] = 0x45; /* version 4, five words of header */
    put_16(ip + 2, IP_HEADER + UDP_HEADER + datagram->length);
    ip[8] = 64; /* time to live */
    ip[9] = PROTOCOL_UDP;
    memcpy(ip + 12, datagram->remote_ip, 4);
    memcpy(ip + 16, board->bootrom.settings.ip, 4);
    put_16(udp, datagram->remote_port);
    put_16(udp + 2, datagram->board_port);
    put_16(udp + 4, UDP_HEADER + datagram->length);
    memcpy(udp + UDP_HEADER, datagram->bytes, datagram->length);
    if (length < FRAME_MINIMUM)
        length = FRAME_MINIMUM;
    return ethernet_receive(board, frame, length + FRAME_CHECK);
}

static bool take_in(struct machine *machine, const struct datagram *datagram) {
    struct chip *board = machine->ethernet[datagram->board];
    if (!bootrom_is_active(board))
        return datagram->board_port != BOOT_UDP_PORT && deliver_udp(board, datagram);
    if (datagram->board_port != BOOT_UDP_PORT) /* the boot ROM has ears for nothing else */
        return false;
    bootrom_datagram(board, datagram->bytes, datagram->length);
    return true;
}

void lan_in(struct machine *machine, const struct datagram *datagram) {
    if (take_in(machine, datagram))
        machine->datagrams_in++;
    else
        machine->datagrams_dropped++;
}

bool machine_input(struct machine *machine, const struct datagram *datagram) {
    uint64_t dropped = machine->datagrams_dropped;

    if (datagram->length > DATAGRAM_BYTES || datagram->board >= machine->config.boards)
        machine->datagrams_dropped++;
    else
        faults_pass(machine, false, datagram);
    return machine->datagrams_dropped == dropped;
}

/* ---- from the boards ---- */

static void answer_arp(struct chip *board, const uint8_t *request) {
    uint8_t frame[FRAME_MINIMUM + FRAME_CHECK] = {0};
    uint8_t *reply = frame + ETHERNET_HEADER;

    put_ethernet_header(frame, request + 8, TYPE_ARP);
    memcpy(reply, request, 6); /* the kinds and lengths of addresses */
    put_16(reply + 6, ARP_REPLY);
    memcpy(reply + 8, network_mac, 6);
    memcpy(reply + 14, request + 24, 4); /* it is at the address that was asked for */
    memcpy(reply + 18, request + 8, 10); /* the asker's two addresses */
    ethernet_receive(board, frame, sizeof frame);
}

static bool parse_udp(const uint8_t *ip, uint32_t length, struct datagram *datagram) {
    uint32_t header = 4 * (ip[0] & 15u), udp_length;

    if (length < IP_HEADER + UDP_HEADER || ip[0] >> 4 != 4 || header < IP_HEADER || length < header + UDP_HEADER ||
        ip[9] != PROTOCOL_UDP)
        return false;
    const uint8_t *udp = ip + header;
    udp_length = get_16(udp + 4);
    if (udp_length < UDP_HEADER || udp_length > length - header || udp_length - UDP_HEADER > DATAGRAM_BYTES)
        return false;
    memcpy(datagram->remote_ip, ip + 16, 4);
    datagram->board_port = (uint16_t)get_16(udp);
    datagram->remote_port = (uint16_t)get_16(udp + 2);
    datagram->length = udp_length - UDP_HEADER;
    memcpy(datagram->bytes, udp + UDP_HEADER, datagram->length);
    return true;
}

/* Datagrams wait for the host in a ring that grows with need: a machine may run for milliseconds between two looks of
 * the host's. What does not fit into the largest ring is lost on the network, as it would be. */
#define SENT_ROOM_FIRST 64
#define SENT_ROOM_MOST  16384

static bool make_room(struct machine *machine) {
    uint32_t waiting = machine->sent_tail - machine->sent_head;
    uint32_t room = machine->sent_room ? 2 * machine->sent_room : SENT_ROOM_FIRST;

    if (waiting < machine->sent_room)
        return true;
    struct datagram *ring = room <= SENT_ROOM_MOST ? calloc(room, sizeof *ring) : NULL;
    if (ring == NULL)
        return false;
    for (uint32_t i = 0; i < waiting; i++)
        ring[i] = machine->sent[(machine->sent_head + i) % machine->sent_room];
    free(machine->sent);
    machine->sent = ring;
    machine->sent_room = room;
    machine->sent_head = 0;
    machine->sent_tail = waiting;
    return true;
}

void lan_out(struct machine *machine, const struct datagram *datagram) {
    if (make_room(machine)) {
        machine->sent[machine->sent_tail++ % machine->sent_room] = *datagram;
        machine->datagrams_out++;
    } else {
        machine->datagrams_dropped++;
    }
}

static void carry_frame(struct machine *machine, unsigned board, const struct ethernet_frame *frame) {
    unsigned type = frame->length >= ETHERNET_HEADER ? get_16(frame->bytes + 12) : 0;
    const uint8_t *payload = frame->bytes + ETHERNET_HEADER;
    uint32_t length = frame->length - ETHERNET_HEADER;
    struct datagram datagram = {.time = frame->due, .board = board};

    if (type == TYPE_ARP && length >= ARP_BYTES && get_16(payload + 6) == ARP_REQUEST)
        answer_arp(machine->ethernet[board], payload);
    else if (type == TYPE_IP && parse_udp(payload, length, &datagram))
        faults_pass(machine, true, &datagram);
}

uint64_t lan_next_departure(const struct machine *machine) {
    uint64_t next = NEVER;

    for (unsigned board = 0; board < machine->config.boards; board++) {
        uint64_t due = ethernet_next_departure(machine->ethernet[board]);
        if (due < next)
            next = due;
    }
    return next;
}

void lan_carry(struct machine *machine) {
    const struct ethernet_frame *frame;

    for (unsigned board = 0; board < machine->config.boards; board++)
        while ((frame = ethernet_sent(machine->ethernet[board], machine->now)) != NULL) {
            carry_frame(machine, board, frame);
            ethernet_taken(machine->ethernet[board]);
        }
}

bool machine_output(struct machine *machine, struct datagram *datagram) {
    if (machine->sent_head == machine->sent_tail)
        return false;
    *datagram = machine->sent[machine->sent_head++ % machine->sent_room];
    return true;
}
