/* The UDP ports of reverse IP tags. SCAMP takes datagrams on whatever port it was told by the IP tag command, and hands
 * them to a core; a process hears only ports that it has bound. So the commands are read as they pass to the board, and
 * the sockets follow them. The machine knows nothing of this: to it a datagram comes to a port. */
#ifndef SPINNLIVE_HOST_TAGS_H
#define SPINNLIVE_HOST_TAGS_H

#include "../machine/machine.h"

#define TAGS 8 /* SCAMP looks for a datagram's port among its fixed tags alone (scamp.h, TAG_FIXED_SIZE) */

struct host;

struct tags {
    int poll; /* readable when something has come for any of them: an epoll instance */
    struct {
        int fd; /* -1: none */
        uint16_t port;
    } tag[MACHINE_MAX_BOARDS][TAGS];
    uint64_t refused; /* ports that could not be had */
};

/* False, with a message, if the host does not give what it takes. */
bool tags_open(struct tags *tags);
void tags_close(struct tags *tags);

/* This datagram is about to enter the machine: if it is an IP tag command, follow it. */
void tags_notice(struct host *host, const struct datagram *datagram);

/* The socket from which a datagram of that port is sent; -1 if no tag has it. */
int tags_socket(const struct tags *tags, unsigned board, uint16_t port);

#endif
