/* The boot image of SCAMP, made ready as SpiNNMan does before it sends it. */
#ifndef SPINNLIVE_HOST_BOOTIMAGE_H
#define SPINNLIVE_HOST_BOOTIMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "../machine/machine.h"

/* Read the file and write the board's system variables into it, with the time (seconds since 1970) at which it boots.
 * Says on standard error what is wrong and returns false. */
bool bootimage_read(const char *path, enum machine_board board, uint32_t unix_time, uint8_t image[BOOT_IMAGE_BYTES],
                    uint32_t *length);

/* A machine was booted at `from`: have it as if it had been at `to`. SCAMP keeps the time, and counts it on, but
 * nothing that it does depends on it. */
void bootimage_set_time(struct machine *machine, uint32_t from, uint32_t to);

#endif
