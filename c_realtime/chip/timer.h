/* One of the two counter/timers of a core (ARM SP804), clocked at CPU speed. It counts down. */
#ifndef SPINNLIVE_CHIP_TIMER_H
#define SPINNLIVE_CHIP_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "../archive.h"

#define TIMERS 2

struct processor;

struct timer {
    uint32_t load, background, control;
    uint32_t count;  /* while stopped */
    uint64_t expiry; /* emulated time at which the count reaches zero; NEVER while stopped */
    bool expired;    /* the raw interrupt */
};

void timer_reset(struct processor *processor);
uint32_t timer_read(struct processor *processor, uint32_t offset);
void timer_write(struct processor *processor, uint32_t offset, uint32_t value);

/* For how many cycles from now on a register reads as a number from 1 to 2^31 - 1; 0 if that is not known. */
uint64_t timer_stays_positive(const struct processor *processor, uint32_t offset);

/* Let everything happen that is due at `now`. */
void timer_advance(struct processor *processor, uint64_t now);

void timer_archive(struct archive *archive, struct timer *timer);

#endif
