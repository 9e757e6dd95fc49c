/* A SpiNNaker core: the ARM968 with its local devices, and its own place in emulated time. */
#ifndef SPINNLIVE_CHIP_PROCESSOR_H
#define SPINNLIVE_CHIP_PROCESSOR_H

#include "../arm/arm.h"
#include "comms.h"
#include "debug.h"
#include "dma.h"
#include "timer.h"
#include "timing.h"
#include "vic.h"

/* Addresses of the local devices; each has an alias for buffered writes (SpiNNaker datasheet, memory map). */
#define COMMS_BASE 0x10000000u
#define TIMER_BASE 0x11000000u
#define VIC_BASE   0x1f000000u
#define DMA_BASE   0x30000000u

struct chip;

/* What the system controller holds a core at. */
enum processor_state {
    PROCESSOR_UNBOOTED, /* out of power-on reset; the boot ROM has not started it */
    PROCESSOR_IN_RESET,
    PROCESSOR_RUNNING,
};

struct processor {
    struct arm_core arm;
    struct vic vic;
    struct timer timer[TIMERS];
    struct comms comms;
    struct dma dma;
    enum processor_state state;
    bool clocked;
    bool broken;         /* for good */
    unsigned index;      /* physical core number on its chip */
    uint64_t time;       /* emulated time up to which this core has been executed */
    uint64_t next_event; /* when a timer or a transfer is next due */
    uint64_t busy;       /* cycles spent executing, since the core was made: not waiting for an interrupt */
    struct chip *chip;
    struct debug *debug; /* NULL while no debugger is attached, which is nearly always */
};

void processor_init(struct processor *processor, struct chip *chip, unsigned index);

/* Back to the state after a reset, with the devices; the memories keep their contents. */
void processor_reset(struct processor *processor);

/* As out of the chip's reset: waiting for the boot ROM to start it. */
void processor_power_up(struct processor *processor);

/* The core fails now, and for good: it executes nothing any more, and no self-test finds it well. */
void processor_break(struct processor *processor);

/* Execute until `end`. Timers and transfers fall due at their own times on the way. */
void processor_run(struct processor *processor, uint64_t end);

/* The emulated time, also in the middle of an instruction. */
static inline uint64_t processor_now(const struct processor *processor) {
    return processor->time + (uint64_t)arm_cycles_spent(&processor->arm);
}

static inline bool processor_is_running(const struct processor *processor) {
    return processor->clocked && !processor->broken && processor->state == PROCESSOR_RUNNING;
}

/* A device's time of the next event has changed. */
void processor_reschedule(struct processor *processor);

/* Something happened that a sleeping core must look at. */
void processor_wake(struct processor *processor);

/* Give up the rest of the current time window. */
void processor_stall(struct processor *processor);

/* Remember that software touched something that is not modelled. */
void processor_note_unmodelled(struct processor *processor, uint32_t address, bool write);

void processor_archive(struct archive *archive, struct processor *processor);

#endif
