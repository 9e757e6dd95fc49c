/* The system controller of a chip: clocks and resets of the cores, interrupts between them, locks, GPIO, PLLs. */
#ifndef SPINNLIVE_CHIP_SYSCTL_H
#define SPINNLIVE_CHIP_SYSCTL_H

#include <stdbool.h>
#include <stdint.h>

#include "../archive.h"

struct chip;

/* Why a chip was reset last, as its software is told (SpiNNaker datasheet, reset code). */
enum reset_code {
    RESET_BY_POWER_ON,
    RESET_BY_WATCHDOG,
    RESET_BY_USER,     /* the reset line of the chip: a board's button or board management processor */
    RESET_BY_SOFTWARE, /* a write to the subsystem reset register */
    RESET_CODES,
};

struct sysctl {
    uint32_t cpu_disable, cpu_irq, cpu_ok, cpu_reset; /* a bit for each core */
    uint32_t subsystem_reset;                         /* what is held in reset */
    uint32_t reset_code, monitor_bark_reset;          /* the latter: the watchdog's interrupt has reset the monitor */
    uint32_t monitor_id, misc_control;
    uint32_t arbiter; /* 1: nobody has become monitor processor yet */
    uint32_t gpio, gpio_direction, gpio_pull;
    uint32_t pll1, pll2, clock_mux;
    uint32_t flags; /* SC_FLAG */
    uint32_t locks; /* 32 test-and-set bits */
    uint32_t link_disable;
};

void sysctl_reset(struct chip *chip, enum reset_code code);
uint32_t sysctl_read(struct chip *chip, uint32_t offset);
void sysctl_write(struct chip *chip, uint32_t offset, uint32_t value);

/* The watchdog interrupts: if software wants it so, that resets the monitor processor. */
void sysctl_watchdog_barks(struct chip *chip);

/* Is the router held in reset? */
bool sysctl_router_is_held(const struct chip *chip);

/* Are the two halves of a link switched on, and not held in reset? */
bool sysctl_link_receives(const struct chip *chip, unsigned link);
bool sysctl_link_sends(const struct chip *chip, unsigned link);

void sysctl_archive(struct archive *archive, struct sysctl *sysctl);

#endif
