/* The system controller of a chip: clocks and resets of the cores, interrupts between them, locks, GPIO, PLLs. */
#ifndef SPINNLIVE_CHIP_SYSCTL_H
#define SPINNLIVE_CHIP_SYSCTL_H

#include <stdbool.h>
#include <stdint.h>

#include "../archive.h"

struct chip;

struct sysctl {
    uint32_t cpu_disable, cpu_irq, cpu_ok, cpu_reset; /* a bit for each core */
    uint32_t monitor_id, misc_control;
    uint32_t gpio, gpio_direction, gpio_pull;
    uint32_t pll1, pll2, clock_mux;
    uint32_t flags; /* SC_FLAG */
    uint32_t locks; /* 32 test-and-set bits */
    uint32_t link_disable;
};

void sysctl_init(struct chip *chip, uint32_t working_cores);
uint32_t sysctl_read(struct chip *chip, uint32_t offset);
void sysctl_write(struct chip *chip, uint32_t offset, uint32_t value);

/* Are the two halves of a link switched on? */
bool sysctl_link_receives(const struct chip *chip, unsigned link);
bool sysctl_link_sends(const struct chip *chip, unsigned link);

void sysctl_archive(struct archive *archive, struct sysctl *sysctl);

#endif
