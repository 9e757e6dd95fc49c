/* What SCAMP and SARK keep in a chip's memories about its cores (spinnaker_tools: sark.h sv_t, vcpu_t; sark_io.c
 * iobuf_t). It is read, never trusted: programs may have written anything there. */
#ifndef SPINNLIVE_HOST_FIRMWARE_H
#define SPINNLIVE_HOST_FIRMWARE_H

#include "../machine/machine.h"

#define FIRMWARE_NAME_BYTES 16
#define FIRMWARE_LEDS       15

/* A core's block in system RAM. */
struct firmware_core {
    uint32_t saved[8], psr, sp, lr; /* registers at a run-time error */
    uint8_t rt_code, state, application;
    uint16_t software_errors;
    uint32_t loaded_at, user[4];
    char name[FIRMWARE_NAME_BYTES];
    uint32_t iobuf; /* address of its first block of output text; 0: it has none */
};

/* The core that SCAMP calls `number` (0 is the monitor); before SCAMP is up, the one with that physical number. NULL if
 * there is none. */
struct processor *firmware_core_at(struct chip *chip, unsigned number);

/* The reverse; false if SCAMP does not use the core. */
bool firmware_number_of(const struct processor *core, unsigned *number);

struct firmware_core firmware_core(const struct chip *chip, unsigned number);

/* Copy a core's output text from byte `offset` on into `text`; returns how many bytes were copied, and in *total how
 * many there are. */
size_t firmware_iobuf(const struct chip *chip, unsigned number, size_t offset, char *text, size_t room, size_t *total);

/* The chip's light-emitting diodes, as a bit each; returns how many there are. */
unsigned firmware_leds(const struct chip *chip, uint32_t *lit);

#endif
