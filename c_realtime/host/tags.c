#define _GNU_SOURCE
#include "tags.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "host.h"

/* An SCP request in a datagram for SCAMP (wire formats: protocols/README.md). */
#define DESTINATION_CORE 4 /* port and core in one byte: 0 for SCAMP */
#define DESTINATION_Y    6
#define DESTINATION_X    7
#define COMMAND          10
#define ARGUMENT1        14
#define ARGUMENT2        18
#define REQUEST_BYTES    26
#define ANY_CHIP         255 /* the root chip */

#define COMMAND_IPTAG    26
#define OPERATION_SET    1
#define OPERATION_CLEAR  3
#define FLAG_REVERSE     0x20000000u
#define ARGUMENT1_TAG    0x000000ffu
#define OPERATION(value) ((value) >> 16 & 0xff)

static uint32_t word(const uint8_t *bytes) {
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

bool tags_open(struct tags *tags) {
    tags->refused = 0;
    for (unsigned board = 0; board < MACHINE_MAX_BOARDS; board++)
        for (unsigned tag = 0; tag < TAGS; tag++)
            tags->tag[board][tag].fd = -1;
    tags->poll = epoll_create1(EPOLL_CLOEXEC);
    if (tags->poll < 0)
        perror("spinnlive-board: epoll");
    return tags->poll >= 0;
}

static void close_tag(struct tags *tags, unsigned board, unsigned tag) {
    if (tags->tag[board][tag].fd >= 0)
        close(tags->tag[board][tag].fd);
    tags->tag[board][tag].fd = -1;
}

void tags_close(struct tags *tags) {
    for (unsigned board = 0; board < MACHINE_MAX_BOARDS; board++)
        for (unsigned tag = 0; tag < TAGS; tag++)
            close_tag(tags, board, tag);
    if (tags->poll >= 0)
        close(tags->poll);
    tags->poll = -1;
}

int tags_socket(const struct tags *tags, unsigned board, uint16_t port) {
    for (unsigned tag = 0; tag < TAGS; tag++)
        if (tags->tag[board][tag].fd >= 0 && tags->tag[board][tag].port == port)
            return tags->tag[board][tag].fd;
    return -1;
}

/* What came before the command that ends the tag is still for it. */
static void end_tag(struct host *host, unsigned board, unsigned tag) {
    struct tags *tags = &host->udp.tags;

    if (tags->tag[board][tag].fd >= 0)
        udp_receive_from(host, board, tags->tag[board][tag].fd, tags->tag[board][tag].port);
    close_tag(tags, board, tag);
}

static void listen_on(struct host *host, unsigned board, unsigned tag, uint16_t port) {
    struct tags *tags = &host->udp.tags;
    struct epoll_event event = {.events = EPOLLIN};

    end_tag(host, board, tag);
    /* Two tags may have one port, of which SCAMP heeds the first; and two ports have sockets anyway. */
    if (port == 0 || port == SCP_PORT || port == BOOT_UDP_PORT || tags_socket(tags, board, port) >= 0)
        return;
    int fd = udp_bind(host->options, board, port);
    if (fd < 0) {
        tags->refused++;
        return;
    }
    epoll_ctl(tags->poll, EPOLL_CTL_ADD, fd, &event);
    tags->tag[board][tag].fd = fd;
    tags->tag[board][tag].port = port;
}

/* The board whose Ethernet chip a command goes to; false if it goes to another chip. */
static bool board_of(const struct machine *machine, unsigned x, unsigned y, unsigned *board) {
    for (*board = 0; *board < machine->config.boards; ++*board)
        if (machine->ethernet[*board]->x == x && machine->ethernet[*board]->y == y)
            return true;
    *board = 0;
    return x == ANY_CHIP && y == ANY_CHIP;
}

void tags_notice(struct host *host, const struct datagram *datagram) {
    const uint8_t *bytes = datagram->bytes;
    unsigned board;

    if (datagram->board_port != SCP_PORT || datagram->length < REQUEST_BYTES || bytes[DESTINATION_CORE] != 0 ||
        (bytes[COMMAND] | bytes[COMMAND + 1] << 8) != COMMAND_IPTAG ||
        !board_of(host->machine, bytes[DESTINATION_X], bytes[DESTINATION_Y], &board))
        return;
    uint32_t argument = word(bytes + ARGUMENT1), tag = argument & ARGUMENT1_TAG;
    if (tag >= TAGS)
        return;
    if (OPERATION(argument) == OPERATION_SET && argument & FLAG_REVERSE)
        listen_on(host, board, tag, (uint16_t)word(bytes + ARGUMENT2));
    else if (OPERATION(argument) == OPERATION_SET || OPERATION(argument) == OPERATION_CLEAR)
        end_tag(host, board, tag);
}
