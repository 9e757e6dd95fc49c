#define _GNU_SOURCE
#include "host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define KERNEL_BUFFER_BYTES (4 << 20) /* a client may send megabytes before the board gets to them */
#define DATAGRAMS_AT_A_TIME 256       /* what the machine drops takes no room: a flood of it must not stop the board */

static const uint16_t board_port[UDP_SOCKETS] = {SCP_PORT, BOOT_UDP_PORT};

int udp_bind(const struct options *options, unsigned board, unsigned port) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), size = KERNEL_BUFFER_BYTES;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

    memcpy(&address.sin_addr, options->ip[board], sizeof options->ip[board]);
    if (fd < 0) {
        perror("spinnlive-board: socket");
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        fprintf(stderr, "spinnlive-board: cannot answer on %s port %u: %s; choose another --address\n",
                options->address[board], port, errno == EADDRINUSE ? "another board or program does" : strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}

bool udp_open(struct udp *udp, const struct options *options) {
    *udp = (struct udp){.boards = options->boards};
    if (!tags_open(&udp->tags))
        return false;
    for (unsigned board = 0; board < udp->boards; board++)
        for (int i = 0; i < UDP_SOCKETS; i++)
            udp->socket[board][i] = -1;
    for (unsigned board = 0; board < udp->boards; board++)
        for (int i = 0; i < UDP_SOCKETS; i++) {
            udp->socket[board][i] = udp_bind(options, board, board_port[i]);
            if (udp->socket[board][i] < 0) {
                udp_close(udp);
                return false;
            }
        }
    return true;
}

void udp_close(struct udp *udp) {
    for (unsigned board = 0; board < udp->boards; board++)
        for (int i = 0; i < UDP_SOCKETS; i++)
            if (udp->socket[board][i] >= 0)
                close(udp->socket[board][i]);
    tags_close(&udp->tags);
}

/* One datagram; false if there is none. */
static bool receive_one(struct host *host, unsigned board, int fd, uint16_t port) {
    struct datagram datagram = {.board = board, .board_port = port};
    struct sockaddr_in from;
    socklen_t from_length = sizeof from;
    /* With MSG_TRUNC the true length comes back, so that a datagram that is too long is known as such. */
    ssize_t length =
        recvfrom(fd, datagram.bytes, sizeof datagram.bytes, MSG_TRUNC, (struct sockaddr *)&from, &from_length);

    if (length < 0)
        return false;
    memcpy(datagram.remote_ip, &from.sin_addr, sizeof datagram.remote_ip);
    datagram.remote_port = ntohs(from.sin_port);
    if (length > DATAGRAM_BYTES) { /* no frame carries that: it is not for the machine */
        host->udp.oversized++;
        return true;
    }
    datagram.length = (uint32_t)length;
    tags_notice(host, &datagram);
    recorder_datagram(host->recorder, host->machine->now, &datagram);
    machine_input(host->machine, &datagram);
    return true;
}

void udp_receive_from(struct host *host, unsigned board, int fd, uint16_t port) {
    for (int taken = 0; taken < DATAGRAMS_AT_A_TIME && machine_has_room(host->machine, board); taken++)
        if (!receive_one(host, board, fd, port))
            break;
}

void udp_receive(struct host *host) {
    const struct tags *tags = &host->udp.tags;

    for (unsigned board = 0; board < host->udp.boards; board++) {
        for (int i = 0; i < UDP_SOCKETS; i++)
            udp_receive_from(host, board, host->udp.socket[board][i], board_port[i]);
        for (unsigned tag = 0; tag < TAGS; tag++)
            if (tags->tag[board][tag].fd >= 0)
                udp_receive_from(host, board, tags->tag[board][tag].fd, tags->tag[board][tag].port);
    }
}

static int socket_for(const struct udp *udp, unsigned board, uint16_t port) {
    for (int i = 0; i < UDP_SOCKETS; i++)
        if (board_port[i] == port)
            return udp->socket[board][i];
    return tags_socket(&udp->tags, board, port);
}

void udp_send(struct host *host) {
    struct datagram datagram;

    while (machine_output(host->machine, &datagram)) {
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(datagram.remote_port)};
        int fd = socket_for(&host->udp, datagram.board, datagram.board_port);

        recorder_output(host->recorder, &datagram);
        memcpy(&to.sin_addr, datagram.remote_ip, sizeof datagram.remote_ip);
        if (fd < 0 || sendto(fd, datagram.bytes, datagram.length, 0, (struct sockaddr *)&to, sizeof to) < 0)
            host->udp.unsendable++;
    }
}
