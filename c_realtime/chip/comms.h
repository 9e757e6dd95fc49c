/* The communications controller of a core: sends packets to the router and receives them from it. */
#ifndef SPINNLIVE_CHIP_COMMS_H
#define SPINNLIVE_CHIP_COMMS_H

#include "../archive.h"
#include "packet.h"

struct processor;

/* Silicon has one transmit and one receive register and lets the rest wait in the network on chip, the router and the
 * links. Here all that is sent in a time window is delivered at its end, so what waits lies in queues at both ends.
 *
 * A receiver with as many multicast or fixed-route packets as the mark says holds back the senders of more; that is
 * more than any handler takes in a window. Point-to-point and nearest-neighbour packets, which SCAMP paces itself, may
 * fill the queue. */
#define COMMS_HOLD_MARK     16
#define COMMS_QUEUE_SIZE    256
#define COMMS_TRANSMIT_SIZE 32

struct comms {
    uint32_t transmit_control, transmit_data, source_address;
    bool has_data; /* written since the last key: the next packet has a payload */
    bool overrun;  /* a key was written while the transmit queue was full; cleared by reading TCR */
    struct packet transmit[COMMS_TRANSMIT_SIZE]; /* sent, and not yet taken by the fabric */
    uint32_t transmit_head, transmit_tail;       /* free running; tail - head packets wait */
    struct packet queue[COMMS_QUEUE_SIZE];
    uint32_t head, tail; /* likewise, of the packets received */
    uint64_t sent, received;
    uint64_t unheard; /* came while the core was stopped, or had no place left: nobody took them */
};

void comms_reset(struct processor *processor);
uint32_t comms_read(struct processor *processor, uint32_t offset);
void comms_write(struct processor *processor, uint32_t offset, uint32_t value);

/* The next packet for the fabric; NULL if there is none. */
const struct packet *comms_next_to_send(const struct processor *processor);

/* That packet has gone. */
void comms_sent(struct processor *processor);

/* Can the core take another packet of this type now? A core that does not run takes all, and hears none. */
bool comms_accepts(const struct processor *processor, enum packet_type type);

/* The fabric hands over a packet that the core accepts. */
void comms_receive(struct processor *processor, const struct packet *packet);

void comms_archive(struct archive *archive, struct comms *comms);

#endif
