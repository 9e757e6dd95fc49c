/* The UDP sockets through which the host's programs reach the board. */
#ifndef SPINNLIVE_HOST_UDP_H
#define SPINNLIVE_HOST_UDP_H

#include <stdbool.h>

#include "../machine/machine.h"
#include "options.h"
#include "tags.h"

struct host;

#define SCP_PORT 17893

enum { UDP_SCP, UDP_BOOT, UDP_SOCKETS };

struct udp {
    unsigned boards;
    int socket[MACHINE_MAX_BOARDS][UDP_SOCKETS];
    struct tags tags;
    uint64_t oversized;  /* datagrams that came and fit into no Ethernet frame */
    uint64_t unsendable; /* datagrams that the host's kernel refused, or from a port that has no socket */
};

/* Bind the boards' ports on their addresses. Says what is wrong on standard error and returns false. */
bool udp_open(struct udp *udp, const struct options *options);
void udp_close(struct udp *udp);

/* Hand what has arrived to the machine, as long as it has room. The rest waits in the kernel's buffers. */
void udp_receive(struct host *host);

/* The same for one socket. */
void udp_receive_from(struct host *host, unsigned board, int fd, uint16_t port);

/* Send all that the machine has to send. */
void udp_send(struct host *host);

/* Bind one more UDP port on a board's address; -1, with a message, if it cannot be had. */
int udp_bind(const struct options *options, unsigned board, unsigned port);

#endif
