/* The vectored interrupt controller of a core (ARM PL190): 32 sources, 16 vectored slots in order of priority. */
#ifndef SPINNLIVE_CHIP_VIC_H
#define SPINNLIVE_CHIP_VIC_H

#include <stdbool.h>
#include <stdint.h>

#include "../archive.h"

struct processor;

/* Interrupt sources that are modelled, as masks (SpiNNaker datasheet, vectored interrupt controller). */
#define VIC_WATCHDOG       (1u << 0)
#define VIC_TIMER1         (1u << 4)
#define VIC_TIMER2         (1u << 5)
#define VIC_COMMS_RECEIVED (1u << 6)
#define VIC_COMMS_FULL     (1u << 9)
#define VIC_COMMS_OVERRUN  (1u << 10)
#define VIC_COMMS_EMPTY    (1u << 11) /* the transmit buffer is empty */
#define VIC_DMA_DONE       (1u << 12)
#define VIC_ROUTER_COUNTER (1u << 15)
#define VIC_ROUTER_DUMP    (1u << 16)
#define VIC_ROUTER_ERROR   (1u << 17)
#define VIC_SYSTEM_CONTROL (1u << 18)
#define VIC_ETHERNET_RX    (1u << 20)
#define VIC_COMMS_NOT_FULL (1u << 23)
/* A packet of this type waits to be read. */
#define VIC_COMMS_TYPE(type) (1u << (24 + (type)))
#define VIC_COMMS_ALL_TYPES  (15u << 24)

#define VIC_SLOTS 16

/* Levels of priority: the slots, below them all sources without a slot, and below that a core at rest. */
#define VIC_DEFAULT VIC_SLOTS
#define VIC_IDLE    (VIC_SLOTS + 1)

struct vic {
    uint32_t lines; /* levels of the hardware sources */
    uint32_t software, enable, fiq_select;
    uint32_t address[VIC_SLOTS], control[VIC_SLOTS], default_address;
    uint32_t level;                        /* in service */
    uint32_t depth, interrupted[VIC_IDLE]; /* levels whose service goes on after that */
};

void vic_reset(struct processor *processor);
uint32_t vic_read(struct processor *processor, uint32_t offset);
void vic_write(struct processor *processor, uint32_t offset, uint32_t value);

/* Drive the sources in `mask` to a level. */
void vic_drive(struct processor *processor, uint32_t mask, bool high);

void vic_archive(struct archive *archive, struct vic *vic);

#endif
