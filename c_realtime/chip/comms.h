/* The communications controller of a core: sends packets to the router and receives them from it. */
#ifndef SPINNLIVE_CHIP_COMMS_H
#define SPINNLIVE_CHIP_COMMS_H

#include "../archive.h"
#include "packet.h"

struct processor;

/* Silicon has one receive register and lets the rest wait in the router. Cores here execute one after the other, a
 * window at a time, so the wait is in a queue of the receiver's: above the first mark multicast and fixed-route senders
 * are held up; point-to-point and nearest-neighbour packets, which SCAMP paces itself, are dropped when it is full. */
#define COMMS_HOLD_MARK  16
#define COMMS_QUEUE_SIZE 256

struct comms {
    uint32_t transmit_control, transmit_data, source_address;
    bool has_data; /* written since the last key: the next packet has a payload */
    bool holding;  /* a packet waits in the transmit register for its receivers */
    bool overrun;  /* a key was written while it waited; cleared by reading TCR */
    struct packet held;
    uint64_t give_up; /* when the held packet is dropped */
    struct packet queue[COMMS_QUEUE_SIZE];
    uint32_t head, tail; /* free running; the queue holds tail - head packets */
    uint64_t sent, received, dropped, timed_out;
};

void comms_reset(struct processor *processor);
uint32_t comms_read(struct processor *processor, uint32_t offset);
void comms_write(struct processor *processor, uint32_t offset, uint32_t value);

/* The router hands over a packet. */
void comms_receive(struct processor *processor, const struct packet *packet);

/* Can the core take another packet of a type that is held up rather than dropped? */
bool comms_accepts(const struct processor *processor);

/* Offer a held packet again; called at the start of each of the core's time windows. */
void comms_retry(struct processor *processor);

void comms_archive(struct archive *archive, struct comms *comms);

#endif
