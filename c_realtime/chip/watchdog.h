/* The watchdog timer of a chip (ARM PrimeCell SP805): it interrupts once when it has counted down, and resets the chip
 * if it counts down again before anybody has cleared that. */
#ifndef SPINNLIVE_CHIP_WATCHDOG_H
#define SPINNLIVE_CHIP_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

#include "../archive.h"

struct chip;

struct watchdog {
    uint32_t load, control;
    uint32_t count; /* where it stands while it does not count */
    bool locked, interrupting;
    uint64_t expiry; /* when it reaches zero; NEVER while it does not count */
};

void watchdog_reset(struct chip *chip);
uint32_t watchdog_read(struct chip *chip, uint32_t offset);
void watchdog_write(struct chip *chip, uint32_t offset, uint32_t value);

/* Let what is due by `now` happen. */
void watchdog_advance(struct chip *chip, uint64_t now);

void watchdog_archive(struct archive *archive, struct watchdog *watchdog);

#endif
